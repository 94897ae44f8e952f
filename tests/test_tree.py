"""Laws of the source tree: what may stand in a file, and who may import whom."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "jlstm"

# From the bottom of the house to its roof: a module imports only from lines above its
# own. The longest name that fits says where a module belongs; `jlstm` is the package
# itself, with all that it exports.
ORDER = (
    ("_internal",),
    ("_internal.extras", "_internal.files", "_internal.mesh", "_internal.repr"),
    ("_internal.options", "analysis.target"),
    ("analysis.memory_of",),
    ("_internal.types",),
    ("_internal.arrays",),
    ("_internal.labels", "_internal.names", "_internal.tree", "_internal.typed"),
    ("_internal.affine", "activations", "initializers", "masking", "regularizers"),
    ("cell",),
    ("_internal.overrides", "_internal.validate", "cells"),
    ("wrappers",),
    ("_backends",),
    ("loop",),
    ("layers",),
    ("streaming",),
    ("analysis.summary",),
    ("jlstm",),
    ("_internal.flax", "losses"),
    ("decoding", "metrics", "nnx", "linen", "interop"),
    ("interop._estimator",),
    ("interop.sklearn",),
    ("sklearn",),
    ("analysis",),
    ("data",),
    ("training",),
    ("tasks",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, group in enumerate(ORDER) for name in group}
DOORS = {"jlstm.cli.experiment.Experiment", "jlstm.sklearn"}
DOORS |= {"jlstm.tasks.runs.load_run"}
"""What ``jlstm`` itself imports from above, when it is asked for."""
TASK_FROM_TASK = {("speech", "classification")}
"""A spoken word is a sequence with a class."""
CORE_MAY_IMPORT = {*sys.stdlib_module_names, "jax", "jaxlib", "jaxtyping", "jlstm"}
CORE_MAY_IMPORT |= {"numpy"}
LAZY = {"chex", "flax", "grain", "hydra", "jinja2", "keras", "matplotlib", "mido"}
LAZY |= {"optax", "orbax", "pooch", "rapidfuzz", "scoringrules", "sklearn"}
LAZY |= {"tensorboardX", "torch"}

# Each has one letter in brackets, so that this file does not hold what it forbids.
FORBIDDEN = {
    "a registry's address": re.compile(
        r"py[p]i\.(org|python)|python[h]osted|anacond[a]\.org|download\.pytorc[h]"
        r"|npmj[s]\.|--(extra-)?index-ur[l][ =]"
    ),
    "a path of one machine": re.compile(
        r"(?<![\w.})])/(wor[k]|roo[t]|tm[p]|op[t]|mn[t])/|/(hom[e]|User[s])/\w+/"
    ),
}


def tracked_files() -> list[Path]:
    """Return the files that git tracks or would add."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: there is no list of tracked files")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    names = listing.stdout.decode().split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Return the text of a file, or nothing where it is no text."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def imported_names(path: Path) -> set[str]:
    """Return every module that a file imports, at any depth, with its dots."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the full module name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def place_of(name: str) -> str | None:
    """Return which entry of ORDER an imported name belongs to, None if it is foreign.

    ``jlstm.X`` is the module X where there is one; else it is an export of jlstm.
    """
    parts = name.split(".")
    if parts[0] != "jlstm":
        return None
    if len(parts) == 1 or not has_module(parts[1]):
        return "jlstm"
    inside = [".".join(parts[1:end]) for end in range(len(parts), 1, -1)]
    return next((each for each in inside if each in RANK), parts[1])


def has_module(name: str) -> bool:
    """Whether jlstm has a module or a package of this name."""
    return (PACKAGE / f"{name}.py").is_file() or (PACKAGE / name).is_dir()


def modules() -> list[tuple[str, Path]]:
    """Return each file of the package with the entry of ORDER it belongs to."""
    files = sorted(PACKAGE.rglob("*.py"))
    return [(str(place_of(name_of(path))), path) for path in files]


def name_of(path: Path) -> str:
    """Return the dotted name of a file of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def task_of(name: str) -> str | None:
    """Return the folder of a task that a dotted name lies in."""
    parts = name.split(".")
    return parts[2] if parts[:2] == ["jlstm", "tasks"] and len(parts) > 2 else None


def test_every_module_has_a_place_in_the_order():
    unplaced = sorted({name for name, _ in modules()} - set(RANK))
    assert not unplaced, f"place {unplaced} in ORDER, in tests/test_tree.py"


@pytest.mark.long
def test_imports_go_one_way():
    wrong = []
    for name, path in modules():
        for imported in sorted(imported_names(path)):
            place = place_of(imported)
            if place in (None, name) or (name == "jlstm" and imported in DOORS):
                continue
            if RANK.get(place, -1) >= RANK.get(name, len(ORDER)):
                wrong.append(f"{path.relative_to(ROOT)} imports {imported}")
    assert not wrong, "\n".join(wrong)


def test_no_task_imports_another():
    wrong = []
    for _, path in modules():
        own = task_of(name_of(path))
        others = {task_of(name) for name in imported_names(path)} - {None, own}
        pairs = {(own, other) for other in others if own and has_task(other)}
        wrong += [
            f"{path.relative_to(ROOT)}: {pair}" for pair in pairs - TASK_FROM_TASK
        ]
    assert not wrong, "\n".join(wrong)


def has_task(folder: str) -> bool:
    """Whether a task of this name lies in the package."""
    return (PACKAGE / "tasks" / folder).is_dir()


def test_the_package_shows_few_entries():
    shown = [path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    assert len(shown) <= 27, sorted(shown)


def test_core_imports_only_jax_and_numpy():
    wrong = []
    for name, path in modules():
        if RANK.get(name, len(ORDER)) > RANK["jlstm"]:
            continue
        for imported in sorted(imported_names(path)):
            if imported.split(".")[0] not in CORE_MAY_IMPORT:
                wrong.append(f"{path.relative_to(ROOT)} imports {imported}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
def test_nothing_imports_the_experiments_or_tests():
    wrong = [
        f"{path.relative_to(ROOT)} imports {imported}"
        for _, path in modules()
        for imported in imported_names(path)
        if imported.split(".")[0] in {"benchmarks", "experiments", "tests"}
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
def test_import_of_jlstm_is_light():
    code = f"import jlstm, sys; print(*({LAZY} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [], "import jlstm must not load these"


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what):
    pattern = FORBIDDEN[what]
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked_files()
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not wrong, f"{what} stands in\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a registry's address", "see https://py" + "pi.org/simple"),
        ("a registry's address", "files.python" + "hosted.org"),
        ("a path of one machine", 'open("/tm' + 'p/x")'),
        ("a path of one machine", "cd /hom" + "e/ann/jlstm"),
    ],
)
def test_what_is_forbidden_is_found(what, line):
    assert FORBIDDEN[what].search(line)


def test_no_lock_with_addresses_is_tracked():
    names = [path.name for path in tracked_files()]
    locks = [name for name in names if re.fullmatch(r"uv\.lock|pylock.*\.toml", name)]
    assert not locks, "these locks hold addresses: use requirements/"


@pytest.mark.parametrize("name", ["uv", "run", "test", "dev", "peers", "aot"])
def test_requirements_are_pinned_and_hashed_without_address(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=\w)", text.strip())
    for entry in entries:
        assert re.match(r"[\w.\[\],-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
