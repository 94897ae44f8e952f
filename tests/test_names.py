"""Every name ``jlstm.…`` that a page, docstring or comment gives can be imported."""

import importlib
import re
import subprocess

import pytest

import jlstm
from tests.pages import ROOT, inline, name_of, pages

NAME = re.compile(r"(?<![\w./\-])jlstm(?:\.[A-Za-z_]\w*)+")
# Text is searched here too, but these names are there to be wrong.
WRONG_ON_PURPOSE = (
    "tests/test_names.py",
    "tests/test_tree.py",
    "tests/typed/wrong_calls.py",
)


def resolve(name: str) -> object:
    """Import what a dotted name means: a module, or what is in one.

    A function may hide a module of its name, as ``jlstm.unroll`` does, so the longest
    module comes first.
    """
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


def given_names() -> dict[str, str]:
    """Return each name with a file that gives it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.md", "*.py"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    given = {}
    for path in listed.stdout.decode().split("\0"):
        if path and not path.startswith(("CHANGELOG", *WRONG_ON_PURPOSE)):
            text = (ROOT / path).read_text("utf-8")
            given |= dict.fromkeys(NAME.findall(text), path)
    return given


def test_every_name_can_be_imported():
    given, wrong = given_names(), {}
    for name, path in given.items():
        try:
            resolve(name)
        except (ModuleNotFoundError, AttributeError):
            wrong[name] = path
    assert not wrong
    assert len(given) > 350


@pytest.mark.parametrize(
    "name", ["jlstm.LSTMCel", "jlstm.nnx.Stak", "jlstm.nothing", "jlstm.data.none.x"]
)
def test_a_wrong_name_is_found(name):
    assert NAME.fullmatch(name)
    with pytest.raises((ModuleNotFoundError, AttributeError)):
        resolve(name)


def test_what_a_configuration_is_made_of_is_at_home_with_the_cells():
    """One object under both names, and the upper storey imports the lower."""
    given = vars(importlib.import_module("jlstm.training.config"))
    home = vars(importlib.import_module("jlstm.cell"))
    names = {name for name in given if name[0].isupper()}
    assert {"Limit", "Options", "Rate", "Size"} <= names
    assert all(given[name] is home[name] for name in names)
    text = (ROOT / "src" / "jlstm" / "training" / "config" / "__init__.py").read_text()
    assert text.count("from jlstm.cell import") == len(names)


def test_every_cell_and_wrapper_that_prose_names_is_exported():
    """Code in prose says ``GRUCell(reset="before")`` and not where that is from."""
    called = re.compile(r"[A-Z]\w*(?:Cell|Carry|Params|Gates)\b")
    # A cell that a page makes itself, and classes of other libraries.
    foreign = {"FastGRNNCell", "InterpretGPUParams", "MyCell", "OptimizedLSTMCell"}
    given = {
        name: name_of(path)
        for path in pages()
        for code in inline(path)
        for name in called.findall(code)
    }
    missing = {n: p for n, p in given.items() if not hasattr(jlstm, n)}
    assert not {n: p for n, p in missing.items() if n not in foreign}
    assert len(given) > 30
