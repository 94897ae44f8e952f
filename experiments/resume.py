"""Continuing a run in its own folder, with the configuration that was saved there."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from jlstm.train.run import write_json

CONFIG, IDENTITY = "config.yaml", "data.json"


class DamagedError(ValueError):
    """A file of a run is not what was written there."""


class Resumed(NamedTuple):
    """A run to continue: its folder and its configuration."""

    folder: Path
    config: dict[str, Any]


def resumed(overrides: Sequence[str]) -> Resumed | None:
    """Return the run that ``resume=FOLDER`` names, None where nothing does.

    Args:
        overrides: of the command line, with or without ``resume=FOLDER``. Beside it
            only ``train.epochs=NUMBER`` may stand, to train longer.

    Raises:
        ValueError: the folder holds no run, or something else is to be changed.
    """
    named = [text for text in overrides if text.startswith("resume=")]
    if not named:
        return None
    folder = Path(named[-1].removeprefix("resume=").strip("'\""))
    config = _saved(folder)
    for text in overrides:
        key, _, value = text.partition("=")
        if key == "train.epochs":
            config["train"]["epochs"] = _more_epochs(value, config["train"]["epochs"])
        elif key != "resume":
            raise ValueError(
                f"{text} cannot stand beside resume=: a run goes on as it began, only "
                "train.epochs may grow. Leave it out, or start a new run."
            )
    return Resumed(folder, config)


def save_config(folder: Path, config: dict[str, Any]) -> None:
    """Write the configuration of a run, every key of it."""
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    (folder / CONFIG).write_text(text, encoding="utf-8")


def check_same(folder: Path, identity: dict[str, Any]) -> None:
    """Note the data of a new run; raise ValueError if a run has other data now."""
    path = folder / IDENTITY
    if not path.is_file():
        write_json(path, identity)
    elif json.loads(path.read_text(encoding="utf-8")) != identity:
        raise ValueError(
            f"The data is no longer what {folder} was started with (see {path}): bring "
            "the old data back, or start a new run."
        )


def _saved(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        raise ValueError(
            f"{folder} is not the folder of a run, it has no {CONFIG}: give one that a "
            "run printed, such as runs/demo/20261122-125434."
        )
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError):
        config = None
    if not isinstance(config, dict) or not isinstance(config.get("train"), dict):
        raise DamagedError(f"{path} is damaged: it is not what a run writes there.")
    return config


def _more_epochs(text: str, before: int) -> int:
    if not text.isdecimal() or int(text) < before:
        raise ValueError(
            f"train.epochs is {text!r}; the run was started with {before}, give a "
            "whole number that is not lower."
        )
    return int(text)
