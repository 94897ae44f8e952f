"""What follows from the source is as `python3 dev.py derive` writes it."""

import shutil

import pytest

import jlstm
from tests import derived as module
from tests.derived import ROOT, derived, imports, page_of_names

DERIVED = derived()


@pytest.mark.parametrize("path", DERIVED, ids=lambda path: path.relative_to(ROOT))
def test_a_file_is_as_it_follows_from_the_source(path):
    hint = f"run `python3 dev.py derive`: {path.relative_to(ROOT)} is another"
    assert path.read_text("utf-8") == DERIVED[path], hint


def test_a_name_is_public_exactly_if_the_table_has_it():
    given = {name for name, value in vars(jlstm).items() if not name.startswith("_")}
    modules = {name for name in given if type(getattr(jlstm, name)) is type(jlstm)}
    source = (ROOT / "src/jlstm/__init__.py").read_text("utf-8")
    table = page_of_names(source)
    assert given - modules == {name for name in given if f"`{name}`" in table}
    assert len(given - modules) == len(imports(source)) > 100


def test_a_new_cell_needs_one_run(tmp_path, monkeypatch):
    package = tmp_path / "src" / "jlstm"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(module.PACKAGE, package, ignore=ignored)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "PACKAGE", package)
    (tmp_path / "docs" / "api").mkdir(parents=True)
    (package / "cells" / "new.py").write_text("class NewCell:\n    pass\n")
    module.main()
    assert "`NewCell`" in (tmp_path / "docs" / "api" / "names.md").read_text("utf-8")
    assert all(path.read_text("utf-8") == text for path, text in derived().items())
