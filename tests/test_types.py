"""What the checkers read also runs; ``python3 dev.py types`` is the check itself."""

import re
from pathlib import Path

import pytest

from tests.typed import user_script, wrong_calls


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked", "user_defaults")
def test_the_script_runs():
    assert user_script.main() == {
        "cells": (5, 2, 6),
        "layers": (5, 2, 12),
        "flax": (2, 5, 10),
        "weights": (5, 2, 4),
    }


def test_each_wrong_call_is_marked_for_both_checkers():
    lines = Path(wrong_calls.__file__).read_text("utf-8").splitlines()
    marked = [line for line in lines if "# type: ignore[" in line]
    assert len(marked) == 18
    assert all(re.search(r"# pyright: ignore\[\w+\]$", line) for line in marked)
