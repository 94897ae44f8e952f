"""The page on the bugs of others names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "peer-bugs.md").read_text("utf-8")


def test_every_bug_has_a_row():
    assert re.findall(r"^\| (P\d+) \|", PAGE, re.M) == [f"P{n}" for n in range(1, 37)]


def test_every_test_that_is_named_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
    assert len(named) > 40
    for file, name in named:
        source = (ROOT / file).read_text("utf-8")
        assert not name or f"def {name}(" in source, f"{file} has no {name}"


def test_every_row_of_the_table_that_is_named_exists():
    files = (ROOT / "tests" / "zoo").glob("*.py")
    rows = "".join(file.read_text("utf-8") for file in files)
    for name in re.findall(r"(?:row|own row,) `(\w+)`", PAGE):
        assert f'"{name}"' in rows
