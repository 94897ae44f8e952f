"""A user's own sequences of numbers: cut into parts, scaled; new ones for a model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jlstm.data.forecast import Scaler
from jlstm.data.lines import path_only
from jlstm.data.parts import cut_rows, told_groups
from jlstm.data.sheet.read import TableOptions
from jlstm.tasks.classification.data import Data, DataConfig, Part, Prep, say_parts
from jlstm.tasks.classification.sequences import (
    SequenceOptions,
    Sequences,
    read_sequences,
)
from jlstm.training.experiment import Loaded


def load_own(config: DataConfig) -> Data:
    """Read sequences of a user, cut and scale them.

    Raises:
        FileNotFoundError, ValueError: as ``read_sequences``, or there are too few.
    """
    assert config.path is not None  # the configuration says so
    options = _options(config)
    whole = read_sequences(config.path, options)
    print(whole.read, flush=True)
    classes = tuple(sorted(set(whole.labels or ())))
    labels = _numbers(whole, classes)
    paths = {"valid": config.valid_path, "test": config.test_path}
    shares = {"valid": config.valid_fraction, "test": config.test_fraction}
    left = {name: share for name, share in shares.items() if paths[name] is None}
    rows = cut_rows(labels, left, config.seed, whole.groups)
    if config.limit_train is not None:
        rows["train"] = rows["train"][: config.limit_train]
    found = {n: Part([whole.values[row] for row in own], labels[own], None,
                     tuple(whole.names[row] for row in own))
             for n, own in rows.items()}  # fmt: skip
    for name, path in paths.items():
        if path is not None:
            other = _alike(path, options, classes, whole.columns)
            print(other.read, flush=True)
            numbers = _numbers(other, classes)
            found[name] = Part(other.values, numbers, None, other.names)
    say_parts({n: found[n].labels for n in ("train", *shares)}, classes)
    if whole.groups is not None:
        print(told_groups(rows, whole.groups), flush=True)
    scaler = Scaler.fit(np.concatenate([*found["train"].sequences]))
    prep = Prep(classes, None, len(whole.columns), whole.columns, scaler)
    parts = {name: _scaled(found[name], scaler) for name in ("train", *shares)}
    return Loaded(prep, parts)


def read_new(path: str | Path, prep: Prep, config: DataConfig, labelled: bool) -> Part:
    """Read sequences as a run does.

    Args:
        path: of a table or a folder, as ``sequences`` takes them.
        prep: of the run.
        config: how they are read.
        labelled: whether there are classes.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: it lacks a column, or has a class that the run does not know.
    """
    assert prep.scaler is not None  # of a run on sequences
    path, options = path_only(path), _options(config)
    found = _alike(path, options, prep.classes, prep.columns, labelled)
    print(found.read, flush=True)
    labels = _numbers(found, prep.classes)
    return _scaled(Part(found.values, labels, None, found.names), prep.scaler)


def _options(config: DataConfig) -> SequenceOptions:
    table = TableOptions(columns=config.columns)
    return SequenceOptions(
        config.id, config.label, config.group, config.interpolate, table
    )


def _alike(
    path: str | Path,
    options: SequenceOptions,
    classes: Sequence[str],
    columns: tuple[str, ...],
    labelled: bool = True,
) -> Sequences:
    """Read other sequences with the columns of those that are learnt from."""
    options = options._replace(table=TableOptions(columns=columns), group=None)
    return read_sequences(path, options, classes, labelled)


def _numbers(found: Sequences, classes: Sequence[str]) -> np.ndarray:
    """Return the number of each class, 0 where it is not known."""
    names = found.labels or (classes[0],) * len(found.values)
    return np.array([classes.index(name) for name in names])


def _scaled(part: Part, scaler: Scaler) -> Part:
    values = [scaler.scale(own).astype(np.float32) for own in part.sequences]
    return part._replace(sequences=values)
