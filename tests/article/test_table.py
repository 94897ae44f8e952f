"""Each statement leads to a page, a heading and names that are there."""

import ast
import re

import pytest

from tests.article.table import (
    PAGE,
    VERDICTS,
    expressions,
    headings,
    line,
    place,
    statements,
)

ROWS = statements()


def names_in(page):
    """Return every name that a page of the tutorial binds or uses."""
    tree = ast.parse(page.read_text("utf-8"))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("row", ROWS, ids=[str(n + 1) for n in range(len(ROWS))])
def test_a_statement_leads_somewhere(row):
    page, heading = place(row)
    assert row["verdict"] in VERDICTS
    assert not heading or heading in headings(page)
    assert row.get("find", "").lower() in page.read_text("utf-8").lower()
    known = {"float", "int", "len", "abs", "min", "max", "gain"}
    for expression in expressions(row):
        tree = ast.walk(ast.parse(expression, mode="eval"))
        used = {node.id for node in tree if isinstance(node, ast.Name)}
        assert used <= names_in(page) | known, expression


def test_a_measured_statement_has_a_number_and_another_page_a_text():
    for row in ROWS:
        assert row["verdict"] in "XSO" or row["number"], row["said"]
        assert row["at"].startswith("tutorial/") or row["find"], row["said"]


def test_the_page_has_every_statement_as_the_data_says():
    written = re.findall(r"^\| \d+ \|.*$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(written) == len(ROWS) == 64
    for count, (row, found) in enumerate(zip(ROWS, written, strict=True), 1):
        start = line(count, row, "").rsplit("|", 2)[0]
        assert found.startswith(start), row["said"]
