"""The code of the README runs, and its excerpt of the cell is what the cell says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)


def test_equations_are_those_of_the_cell():
    source = (ROOT / "src/jlstm/cells/lstm.py").read_text()
    lines = [line.strip() for line in source.splitlines()]
    quoted = BLOCKS[0].splitlines()
    start = lines.index(quoted[0])
    assert lines[start : start + len(quoted)] == quoted


@pytest.mark.usefixtures("unchecked")
def test_notebook_examples_run():
    names = {}
    for block in BLOCKS[1:]:
        exec(block, names)
    assert names["ys"].shape == (32, 100, 128)
    assert 0 < float(names["gates"].f.mean()) < 1
