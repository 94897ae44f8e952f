"""The files of configurations: the package's, and those of the folder one works in."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
PACKED, CHECKOUT = PACKAGE / "configs", PACKAGE.parents[1] / "configs"
CONFIGS = PACKED if PACKED.is_dir() else CHECKOUT
"""The wheel has a copy of the folder ``configs`` inside the package."""


def options(group: str) -> list[str]:
    """Return what a group, such as ``"experiment"``, can be set to."""
    return sorted({path.stem for each in folders() for path in _files(each, group)})


def config_file(group: str, name: str) -> Path:
    """Return the file that sets a group to one of its :func:`options`."""
    paths = (folder / group / f"{name}.yaml" for folder in folders())
    return next(path for path in paths if path.is_file())


def folders() -> list[Path]:
    """Return the folders of configurations: the package's, and ``./configs``.

    So experiments and data of one's own are chosen by name as those of jlstm are.

    The folder may have nothing to do with jlstm: only what is chosen is checked.
    """
    own = Path.cwd() / "configs"
    is_other = own.is_dir() and own.resolve() != CONFIGS.resolve()
    return [CONFIGS, own] if is_other else [CONFIGS]


def _files(folder: Path, group: str) -> list[Path]:
    return sorted(p for p in (folder / group).glob("*.yaml") if p.is_file())
