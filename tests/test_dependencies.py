"""Every import is declared in pyproject.toml, where whoever runs it will look."""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from jlstm.training.failure import install_line

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
OWN = {"benchmarks", "conftest", "dev", "docs", "experiments", "jlstm", "tests"}

DISTRIBUTION = {
    "charset_normalizer": "charset-normalizer",
    "IPython": "ipykernel",
    "haiku": "dm-haiku",
    "hydra": "hydra-core",
    "mlflow": "mlflow-skinny",
    "jaxlib": "jax",
    "markupsafe": "jinja2",
    "orbax": "orbax-checkpoint",
    "prometheus_client": "prometheus-client",
    "pydantic": "fastapi",
    "starlette": "fastapi",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""What brings a module that has another name."""

ELSEWHERE = {"torch", "tokenizers"}
"""Asked for where they are used, and declared nowhere: a user chooses their build."""

MAY_IMPORT = {
    "src": {
        "train",
        "sweep",
        "interop",
        "serve",
        "parquet",
        "loggers",
        "notebook",
        "peers",
    },
    "experiments": {"train", "sweep"},
    "benchmarks": {"train", "interop", "peers", "test"},
    "tests": {
        "train",
        "sweep",
        "interop",
        "notebook",
        "serve",
        "parquet",
        "loggers",
        "peers",
        "test",
    },
    "conftest.py": {"test"},
    "docs": {"notebook", "docs"},
    "dev.py": set(),
}
"""The extras and groups of each folder, next to the package's own dependencies."""


def normal(requirement):
    """The name in a requirement, as package indexes compare names."""
    name = re.match(r"[\w.-]+", requirement)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(name):
    """The distributions of an extra or a group; of ``""``, of the package itself."""
    if not name:
        return set(map(normal, PROJECT["project"]["dependencies"]))
    extras = PROJECT["project"]["optional-dependencies"]
    lines = [*extras.get(name, []), *PROJECT["dependency-groups"].get(name, [])]
    return {normal(line) for line in lines if isinstance(line, str)}


@cache
def trees(folder):
    """The files of a folder with what stands in them."""
    path = ROOT / folder
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [(file, ast.parse(file.read_text("utf-8"))) for file in files]


def imports(tree):
    """The foreign modules that some code imports, by their first names."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names} - OWN - sys.stdlib_module_names


def distribution(module):
    """The name in pyproject.toml of what brings a module."""
    return normal(DISTRIBUTION.get(module, module))


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_what_a_folder_imports_is_declared(folder):
    groups = ("", *MAY_IMPORT[folder])
    known = ELSEWHERE.union(*map(declared, groups))
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path, tree in trees(folder)
        for module in sorted(imports(tree))
        if distribution(module) not in known
    ]
    assert not wrong, "\n".join([f"none of {groups} in pyproject.toml has it:", *wrong])


def test_the_tables_hold_nothing_that_is_imported_no_more():
    used = set().union(*(imports(t) for f in MAY_IMPORT for _, t in trees(f)))
    assert used >= {*DISTRIBUTION, *ELSEWHERE}


def test_a_missing_package_is_said_to_come_with_the_extra_that_has_it():
    extras = {name: declared(name) for name in ("train", "sweep", "interop", "parquet")}
    for _, tree in (*trees("src"), *trees("experiments")):
        for module in imports(tree):
            homes = [e for e, names in extras.items() if distribution(module) in names]
            lines = [f'pip install "jlstm[{extra}]"' for extra in homes]
            assert not lines or install_line(f"{module}.part") in lines, module


def test_brought_by_names_the_extra_that_has_what_is_imported():
    for path, tree in trees("src"):
        for node in ast.walk(tree):
            call = node.items[0].context_expr if isinstance(node, ast.With) else None
            if not (
                isinstance(call, ast.Call) and ast.unparse(call.func) == "brought_by"
            ):
                continue
            names = {distribution(module) for module in imports(node)}
            assert names and names <= declared(ast.literal_eval(call.args[0])), path
