"""Labelled sequences that stay on disk: their parts, and new ones for a model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Integer, Real

from jlstm.data.lines import path_only
from jlstm.data.parts import cut_rows
from jlstm.data.records import LABELS, LENGTHS, Records
from jlstm.tasks.classification.data import Data, DataConfig, Part, Prep
from jlstm.tasks.classification.labels import say_parts, target_of
from jlstm.training.experiment import Loaded

PARTS = ("train", "valid", "test")


def load_records(config: DataConfig) -> Data:
    """Open the parts of a folder; what is held out is read once, for broken records.

    Raises:
        FileNotFoundError, ValueError: as :class:`Records`, the parts differ in their
            width, or labels are no classes.
    """
    assert config.path is not None  # records have a path
    parts = _parts(Path(config.path), config)
    if config.limit_train is not None:
        parts["train"] = parts["train"][: config.limit_train]
    for name in ("valid", "test"):
        parts[name] = parts[name].whole()
    _check_widths(parts)
    labels = {name: own.labels for name, own in parts.items()}
    classes = _classes(Path(config.path), labels)
    print(_line(Path(config.path), parts), flush=True)
    say_parts(labels, classes)
    prep = Prep(
        classes, None, parts["train"].size, target=target_of(labels["train"], classes)
    )
    return Loaded(prep, {name: _part(own) for name, own in parts.items()})


def read_new(source: Any, prep: Prep, config: DataConfig) -> Part:
    """Open a folder of new records; labels are 0 where it has none.

    Raises:
        FileNotFoundError, ValueError: as :class:`Records`, or their width is another.
    """
    found = Records(path_only(source), config.on_error).whole()
    if found.size != prep.input_size:
        raise ValueError(
            f"{found.folder} has {found.size} features, the model reads "
            f"{prep.input_size}: give the same."
        )
    return _part(found)


def skipped_of(data: Data) -> dict[str, dict[str, int]]:
    """Return how many broken records of each part were left out, where some were."""
    counts = {
        name: len(part.sequences.skipped)
        for name, part in data.parts.items()
        if isinstance(part.sequences, Records)
    }
    return {"skipped": counts} if any(counts.values()) else {}


def _parts(path: Path, config: DataConfig) -> dict[str, Records]:
    """Return the parts that have a folder; the others are drawn from training."""
    alone = (path / LENGTHS).exists()
    train = Records(path if alone else path / "train", config.on_error)
    given = [name for name in PARTS[1:] if not alone and (path / name).is_dir()]
    parts = {name: Records(path / name, config.on_error) for name in given}
    shares = {"valid": config.valid_fraction, "test": config.test_fraction}
    left = {name: share for name, share in shares.items() if name not in parts}
    if not left:
        return {"train": train, **parts}
    rows = cut_rows(_strata(train.labels), left, config.seed)
    return parts | {name: train.take(np.sort(own)) for name, own in rows.items()}


def _strata(labels: Real[np.ndarray, " n"]) -> Integer[np.ndarray, " n"]:
    return labels if labels.dtype.kind in "iu" else np.zeros(len(labels), int)


def _check_widths(parts: Mapping[str, Records]) -> None:
    widths = {name: own.size for name, own in parts.items()}
    if len({*widths.values()}) > 1:
        told = ", ".join(f"{name} has {size}" for name, size in widths.items())
        raise ValueError(f"Records differ in their features: {told}; give the same.")


def _classes(path: Path, labels: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Return the numbers of the classes as names; none where numbers are predicted."""
    values = np.concatenate([*labels.values()])
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise ValueError(f"{path}: {LABELS} is not finite: give finite numbers.")
        return ()
    first, last = int(values.min()), int(values.max())
    if first < 0 or last >= len(values):
        raise ValueError(
            f"{path}: {LABELS} has classes {first} to {last}: count them from 0, or "
            "give numbers with a fraction (floats) to predict them."
        )
    return tuple(map(str, range(max(last + 1, 2))))


def _part(records: Records) -> Part:
    return Part(records, records.labels)


def _line(path: Path, parts: Mapping[str, Records]) -> str:
    lengths = np.concatenate([own.lengths for own in parts.values()])
    steps = f"{lengths.min()} to {lengths.max()} steps"
    return (
        f"read {path.name}: {len(lengths):,} records of {steps}, "
        f"{parts['train'].size} features; the values stay on disk"
    )
