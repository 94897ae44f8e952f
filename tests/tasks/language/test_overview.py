"""What is counted of a text, block by block."""

import numpy as np
import pytest

from jlstm.tasks.language import overview


@pytest.mark.parametrize("block", [1, 7, 100])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_tokens_are_counted_in_blocks(monkeypatch, block, kind):
    monkeypatch.setattr(overview, "_BLOCK", block)
    tokens = np.array([3, 1, 4, 1, 5, 0, 2, 6, 5, 3, 5], kind)
    found = overview._counts(tokens, 9)
    assert found.tolist() == [1, 2, 1, 2, 1, 3, 1, 0, 0]
