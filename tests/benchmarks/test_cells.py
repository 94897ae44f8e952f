"""docs/cells.md says what the code says."""

import pytest

from benchmarks.cells import PAGE, cells, entry, line

LINES = PAGE.read_text("utf-8").splitlines()


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: type(cell).__name__)
def test_the_page_of_cells_has_the_facts_of(cell):
    facts = line(entry(cell), "").removesuffix("|").rstrip()
    assert [text for text in LINES if text.startswith(facts)], (
        f"run `python -m benchmarks.cells`: docs/cells.md lacks\n{facts}"
    )


def test_the_page_of_cells_has_nothing_else():
    rows = [text for text in LINES if text.startswith("| `")]
    assert len(rows) == len(cells())
    for row in rows:
        cost = row.split("|")[-2].strip()
        assert cost == "–" or 0.02 < float(cost) < 200
