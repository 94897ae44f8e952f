"""Continuing a run in its own folder, with the configuration that was saved there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jlstm.training.config.schedules import ScheduleConfig
from jlstm.training.config.schema import build
from jlstm.training.numerics import differences
from jlstm.training.starts import STARTS, DamagedError, read_starts
from jlstm.training.yaml_file import read_yaml

CONFIG = "config.yaml"
FORCE = "resume.force=true accepts that"
_ADVICE = "give one that a run printed, such as runs/demo/20261122-125434."
CHOICES = {"train.test_weights": ("best", "last"), "resume.force": ("true", "false")}


@dataclass(frozen=True)
class Resumed:
    """A run to continue.

    Attributes:
        folder: of the run.
        config: with which it goes on; a variable of the environment is its text.
        file: what ``config.yaml`` says, None where it cannot be read.
        starts: the starts on record, as far as they can be read.
        overrides: of the command line.
        force: go on although numbers may differ from those of an unbroken run.
    """

    folder: Path
    config: dict[str, Any]
    file: dict[str, Any] | None
    starts: list[dict[str, Any]]
    overrides: list[str]
    force: bool


def resumed(overrides: Sequence[str]) -> Resumed | None:
    """Return the run that ``resume=FOLDER`` names, None where nothing does.

    Args:
        overrides: of the command line, with or without ``resume=FOLDER``. Next to it
            may stand ``train.epochs=NUMBER``, to train longer, ``train.test_weights``,
            and ``resume.force=true``.

    Raises:
        ValueError: the folder holds no run, or something else is to be changed.
        DamagedError: a file of the run is damaged, and nothing can take its place.
    """
    named = [text for text in overrides if text.startswith("resume=")]
    others = {t.partition("=")[0]: t for t in overrides if t not in named}
    if not named:
        if "resume.force" in others:
            raise ValueError("resume.force goes with resume=FOLDER and only with it.")
        return None
    _check(others)
    folder = find_run(named[-1].removeprefix("resume="))
    force = _value(others.get("resume.force", "")) == "true"
    file, starts = _read(folder, force)
    config = _config(folder, file, starts, force)
    return Resumed(
        folder, _changed(config, others), file, starts, list(overrides), force
    )


def find_run(text: str) -> Path:
    """Return the folder of a run, from what a user may write for it.

    Raises:
        ValueError: it is no run; says what it is.
    """
    given = text.strip().strip("'\"")
    if not given:
        raise ValueError(f"resume= names no folder: {_ADVICE}")
    try:
        path = Path(given).expanduser()
        there = path.exists()
    except (RuntimeError, OSError, ValueError) as error:
        raise ValueError(f"{text!r} names no folder ({error}): {_ADVICE}") from None
    if not there:
        raise ValueError(f"There is no folder {given!r}: {_ADVICE}")
    if (path / CONFIG).is_file() or (path / STARTS).is_file():
        return path
    above = [each for each in path.absolute().parents if (each / CONFIG).is_file()]
    below = sorted(path.glob(f"*/{CONFIG}"))
    near = above or [each.parent for each in below[-1:]]
    advice = f"did you mean resume={near[0]}?" if near else _ADVICE
    raise ValueError(f"{path} is not the folder of a run, it has no {CONFIG}: {advice}")


def _check(others: dict[str, str]) -> None:
    """Raise for what may not be changed in a run."""
    for key, text in others.items():
        if not (key in ("train.epochs", *CHOICES) or _is_place(key)):
            raise ValueError(
                f"{text} cannot stand next to resume=: a run goes on as it began, only "
                "train.epochs may grow, and mesh and distributed may change. Leave it "
                "out, or start a new run."
            )
        if _value(text) not in CHOICES.get(key, (_value(text),)):
            choices = " or ".join(CHOICES[key])
            raise ValueError(f"{key} is {_value(text)!r}: give {choices}.")


def _is_place(key: str) -> bool:
    """Say whether a key tells where a run computes, not what."""
    return key == "distributed" or key.startswith("mesh.")


def _value(text: str) -> str:
    return text.partition("=")[2].strip().strip("'\"")


def _changed(config: dict[str, Any], others: dict[str, str]) -> dict[str, Any]:
    train = dict(config["train"])
    if "train.epochs" in others:
        text = _value(others["train.epochs"])
        before = train.get("epochs", 1)
        train["epochs"] = _more_epochs(text, before)
        _check_schedule(config, train["epochs"] > before)
    if "train.test_weights" in others:
        train["test_weights"] = _value(others["train.test_weights"])
    return _moved(config, others) | {"train": train}


def _moved(config: dict[str, Any], others: dict[str, str]) -> dict[str, Any]:
    """Return a configuration with other devices and processes."""
    places = {k: _value(text) for k, text in others.items() if _is_place(k)}
    for key, value in places.items():
        if key.startswith("mesh."):
            size = int(value) if value.lstrip("-").isdecimal() else value
            mesh = config.get("mesh", {}) | {key.removeprefix("mesh."): size}
            config = config | {"mesh": mesh}
        else:
            config = config | {key: value}
    return config


def _read(
    folder: Path, force: bool
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return what ``config.yaml`` says, and the starts; one of them may be damaged."""
    try:
        starts = read_starts(folder)
    except DamagedError as error:
        if not force:
            raise DamagedError(
                f"{error}, so that nobody knows whether the run would go on with the "
                f"same numbers: bring it back from a copy; {FORCE}."
            ) from None
        starts = []
    try:
        file = read_yaml(folder / CONFIG)
    except (ValueError, OSError):
        file = None
    whole = file is not None and isinstance(file.get("train"), dict)
    if not whole and not starts:
        raise DamagedError(
            f"{folder / CONFIG} is damaged: it is not what a run writes there."
        )
    return (file if whole else None), starts


def _config(
    folder: Path,
    file: dict[str, Any] | None,
    starts: list[dict[str, Any]],
    force: bool,
) -> dict[str, Any]:
    """Return the configuration of the last start, with what was edited since then."""
    if not starts:
        return file or {}
    config = starts[-1]["config"]
    if file is None:
        print(f"{folder / CONFIG} is damaged: its copy in {STARTS} is used.")
        return config
    known = [start["file"] for start in starts if start["file"] is not None]
    before, now = flat(known[-1]), flat(file)
    edited = differences(before, now)
    if edited and not force:
        raise ValueError(
            f"{folder / CONFIG} was edited: {edited}. Put it back, or start a new run; "
            f"{FORCE}."
        )
    if edited:
        print(f"{folder / CONFIG} was edited: {edited}.")
        return _nested(flat(config) | {k: v for k, v in now.items()
                                       if before.get(k) != v})  # fmt: skip
    return config


def flat(mapping: dict[str, Any], where: str = "") -> dict[str, Any]:
    """Return the values of a nested mapping by dotted key.

    Example:
        >>> flat({"seed": 1, "model": {"tied": True, "sizes": [8, 8]}})
        {'seed': 1, 'model.tied': True, 'model.sizes': [8, 8]}
    """
    found = {}
    for name, value in mapping.items():
        key = f"{where}.{name}" if where else str(name)
        found |= flat(value, key) if isinstance(value, dict) else {key: value}
    return found


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        *parents, name = key.split(".")
        inner = found
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[name] = value
    return found


def _check_schedule(config: dict[str, Any], grows: bool) -> None:
    """Raise where a longer run would have had other rates from its start on."""
    schedule = build(ScheduleConfig, config.get("schedule") or {}, "schedule")
    if grows and schedule.spans_run:
        raise ValueError(
            f"train.epochs cannot grow: schedule.name={schedule.name} has lengths that "
            "are shares of the run. Start a new run, or give lengths in updates."
        )


def _more_epochs(text: str, before: int) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < before:
        raise ValueError(
            f"train.epochs is {text!r}; the run was started with {before}, give a "
            "whole number that is not lower."
        )
    return int(text)
