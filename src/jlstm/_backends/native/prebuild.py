"""Compile what comes with the package.

    python -m jlstm._backends.native.prebuild FOLDER
    CXX=aarch64-linux-gnu-g++ python -m jlstm._backends.native.prebuild FOLDER armv8-a

For each level of processors it makes the kernel and the programs of all cells with
their default options. JAX's versions differ in how they write a derivative, so it is
called once with each that is to have them, and adds to the folder.
``JLSTM_PREBUILT=FOLDER`` then puts them into the wheel that hatchling builds;
``python3 dev.py wheel`` does all of it.
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import jax

import jlstm.cells
from jlstm._backends.native.available import unsupported_cell
from jlstm._backends.native.build import FOLDER, SOURCE, kernel_text
from jlstm._backends.native.compiled import compiled, own_types
from jlstm._backends.native.compiler import FLAGS, compile_file, find_compiler
from jlstm._backends.native.library import program_text
from jlstm._backends.native.prebuilt import LEVELS, file_name
from jlstm.cell import Cell

SHIPPED = ("-s",)  # libstdc++ stays outside: jaxlib needs it anyway
UNITS = 8
"""Programs do not depend on the sizes."""


def main(folder: Path, levels: list[str]) -> None:
    """Fill a folder with the libraries of some levels."""
    texts = sorted(set(sources()))
    for level in levels:
        target = folder / level
        target.mkdir(parents=True, exist_ok=True)
        _compile(level, SOURCE, target / file_name("kernel", kernel_text()))
        for source in texts:
            _compile_text(
                level, source, target / file_name("cell", program_text(source))
            )
        sizes = [path.stat().st_size / 1e6 for path in target.glob("*.so")]
        print(f"{target}: {len(sizes)} libraries, {sum(sizes):.1f} MB", flush=True)


def sources() -> Iterator[str]:
    """Yield the programs of all cells that have one, with and without a key."""
    for cell in cells():
        for features in (UNITS, UNITS + 1):
            if unsupported_cell(cell, features) is not None:
                continue
            for key in (None, jax.typeof(jax.random.key(0))):
                yield compiled(cell, own_types(cell, key, features)).program.source


def cells() -> list[Cell]:
    """Return every public cell that needs to be told its units only."""
    types = (getattr(jlstm.cells, name) for name in dir(jlstm.cells))
    found = [type_ for type_ in types if inspect.isclass(type_)]
    return [
        type_(UNITS)
        for type_ in found
        if issubclass(type_, Cell) and _needed(type_) == ["hidden_size"]
    ]


def _needed(type_: type) -> list[str]:
    found = inspect.signature(type_).parameters.values()
    return [each.name for each in found if each.default is each.empty]


def _compile_text(level: str, source: str, target: Path) -> None:
    path = target.with_suffix(".cc")
    path.write_text(source, "utf-8")
    _compile(level, path, target)
    path.unlink()


def _compile(level: str, source: Path, target: Path) -> None:
    if target.exists():  # another JAX has written the same equations
        return
    command = [*find_compiler(), *FLAGS, f"-march={level}", *SHIPPED]
    compile_file(command, source, target, FOLDER)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:] or [n for n in LEVELS if n.startswith("x86")])
