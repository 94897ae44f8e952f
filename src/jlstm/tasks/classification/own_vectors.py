"""A user's own sequences of numbers: cut into parts, scaled; new ones for a model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jlstm.data.lines import path_only
from jlstm.data.parts import cut_rows, told_groups
from jlstm.data.scale import Scaler
from jlstm.data.sheet.given import Source, sources_of
from jlstm.data.sheet.read import TableOptions
from jlstm.tasks.classification.data import Data, DataConfig, Part, Prep
from jlstm.tasks.classification.labels import ProblemType, say_parts, target_of
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
    options = _options(config, config.problem_type)
    others = {"valid": config.valid_path, "test": config.test_path}
    sources = sources_of(config.path, config.function, **others)
    whole = read_sequences(sources.pop("train"), options)
    print(whole.read, flush=True)
    assert whole.answers is not None  # it is read with its labels
    classes, labels = whole.answers.classes, whole.answers.values
    options = options._replace(kind="classification" if classes else "regression")
    shares = {"valid": config.valid_fraction, "test": config.test_fraction}
    left = {name: share for name, share in shares.items() if name not in sources}
    rows = cut_rows(whole.answers.strata, left, config.seed, whole.groups)
    if config.limit_train is not None:
        rows["train"] = rows["train"][: config.limit_train]
    found = {n: Part([whole.values[row] for row in own], labels[own], None,
                     tuple(whole.names[row] for row in own))
             for n, own in rows.items()}  # fmt: skip
    for name, source in sources.items():
        other = _alike(source, options, classes, whole.columns)
        print(other.read, flush=True)
        found[name] = _part(other)
    say_parts({n: found[n].labels for n in ("train", *shares)}, classes)
    if whole.groups is not None:
        print(told_groups(rows, whole.groups), flush=True)
    scaler = Scaler.fit(np.concatenate([*found["train"].sequences]))
    target = target_of(found["train"].labels, classes)
    prep = Prep(classes, None, len(whole.columns), whole.columns, scaler, target)
    parts = {name: _scaled(found[name], scaler) for name in ("train", *shares)}
    return Loaded(prep, parts)


def read_new(path: str | Path, prep: Prep, config: DataConfig, labelled: bool) -> Part:
    """Read sequences as a run does.

    Args:
        path: of a table or a folder, as ``sequences`` takes them.
        prep: of the run.
        config: how they are read.
        labelled: whether there are labels.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: it lacks a column, or has a class that the run does not know.
    """
    assert prep.scaler is not None  # of a run on sequences
    path, options = path_only(path), _options(config, prep.problem_type)
    found = _alike(path, options, prep.classes, prep.columns, labelled)
    print(found.read, flush=True)
    return _scaled(_part(found), prep.scaler)


def _options(config: DataConfig, kind: ProblemType) -> SequenceOptions:
    table = TableOptions(columns=config.columns)
    return SequenceOptions(
        config.id, config.label, config.group, config.interpolate, table, kind
    )


def _alike(
    path: Source,
    options: SequenceOptions,
    classes: Sequence[str],
    columns: tuple[str, ...],
    labelled: bool = True,
) -> Sequences:
    """Read other sequences with the columns of those that are learnt from."""
    options = options._replace(table=TableOptions(columns=columns), group=None)
    return read_sequences(path, options, classes, labelled)


def _part(found: Sequences) -> Part:
    """Return sequences with their labels, 0 where these are not known."""
    known = found.answers
    labels = np.zeros(len(found.values), int) if known is None else known.values
    return Part(found.values, labels, None, found.names)


def _scaled(part: Part, scaler: Scaler) -> Part:
    values = [scaler.scale(own).astype(np.float32) for own in part.sequences]
    return part._replace(sequences=values)
