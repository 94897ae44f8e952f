"""Write docs/article.md: what introductions say of LSTMs, and what was measured here.

    python -m tests.article.table

Runs every page of the tutorial that a statement names, and takes the numbers from it.
"""

import re
import runpy
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("statements.toml")
DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "article.md"
VERDICTS = {
    "M": "measured, with a picture",
    "N": "shown as a number, by code that runs",
    "O": "measured, on another page than the tutorial's",
    "S": "only stated",
    "X": "not here",
    "C": "contradicted, or true with a limit",
}
HEAD = """# What is said of LSTMs

Written by `python -m tests.article.table`, which runs the pages of the tutorial and
takes the numbers from them; a test checks that each page, heading and name is there.
These are the statements that introductions to LSTMs make, in their order.

"""
FIELD = re.compile(r"\{(.+?)(?::([^:{}\[\]]*))?\}")


def statements() -> list[dict[str, str]]:
    """Return what is said, where it is shown, and the verdict."""
    return tomllib.loads(DATA.read_text("utf-8"))["rows"]


def place(row: dict[str, str]) -> tuple[Path, str]:
    """Return the page of a statement, and the heading on it or nothing."""
    page, _, heading = row["at"].partition("#")
    return DOCS / page, heading


def headings(page: Path) -> list[str]:
    """Return the headings of a page, in Markdown or in the percent format."""
    text = page.read_text("utf-8")
    if page.suffix == ".py":
        text = re.sub(r"(?m)^# ?", "", text)
    return re.findall(r"(?m)^#+ (.+)$", text)


def expressions(row: dict[str, str]) -> list[str]:
    """Return the expressions within the text of a number."""
    return [expression for expression, _ in FIELD.findall(row.get("number", ""))]


@cache
def names_of(page: Path) -> dict[str, Any]:
    """Run a page of the tutorial; return its names."""
    print(page.name, flush=True)
    return runpy.run_path(str(page))


def number(row: dict[str, str]) -> str:
    """Return the text of a number, its expressions evaluated on the page."""
    if not expressions(row):
        return row.get("number") or row.get("find", "")
    names = names_of(place(row)[0])

    def fill(match: re.Match[str]) -> str:
        return format(eval(match[1], names), match[2] or "")

    return FIELD.sub(fill, row["number"])


def line(count: int, row: dict[str, str], shown: str) -> str:
    """Return the row of the table."""
    page, heading = place(row)
    link = f"[{heading or headings(page)[0]}]({page.relative_to(DOCS).as_posix()})"
    note = "; ".join(filter(None, (shown, row.get("note"))))
    return f"| {count} | {row['said']} | {row['verdict']} | {link} | {note} |"


def tally(rows: list[dict[str, str]]) -> Iterator[str]:
    """Yield a line for each verdict: what it means and how many have it."""
    counts = Counter(row["verdict"] for row in rows)
    yield from ("| verdict | means | statements |", "| --- | --- | ---: |")
    for letter, meaning in VERDICTS.items():
        yield f"| {letter} | {meaning} | {counts[letter]} |"


def main() -> None:
    """Write the page."""
    rows = statements()
    table = [
        "",
        "| | statement | verdict | where | what was found |",
        "| ---: | --- | --- | --- | --- |",
    ]
    table += [line(n, row, number(row)) for n, row in enumerate(rows, 1)]
    PAGE.write_text(HEAD + "\n".join([*tally(rows), *table]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
