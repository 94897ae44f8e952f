"""What a run is started and continued with: put on record, and compared."""

import json
from pathlib import Path
from typing import Any

from jlstm._internal.files import write_atomically
from jlstm.cli.resume import CONFIG, FORCE, Resumed, flat
from jlstm.training.checkpoint import Checkpoints
from jlstm.training.numerics import differences, numerics
from jlstm.training.run import write_json
from jlstm.training.starts import (
    DamagedError,
    changed_variables,
    note_start,
    surroundings,
)
from jlstm.training.variables import variables
from jlstm.training.yaml_file import yaml_text

IDENTITY = "data.json"
PLACES = ("path", "dir", "name", "prompt")
"""How keys end that change no numbers: the data is compared by its content."""


def begin(folder: Path, config: dict[str, Any], identity: dict[str, Any]) -> None:
    """Put on record with what a new run starts; ``config.yaml`` comes last.

    It is written once: a folder that has it has all the rest.
    """
    write_json(folder / IDENTITY, identity)
    note_start(folder, config, config, [], [])
    write_atomically(folder / CONFIG, yaml_text(config))


def go_on(old: Resumed, config: dict[str, Any], identity: dict[str, Any]) -> None:
    """Compare a run with its last start, say what differs, and put it on record.

    Raises:
        ValueError: numbers would not be those of an unbroken run, or other data is
            there now.
        DamagedError: the record of the data is damaged.
    """
    _check_same(old, identity)
    if old.starts:
        _compare(old)
    elif not old.force:
        print(f"{old.folder} was started by an earlier version: not compared.")
    note_start(old.folder, config, old.file, old.overrides, old.starts)
    _say_where(old.folder, config)


def _compare(old: Resumed) -> None:
    """Print what differs from the last start; refuse what changes numbers."""
    last = old.starts[-1]
    changed = differences(last["numerics"], numerics())
    moved = differences(*map(_mesh, (last["config"], old.config)))
    keys, places = _by_variables(old.config, changed_variables(last))
    changed = "; ".join(text for text in (changed, moved, *keys) if text)
    if changed and not old.force:
        raise ValueError(
            f"{old.folder} would not go on with the same numbers: {changed}. Go on as "
            f"before, or start a new run; {FORCE}."
        )
    other = differences(*map(_beyond_numerics, (last["environment"], surroundings())))
    said = "; ".join(text for text in (changed, *places, other) if text)
    if said:
        print(f"since the last start: {said}.")


def _beyond_numerics(machine: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a machine and was not compared with the numerics."""
    known = numerics()
    return {name: value for name, value in machine.items() if name not in known}


def _mesh(config: dict[str, Any]) -> dict[str, Any]:
    """Return how devices share the work, on which the order of sums depends."""
    return {k: v for k, v in flat(config).items() if k.startswith("mesh.")}


def _by_variables(
    config: dict[str, Any], names: list[str]
) -> tuple[list[str], list[str]]:
    """Return what to say of keys with another value: those of numbers, and others."""
    found = [
        (key, f"{key} is {text}, which has another value now")
        for key, text in flat(config).items()
        if set(variables(text)) & set(names)
    ]
    return (
        [text for key, text in found if not key.endswith(PLACES)],
        [text for key, text in found if key.endswith(PLACES)],
    )


def _check_same(old: Resumed, identity: dict[str, Any]) -> None:
    """Raise where the data is not that of the start, or where that is not known."""
    path = old.folder / IDENTITY
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and found == identity:
        return
    if old.force:
        print(f"{path} is damaged or of other data: it is written again.")
        write_json(path, identity)
    elif isinstance(found, dict):
        raise ValueError(
            f"The data is no longer what {old.folder} was started with (see {path}): "
            "bring the old data back, or start a new run."
        )
    else:
        raise DamagedError(
            f"{path} is missing or damaged, so that nobody knows whether the data is "
            f"still the same: bring it back from a copy; {FORCE}."
        )


def _say_where(folder: Path, config: dict[str, Any]) -> None:
    """Say from where a run goes on, where that is not what one expects."""
    if Checkpoints(folder / "checkpoints").latest() is None:
        print("There is no checkpoint yet: the run starts from its beginning.")
        return
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        done = result["epochs"] >= config["train"]["epochs"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if done:
        print(
            f"The run is finished ({result['epochs']} epochs): it is scored again; "
            "train.epochs=NUMBER trains longer."
        )
