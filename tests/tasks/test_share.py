"""Law: of each batch a process reads its own rows, and counts all of them."""

import jax
import numpy as np
import pytest

from jlstm.data.share import own, own_rows
from jlstm.training.task import row_axes
from tests.tasks.small import PARTS, small

READING = tuple(name for name in PARTS if name != "memory")
"""What a memory task learns from is drawn on the device."""


@pytest.mark.parametrize("name", READING)
def test_shares_of_a_batch_are_the_batch(name, tmp_path, monkeypatch):
    made = small(name, tmp_path, monkeypatch)
    task = made.task(made.data, {})
    whole = task.batches(1)
    halves = [own(whole, (rank, 2)) for rank in range(2)]
    assert [len(half) for half in halves] == 2 * [len(whole)]
    for number, batch in enumerate(whole):
        parts = [half[number] for half in halves]
        assert [task.count(part) for part in parts] == 2 * [task.count(batch)]
        axes = row_axes(task, batch)
        for rank, part in enumerate(parts):
            jax.tree.map(lambda *leaf, rank=rank: same(rank, *leaf), batch, part, axes)
        wanted, *found = (max(jax.tree.leaves(b), key=np.size) for b in (batch, *parts))
        np.testing.assert_array_equal(sum(found), wanted)  # what is not read is 0


def same(rank, wanted, found, axis):
    """Hold the rows of a process to those of the whole batch."""
    assert found.shape == wanted.shape and found.dtype == wanted.dtype
    rows = np.arange(wanted.shape[axis])[own_rows(wanted.shape[axis], (rank, 2))]
    np.testing.assert_array_equal(found.take(rows, axis), wanted.take(rows, axis))
