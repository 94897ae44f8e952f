"""docs/parity.md has a row for every comparison, and every row is small."""

import re

from tests import zoo
from tests.parity.table import PAGE, TABLE

ROWS = re.findall(r"^\| (`.*?) \| (.*?) \| (.*) \| (\S+) \| (\S+) \|$",
                  PAGE.read_text("utf-8"), re.M)  # fmt: skip


def test_there_is_a_row_for_every_comparison():
    assert len(ROWS) == sum(len(cases) for _, cases in TABLE)


def test_every_row_of_the_zoo_is_compared():
    written = [what for _, reference, what, *_ in ROWS if reference.startswith("equ")]
    assert written == [f"`{row.name}`: {row.cell!r}" for row in zoo.CELLS]


def test_differences_are_small():
    for cell, reference, what, value, gradient in ROWS:
        loose = "float32" in reference
        assert float(value) < (2e-6 if loose else 1e-11), (cell, reference, what)
        if gradient != "–":
            limit = 1e-6 if loose or reference.startswith("equ") else 1e-11
            assert float(gradient) < limit, (cell, reference, what)
