"""A user's own sequences of numbers, each with a label: a table, or a file for each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from jlstm.data.parts import groups_by
from jlstm.data.sheet.fill import interpolated, refuse_missing
from jlstm.data.sheet.given import Given, Source, labels_of
from jlstm.data.sheet.header import Table
from jlstm.data.sheet.numbers import is_number, numbers_of
from jlstm.data.sheet.read import Columns, TableOptions, columns_of, read_cells
from jlstm.data.sheet.several import at_rows, column_of, read_all, split_by, without
from jlstm.tasks.classification.labelled import LABEL
from jlstm.tasks.classification.labels import Labels, ProblemType, read_labels

ID = "id sequence sequence_id seq seq_id sample sample_id series series_id case record"
ORDER = "time step steps timestep time_step frame tick"
"""What a column is called that puts the rows of a sequence in order."""
TABLES = (".csv", ".tsv", ".txt", ".dat", ".parquet", ".gz")


class SequenceOptions(NamedTuple):
    """How to read sequences.

    Attributes:
        id: the column that says which sequence a row is of; None to find it.
        label: the column of labels; None to find it. Of a folder a column of each
            table; None for the names of folders.
        group: a column of groups; of a folder a pattern of the path; None for none.
        interpolate: fill missing values by straight lines.
        table: how to read the rest.
        kind: whether labels are classes or numbers, see :func:`read_labels`.
    """

    id: str | None = None
    label: str | None = None
    group: str | None = None
    interpolate: bool = False
    table: TableOptions = TableOptions()
    kind: ProblemType = "auto"


class Sequences(NamedTuple):
    """Sequences of numbers.

    Attributes:
        values: of each, a row for each step.
        names: of the sequences.
        labels: of each, as the file has it; None where none is given.
        groups: what each belongs to; None where that is not asked for.
        columns: their names.
        read: one line that says what was read.
        answers: what the labels mean; None without labels.
    """

    values: list[Float64[np.ndarray, "t c"]]
    names: tuple[str, ...]
    labels: tuple[str, ...] | None
    groups: tuple[str, ...] | None
    columns: tuple[str, ...]
    read: str = ""
    answers: Labels | None = None


def read_sequences(
    path: Source,
    options: SequenceOptions,
    classes: Sequence[str] | None = None,
    labelled: bool = True,
) -> Sequences:
    """Read a table whose rows of one id are one sequence, or a folder of tables.

    A folder has a folder for each class, and in it, at any depth, a table for each
    sequence; or tables anywhere, each with its label in a column that is named.

    Args:
        path: of the table or the folder, or what a function gave: a table, or a pair
            of sequences and labels.
        options: which columns, and how they are read.
        classes: those that may occur; None for any.
        labelled: whether there are labels; a column of them is left out otherwise.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: columns cannot be told, a sequence has two classes, a value is
            missing or no number, or classes cannot be learnt.
    """
    if isinstance(path, Given) and isinstance(path.values, tuple):
        found = _from_pair(path, path.values)
    elif not isinstance(path, Given) and Path(path).is_dir():
        found = _from_folder(Path(path), options, labelled)
    else:
        found = _from_table(path, options, labelled)
    if found.labels is not None:
        answers = read_labels(path, found.labels, options.kind, classes, "sequences")
        found = found._replace(answers=answers)
    return found._replace(read=_line(Path(path), found))


def _from_table(path: Source, options: SequenceOptions, labelled: bool) -> Sequences:
    table = read_cells(path, options.table.header)
    by = _found(table, options.id, ID, "id", path)
    at_label = _found(table, options.label, LABEL, "label", path, labelled)
    kept = {"label": at_label if labelled else None, "group": options.group}
    ids = split_by(table, by, path)
    told = {
        key: None if name is None else _constant(ids, name, path, key)
        for key, name in kept.items()
    }
    for name in {at_label, options.group} - {None}:
        table = without(table, str(name))
    tables = {name: _in_steps(own) for name, own in split_by(table, by, path).items()}
    found = read_all(tables, table, path, options.table)
    values = [
        _filled(_in_time(own), own.names, own.lines, path, options)
        for own in found.values()
    ]
    columns = next(iter(found.values())).names
    return Sequences(values, tuple(found), told["label"], told["group"], columns)


def _from_pair(given: Given, pair: tuple[Any, ...]) -> Sequences:
    """Return arrays ``t c`` as they are, each with its label."""
    if len(pair) != 2 or len(pair[0]) != len(pair[1]) or not len(pair[0]):
        sizes = ", ".join(str(len(one)) for one in pair)
        raise ValueError(
            f"{given} returned {len(pair)} values of lengths {sizes}: give sequences, "
            "and a label for each."
        )
    values = [np.asarray(one, np.float64) for one in pair[0]]
    values = [one[:, None] if one.ndim == 1 else one for one in values]
    for number, one in enumerate(values):
        if one.ndim != 2 or not len(one) or one.shape[1:] != values[0].shape[1:]:
            raise ValueError(
                f"{given}: sequence {number} has shape {one.shape}, the first one has "
                f"{values[0].shape}: give steps by features, the same features in all."
            )
        if not np.isfinite(one).all():
            raise ValueError(
                f"{given}: sequence {number} has a value that is not finite: give "
                "finite numbers."
            )
    names = tuple(map(str, range(len(values))))
    columns = tuple(f"c{n + 1}" for n in range(values[0].shape[1]))
    return Sequences(values, names, labels_of(given, pair[1]), None, columns)


def _from_folder(path: Path, options: SequenceOptions, labelled: bool) -> Sequences:
    files = sorted(
        one
        for one in path.rglob("*")
        if one.is_file() and one.suffix.lower() in TABLES and one.name[0] != "."
    )
    if not files:
        raise ValueError(f"{path} has no table ({', '.join(TABLES)}) in it.")
    flat = next((file for file in files if file.parent == path), None)
    if labelled and flat is not None and options.label is None:
        raise ValueError(
            f"{flat} lies in no folder of a class: put each sequence in the folder of "
            "its class, or name a column of each table by data.label."
        )
    labels: list[str] = []
    values, first = [], None
    for file in files:
        table = read_cells(file, options.table.header)
        labels.append(_label_of(file, path, table, options.label, labelled))
        if options.label is not None:
            table = without(table, options.label)
        own = columns_of(table, file, options.table)
        first = first or own.names
        if own.names != first:
            raise ValueError(
                f"{file} has columns {', '.join(own.names)}, {files[0]} has "
                f"{', '.join(first)}: give the same."
            )
        values.append(_filled(own.values, own.names, own.lines, file, options))
    groups = None if options.group is None else groups_by(options.group, files, path)
    names = tuple(file.relative_to(path).as_posix() for file in files)
    told = tuple(labels) if labelled else None
    return Sequences(values, names, told, groups, first or ())


def _label_of(
    file: Path, root: Path, table: Table, column: str | None, labelled: bool
) -> str:
    """Return the label of a file: that of its column, or the folder it is in."""
    if column is None:
        return file.relative_to(root).parts[0]
    return _constant({file.name: table}, column, file, "label")[0] if labelled else ""


def _in_steps(table: Table) -> Table:
    """Return the rows of a sequence in the order that a column counts, if one does."""
    for name, cells in zip(table.names, table.columns, strict=True):
        if name.lower() not in ORDER.split() or not all(map(is_number, cells)):
            continue
        steps, _ = numbers_of(cells, "," if any("," in one for one in cells) else ".")
        rows = np.argsort(steps, kind="stable")
        gaps = np.diff(steps[rows])
        if len(gaps) and gaps[0] > 0 and np.allclose(gaps, gaps[0]):
            return at_rows(table, rows.tolist())
    return table


def _in_time(found: Columns) -> Float64[np.ndarray, "t c"]:
    """Return values with the oldest first, where a column has dates."""
    column = found.clock.column
    if column is None:
        return found.values
    return found.values[np.argsort(column.moments, kind="stable")]


def _found(
    table: Table,
    told: str | None,
    usual: str,
    key: str,
    path: Source,
    needed: bool = True,
) -> str | None:
    """Return the column of a key: the one that is named, or one of a usual name."""
    if told is not None:
        return (
            column_of(table, told, key, path) if needed or told in table.names else None
        )
    lower = [name.lower() for name in table.names]
    likely = next((name for name in usual.split() if name in lower), None)
    if likely is None and needed:
        raise ValueError(
            f"{path} has no column {' or '.join(usual.split()[:3])}: name it by "
            f"data.{key}; there are {', '.join(table.names)}."
        )
    return None if likely is None else table.names[lower.index(likely)]


def _constant(
    ids: dict[str, Table], name: str, path: Source, key: str
) -> tuple[str, ...]:
    """Return the one value that a column has in each sequence."""
    found = []
    for own, table in ids.items():
        cells = table.columns[table.names.index(column_of(table, name, key, path))]
        odd = next((n for n, cell in enumerate(cells) if cell != cells[0]), None)
        if odd is not None or not cells[0]:
            row = odd or 0
            raise ValueError(
                f"{path}, line {table.lines[row]} has {cells[row]!r} in column "
                f"{name!r}, where sequence {own!r} began with {cells[0]!r}: give one "
                "for each sequence."
            )
        found.append(cells[0])
    return tuple(found)


def _filled(
    values: np.ndarray, names: Sequence[str], lines: Sequence[int], path: Source,
    options: SequenceOptions,
) -> np.ndarray:  # fmt: skip
    missing = np.isnan(values)
    if missing.any() and not options.interpolate:
        refuse_missing(path, missing, names, lines)
    return interpolated(values, missing)


def _line(path: Path, found: Sequences) -> str:
    lengths = sorted(map(len, found.values))
    steps = f"{lengths[0]} to {lengths[-1]}" if lengths[0] < lengths[-1] else lengths[0]
    few = ", ".join(found.columns[:6]) + ", …" * (len(found.columns) > 6)
    text = (
        f"read {path.name}: {len(lengths)} sequences of {steps} steps, "
        f"{len(found.columns)} column{'s' * (len(found.columns) > 1)} ({few})"
    )
    return text if found.answers is None else f"{text}, {found.answers.told}"
