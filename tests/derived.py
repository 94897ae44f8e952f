"""Write what follows from the source: exports of the cells, pages of the reference.

    python3 dev.py derive

So a new cell is its file, its oracle and its row in the zoo. `tests/test_derived.py`
says so where a file is not what would be written.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "jlstm"
ORACLES = ROOT / "tests" / "oracle"
EXPORTED = re.compile(r"(Cell|Params|Carry|Gates)$")
ALSO = {"LowRank"}
"""What a cell takes as an option, and has none of these endings."""
PART = {"HiddenCell"}
"""What cells share, and is none itself."""
IMPORT = re.compile(r"from jlstm\.(\S+) import \w+ as (\w+)")
WIDTH = 88
FIRST = "import typing\n\n"
"""What ``jlstm/__init__.py`` imports for itself; what is above comes when asked for."""
NAMES = """# Names of the package

What `import jlstm` gives, and where each name is from. All else is imported from its
module.
"""

PAGES = {
    "loop": ("The loop", "One cell over a whole sequence; what pads, what resets."),
    "cells": ("Cells", "And their wrappers. In a table: [the cells](../cells.md)."),
    "layers": ("Layers", "Cells over sequences, in one direction or two, stacked."),
    "flax": ("Flax modules", "The same layers for NNX and Linen; blocks of models."),
    "losses": ("Losses, decoding, metrics", "Sequences are scored, searched, counted."),
    "interop": ("Weights in, out", "Torch, Keras, Flax, Haiku, Equinox, ONNX, cuDNN."),
    "analysis": ("Analysis", "Gradients, gates, spectra, plots; sizes and memory."),
    "data": ("Data", "Data sets, readers, batches, sound, generated problems."),
    "training": ("Training", "One trainer; configuration, checkpoints, logs, reports."),
    "tasks": ("Tasks", "The models and objectives of the tasks, a folder each."),
}  # fmt: skip
PLACE = {
    "cell": "loop", "masking": "loop", "wrappers": "cells", "activations": "cells",
    "initializers": "cells", "regularizers": "cells", "linen": "flax", "nnx": "flax",
    "streaming": "layers", "decoding": "losses", "metrics": "losses",
    "sklearn": "interop",
}  # fmt: skip
INSIDE = ("cli", "data.sheet", "data.tables")
INSIDE += tuple(f"streaming.{part}" for part in ("check", "choose", "stepper"))
"""Parts that no user imports from, next to what has an underscore."""
OF_A_TASK = re.compile(
    r"tasks\.(runs|\w+\.(.*model|.*objective|model_config|recognizer|deepar|decoder"
    r"|linear|distributions|normalize|neural_cache|dynamic|export|text|translate|midi))$"
)


def derived() -> dict[Path, str]:
    """Return the text of each file that follows from others."""
    package = exports_of_the_package()
    texts = {
        PACKAGE / "cells" / "__init__.py": exports_of_cells(),
        PACKAGE / "__init__.py": package,
        ORACLES / "__init__.py": exports_of_oracles(),
        ROOT / "docs" / "api" / "names.md": page_of_names(package),
    }
    listed = list(modules())
    for name in PAGES:
        own = [module for module in listed if page_of(module) == name]
        texts[ROOT / "docs" / "api" / f"{name}.md"] = page(name, own)
    return texts


def exports_of_cells() -> str:
    """Return ``cells/__init__.py``: every cell, its params, carry and gates."""
    lines = [
        f"from jlstm.cells.{path.stem} import {name} as {name}"
        for path in sorted((PACKAGE / "cells").glob("[a-z]*.py"))
        for name in cell_names(path)
    ]
    old = (PACKAGE / "cells" / "__init__.py").read_text("utf-8")
    return f"{docstring(old)}\n\n{sorted_imports(lines)}"


def exports_of_oracles() -> str:
    """Return ``tests/oracle/__init__.py``, with each file named as its function."""
    old = (ORACLES / "__init__.py").read_text("utf-8")
    lines = set(re.findall(r"^from tests\.oracle\.\w+ import \w+ as \w+$", old, re.M))
    for path in ORACLES.glob("[a-z]*.py"):
        if f"\ndef {path.stem}(" in path.read_text("utf-8"):
            lines.add(
                f"from tests.oracle.{path.stem} import {path.stem} as {path.stem}"
            )
    return f"{docstring(old)}\n\n" + "".join(f"{line}\n" for line in sorted(lines))


def exports_of_the_package() -> str:
    """Return ``jlstm/__init__.py``, whose lines for the cells are derived."""
    old = (PACKAGE / "__init__.py").read_text("utf-8")
    own = [line for line in imports(old) if " jlstm.cells " not in line]
    cells = imports(exports_of_cells())
    lines = [*own, *(re.sub(r"cells\.\w+", "cells", line) for line in cells)]
    rest = old[old.index("\n__version__") :]
    return f"{docstring(old)}\n\n{FIRST}{sorted_imports(lines)}{rest}"


def cell_names(path: Path) -> Iterator[str]:
    """Yield what a file of cells gives to users, by name."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            abstract = any("abstractmethod" in ast.unparse(each) for each in node.body)
            fits = EXPORTED.search(node.name) and not abstract
            if node.name in ALSO or (fits and node.name not in PART):
                yield node.name


def modules() -> Iterator[str]:
    """Yield the modules that the reference describes, without ``jlstm.``."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        hidden = name.startswith((*INSIDE, "_")) or "._" in name
        task = name.startswith("tasks.") and not OF_A_TASK.search(name)
        if not (hidden or task):
            yield name


def page_of(module: str) -> str:
    """Return the page of the reference that a module stands on."""
    first = module.partition(".")[0]
    return PLACE.get(first, first)


def page(name: str, listed: list[str]) -> str:
    """Return one page of the reference."""
    blocks = (f"```{{eval-rst}}\n.. automodule:: jlstm.{one}\n```" for one in listed)
    title, line = PAGES[name]
    return "\n\n".join([f"# {title}", line, *blocks]) + "\n"


def page_of_names(text: str) -> str:
    """Return the table of what ``jlstm`` itself exports, by concept.

    Args:
        text: of ``jlstm/__init__.py``.
    """
    table: dict[str, list[str]] = {}
    for line in imports(re.sub(r"(?m)^ +from", "from", text)):
        module, name = IMPORT.fullmatch(line).groups()
        table.setdefault(module, []).append(f"`{name}`")
    rows = [f"| `jlstm.{key}` | {', '.join(names)} |" for key, names in table.items()]
    return "\n".join([NAMES, "| from | names |", "| --- | --- |", *rows, ""])


def docstring(text: str) -> str:
    """Return the docstring of a module as it stands there."""
    return text[: text.index('"""', 3) + 3]


def imports(text: str) -> list[str]:
    """Return the lines of a file that import from jlstm."""
    text = re.sub(r"\(\n +(\w+ as \w+),\n\)", r"\1", text)
    return [line for line in text.splitlines() if IMPORT.fullmatch(line)]


def sorted_imports(lines: list[str]) -> str:
    """Return import lines in the order that ruff wants: classes before functions."""

    def key(line: str) -> tuple:
        module, name = IMPORT.fullmatch(line).groups()
        return module, not name[0].isupper(), name.lower()

    return "\n".join(map(wrapped, sorted(lines, key=key))) + "\n"


def wrapped(line: str) -> str:
    """Return an import over three lines where it is too long for one."""
    start, _, name = line.partition(" import ")
    return line if len(line) <= WIDTH else f"{start} import (\n    {name},\n)"


def main() -> None:
    """Write every file that is not as it would be derived."""
    for path, text in derived().items():
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
