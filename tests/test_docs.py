"""The reference lists every public module, and only those that there are."""

import importlib.util
import re
from pathlib import Path

import jlstm
from tests import derived

ROOT = Path(__file__).parents[1]
# A task is a folder to read; its models and objectives are listed, the rest is its own.
INSIDE = (*derived.INSIDE, "tasks")
LISTED = {
    name: page.name
    for page in sorted((ROOT / "docs" / "api").glob("*.md"))
    for name in re.findall(r"automodule:: (\S+)", page.read_text("utf-8"))
}


def public_modules():
    """Return the names of the modules that a user may import from."""
    source = ROOT / "src"
    for path in sorted((source / "jlstm").rglob("*.py")):
        name = ".".join(path.relative_to(source).with_suffix("").parts)
        inside = name.removeprefix("jlstm.").startswith(INSIDE)
        package = path.name == "__init__.py"
        if not (inside or package or re.search(r"\._", name)):
            yield name


def test_every_public_module_is_in_the_reference():
    listed = {name for name in LISTED if not name.startswith("jlstm.tasks.")}
    assert set(public_modules()) == listed


def test_the_reference_lists_only_modules_that_there_are():
    for name in LISTED:
        assert importlib.util.find_spec(name), name


def test_every_name_of_the_package_is_on_a_page():
    for name, value in vars(jlstm).items():
        module = getattr(value, "__module__", "")
        if module.startswith("jlstm") and not name.startswith("_"):
            assert module in LISTED, f"{name} is from {module}"
            assert value.__doc__, f"{name} has no docstring"


def test_a_page_names_each_module_once():
    pages = [page.read_text("utf-8") for page in (ROOT / "docs" / "api").glob("*.md")]
    names = re.findall(r"automodule:: (\S+)", "".join(pages))
    assert len(names) == len(set(names)) > 100
    assert importlib.import_module(names[0])
