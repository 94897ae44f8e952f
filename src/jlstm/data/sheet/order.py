"""Rows in the order of time and equally far apart, or a table that is refused."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float64, Integer

from jlstm.data.sheet.clock import Clock
from jlstm.data.sheet.dates import Column, writer
from jlstm.data.sheet.steps import Spacing, all_moments, spacing_on_the_wall

Gaps = Literal["refuse", "fill", "forward", "keep"]


class Ordered(NamedTuple):
    """A table in the order of time.

    Attributes:
        values: a row for each step, NaN in those that were filled in.
        dates: of each row.
        said: what was done.
        spacing: how far apart rows are, such as ``"1 day"``.
    """

    values: Float64[np.ndarray, "t c"]
    dates: tuple[str, ...]
    said: list[str]
    spacing: str


def in_order(
    values: Float64[np.ndarray, "t c"],
    clock: Clock,
    lines: Sequence[int],
    path: object,
    gaps: Gaps,
) -> Ordered:
    """Return a table with the oldest row first and a row for each step.

    Args:
        values: a row for each date.
        clock: the dates.
        lines: the line of each row in the file, for messages.
        path: of the file, for messages.
        gaps: what to do about steps without a row: ``"refuse"`` the file, ``"fill"``
            in rows of NaN, repeat the row before by ``"forward"``, or ``"keep"`` rows
            as they follow each other.

    Raises:
        ValueError: dates stand twice, follow no order, or are not equally far apart.
    """
    column, texts = clock.column, clock.texts
    assert column is not None and texts is not None  # the caller has looked
    rows, said = _rising_rows(column, texts, lines, path)
    column = column._replace(moments=column.moments[rows], local=column.local[rows])
    values, texts = values[rows], tuple(texts[row] for row in rows)
    if len(rows) < 2:
        return Ordered(values, texts, said, "one row")
    spacing, on_wall = spacing_on_the_wall(column)
    if spacing is None or (said and "sorted" in said[0] and spacing.missing):
        if gaps != "keep":
            _refuse_uneven(column, texts, [lines[row] for row in rows], path)
        return Ordered(values, texts, [*said, "rows are not evenly apart"], "uneven")
    step = spacing.step
    if not spacing.missing:
        return Ordered(values, texts, said, str(step))
    if step.workdays or gaps == "keep":
        lacking = f"{spacing.missing} of {spacing.places[-1] + 1} steps have no row"
        return Ordered(values, texts, [*said, lacking], str(step))
    if gaps == "refuse":
        _refuse_gaps(spacing, texts, [lines[row] for row in rows], path)
    said.append(f"{spacing.missing} steps without a row filled in")
    made = _filled(values, texts, column, spacing, on_wall, said)
    if gaps != "forward":
        return made
    before = np.searchsorted(spacing.places, np.arange(len(made.values)), "right") - 1
    return made._replace(values=values[before])


def _filled(
    values: Float64[np.ndarray, "t c"],
    texts: tuple[str, ...],
    column: Column,
    spacing: Spacing,
    on_wall: bool,
    said: list[str],
) -> Ordered:
    shift = np.timedelta64(0, "us") if on_wall else column.local - column.moments
    moments = all_moments(column.local if on_wall else column.moments, spacing)
    wide = np.full((len(moments), values.shape[1]), np.nan)
    wide[spacing.places] = values
    write = writer(column.sample, column.form)
    last = shift if on_wall else shift[-1]
    written = [write(moment + last) for moment in moments]
    for place, text in zip(spacing.places, texts, strict=True):
        written[place] = text
    return Ordered(wide, tuple(written), said, str(spacing.step))


def _rising_rows(
    column: Column, texts: Sequence[str], lines: Sequence[int], path: object
) -> tuple[Integer[np.ndarray, " t"], list[str]]:
    """Return the rows with the oldest first, and what was done for it."""
    rows = np.arange(len(texts))
    gaps = np.diff(column.moments).astype(np.int64)
    if (gaps > 0).all():
        return rows, []
    if (gaps < 0).all():
        return rows[::-1], ["turned around, as its newest row was first"]
    rows = np.argsort(column.moments, kind="stable")
    equal = np.flatnonzero(np.diff(column.moments[rows]).astype(np.int64) == 0)
    if len(equal):
        first, again = rows[equal[0]], rows[equal[0] + 1]
        _refuse_repeated(texts[first], lines[first], lines[again], len(equal), path)
    return rows, ["rows sorted by date"]


def _refuse_repeated(
    text: str, first: int, again: int, count: int, path: object
) -> None:
    raise ValueError(
        f"{path} has {count} date(s) more than once, such as {text} in lines {first} "
        f"and {again}: name the column of the series by data.id, take out rows that "
        "stand twice, and write times with their zone where clocks were set back."
    )


def _refuse_uneven(
    column: Column, texts: Sequence[str], lines: Sequence[int], path: object
) -> None:
    gaps = np.diff(column.moments).astype(np.int64)
    usual = np.median(gaps)
    odd = int(np.argmax(np.abs(gaps - usual)))
    raise ValueError(
        f"{path} has rows that are not equally far apart, such as {texts[odd]} and "
        f"{texts[odd + 1]} (line {lines[odd + 1]}): give a row for each step, or set "
        "data.gaps=keep to take rows as steps."
    )


def _refuse_gaps(
    spacing: Spacing, texts: Sequence[str], lines: Sequence[int], path: object
) -> None:
    gap = int(np.argmax(np.diff(spacing.places) > 1))
    raise ValueError(
        f"{path} has a row each {spacing.step} but {spacing.missing} rows are missing, "
        f"the first after {texts[gap]} (line {lines[gap]}): fill them in, or set "
        "data.gaps=fill for straight lines, forward to repeat the row before, or "
        "keep to take rows as steps."
    )
