"""Runs as they lie in their folders: what was asked for, the log, and the result."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jlstm.cli.resume import flat
from jlstm.training.log import METRICS, read_metrics
from jlstm.training.model_folder import FOLDER
from jlstm.training.numbers import from_json
from jlstm.training.starts import effective_config
from jlstm.training.yaml_file import read_yaml

CONFIG = "config.yaml"
MOST_BYTES = 64 << 20
"""Of a JSON file of a run."""
# Below an experiment, a sweep, and all sweeps of an experiment.
BELOW = (f"*/{CONFIG}", f"*/*/{CONFIG}", f"*/*/*/{CONFIG}")


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        folder: where it lies.
        name: what a legend calls it.
        config: values by dotted key.
        records: the log.
        result: what ``result.json`` says; None for a run that is not finished.
    """

    folder: Path
    name: str
    config: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    result: Mapping[str, Any] | None

    @property
    def valid(self) -> list[Mapping[str, Any]]:
        """The evaluations of the validation part that have a loss."""
        return [r for r in self.records if r["kind"] == "valid" and "loss" in r]


def read_runs(paths: Sequence[Path], say: Callable[[str], None] = print) -> list[Run]:
    """Return the runs in ``paths``, each once, with names that tell them apart.

    Args:
        paths: folders of runs, of experiments or of sweeps.
        say: gets a line for each run that is left out, since a file of it is damaged.

    Raises:
        ValueError: a path holds no run, or no run of all can be read.

    Example:
        >>> read_runs([Path("nowhere")])
        Traceback (most recent call last):
        ValueError: nowhere is no run: there is no config.yaml in it or below it. \
Give the folder of a run, such as runs/NAME/20260131-235959, or of a sweep.
    """
    folders = [folder for path in paths for folder in _find(path)]
    unique = list({folder.resolve(): folder for folder in folders}.values())
    names = _names(unique)
    found: list[Run] = []
    faults: list[str] = []
    for folder, name in zip(unique, names, strict=True):
        try:
            found.append(_read(folder, name))
        except (ValueError, OSError) as error:
            faults.append(str(error))
    if not found:
        raise ValueError(faults[0])
    for fault in faults:
        say(f"left out: {fault}")
    return found


def _find(path: Path) -> list[Path]:
    if (path / CONFIG).is_file():
        return [path]
    found = [config.parent for config in configs_below(path)]
    if not found:
        raise ValueError(
            f"{path} is no run: there is no {CONFIG} in it or below it. Give the "
            "folder of a run, such as runs/NAME/20260131-235959, or of a sweep."
        )
    return found


def configs_below(path: Path) -> list[Path]:
    """Return the configurations of all runs in a folder, in the order of names."""
    found = (each for pattern in BELOW for each in path.glob(pattern))
    return sorted(each for each in found if each.parent.name != FOLDER)


def _read(folder: Path, name: str) -> Run:
    config = effective_config(folder)
    if config is None:
        config = _config(folder / CONFIG)
    # A run that has just begun has no log yet.
    records = read_metrics(folder) if (folder / METRICS).exists() else []
    result = read_json(folder / "result.json")
    if result is not None and not isinstance(result.get("valid"), Mapping):
        raise ValueError(f"{folder / 'result.json'} holds no scores of a run.")
    return Run(folder, name, flat(config), records, result)


def _config(path: Path) -> dict[str, Any]:
    try:
        return read_yaml(path)
    except ValueError as error:
        raise ValueError(f"{error}.") from None


def read_json(path: Path) -> Any:
    """Return what a JSON file says, None where there is no such file."""
    if not path.exists():
        return None
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path} is larger than a run writes it.")
    try:
        data = from_json(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is not JSON.") from None
    if not isinstance(data, dict):
        raise ValueError(f"{path} is not what a run writes there.")
    return data


def _names(folders: Sequence[Path]) -> list[str]:
    """Return a name for each: its overrides in a sweep, else its experiment.

    The time of the run is added where the name alone would not tell.
    """
    names = [_sweep_name(folder, folders) or _parent(folder) for folder in folders]
    often = Counter(names)
    stamped = [
        f"{name} {folder.resolve().name}" if often[name] > 1 else name
        for name, folder in zip(names, folders, strict=True)
    ]
    return _numbered(stamped)


def _parent(folder: Path) -> str:
    return folder.resolve().parent.name


def _sweep_name(folder: Path, folders: Iterable[Path]) -> str:
    """Return the overrides that another run of the same sweep does not have."""
    sweep = folder.resolve().parents[1]
    jobs = [_overrides(each) for each in folders if each.resolve().parents[1] == sweep]
    own = _overrides(folder)
    return ", ".join(text for text in own if not all(text in job for job in jobs))


def _overrides(folder: Path) -> list[str]:
    try:
        job = read_json(folder.resolve().parent / "job.json") or {}
    except ValueError:
        job = {}
    given = job.get("overrides", [])
    return [str(text) for text in given] if isinstance(given, list) else []


def _numbered(names: Sequence[str]) -> list[str]:
    """Number names that are still the same, such as copies in two places."""
    seen, found = Counter[str](), []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found
