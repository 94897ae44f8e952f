"""Which columns of a table say when its rows were, and what they say.

A date may stand in one column, in two (a day and a time), or in several numbers; a
clock may count seconds, or their thousandths, since 1970.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jlstm.data.sheet.dates import (
    FORMS,
    TIME_OF_DAY,
    Column,
    is_date,
    read_dates,
    writer,
)
from jlstm.data.sheet.header import Table
from jlstm.data.sheet.numbers import is_missing, whole
from jlstm.data.sheet.steps import readings, spacing_on_the_wall

_PARTS = ("year", "month", "day", "hour", "minute", "second")
_CLOCKS = re.compile(
    r"(unix|epoch|utc|posix)?[ _]?(time|date|timestamp|ts|datetime|t|epoch|unix|when)"
    r"([ _]?(stamp|utc|unix|s|ms|us|ns|sec|seconds|time))?",
    re.I,
)
_COUNTERS = re.compile(r"(day|hour|minute|step|period|week|month|quarter)s?", re.I)
_HOURS = re.compile(r"h|hr|hrs|hours?", re.I)
_BARE = re.compile(r"[12]\d{3}(0[1-9]|1[0-2])([0-2]\d|3[01])(\d\d){0,3}")
_EPOCHS = {"s": 10**6, "ms": 10**3, "us": 1, "ns": 10**-3}  # microseconds of a tick
_SPREAD = 50  # cells that are looked at of a column that may be of dates
_YEARS, _ISO = FORMS[-1], FORMS[0]


class Clock(NamedTuple):
    """When rows were.

    Attributes:
        used: places of the columns that say so; no variables.
        texts: the dates, as they are written where that is clear; None where rows are
            only counted.
        column: what they mean; None as ``texts``.
    """

    used: tuple[int, ...] = ()
    texts: tuple[str, ...] | None = None
    column: Column | None = None


def find_clock(
    table: Table, path: object, *, time: str | None, dayfirst: bool | None
) -> Clock:
    """Return when the rows of a table were.

    Args:
        table: all of it; what is decided is added to ``table.said``.
        path: of the file, for messages.
        time: the column that says when; None to find it.
        dayfirst: whether 3/4/2024 is in April; None to find out.

    Raises:
        ValueError: a date is missing or of another form than the others, or days and
            months cannot be told apart.
    """
    if time is not None:
        return _given_clock(table, path, time, dayfirst)
    if (parts := _parts(table)) is not None:
        return parts
    for place in range(len(table.names)):
        if _looks_dated(table.columns[place]):
            return _dated(table, path, place, dayfirst)
    return _years(table) or _ticks(table, path) or Clock()


def _given_clock(table: Table, path: object, time: str, dayfirst: bool | None) -> Clock:
    if time not in table.names:
        raise ValueError(
            f"{path} has no column {time!r}: data.time must be one of "
            f"{', '.join(table.names)}."
        )
    place = table.names.index(time)
    alone = Table([time], table.lines, [table.columns[place]], table.said)
    found = _years(alone) or _ticks(alone, path)
    return found._replace(used=(place,)) if found else _dated(
        table, path, place, dayfirst
    )  # fmt: skip


def _looks_dated(cells: Sequence[str]) -> bool:
    """Whether the first, middle and last known cells are dates."""
    known = [cell for cell in cells if not is_missing(cell)]
    if not known:
        return False
    few = [known[n] for n in (0, len(known) // 2, -1)]
    if all(map(_BARE.fullmatch, few)):
        return all(map(_BARE.fullmatch, known)) and _is_monotone(known)
    spread = known[:: len(known) // _SPREAD + 1]
    return sum(map(is_date, few)) >= 2 or sum(map(is_date, spread)) > len(spread) / 2


def _dated(table: Table, path: object, place: int, dayfirst: bool | None) -> Clock:
    name, cells = table.names[place], table.columns[place]
    used = (place,)
    column, told = _chosen(table, path, name, cells, dayfirst)
    nearby = _time_next_to(table, place) if ":" not in cells[0] else None
    if nearby is not None:
        used = (place, nearby)
        times = map(_time, table.columns[nearby])
        cells = [f"{a} {b}" for a, b in zip(cells, times, strict=True)]
        column, told = _chosen(table, path, name, cells, dayfirst)
        table.said.append(f"dates are in {name} and {table.names[nearby]}")
    if told:
        table.said.append(f"dates such as {cells[0]!r} read as {column.form.name}")
    texts = cells if not told else map(writer(cells[-1], column.form), column.local)
    return Clock(used, tuple(texts), column)


def _chosen(
    table: Table, path: object, name: str, cells: list[str], dayfirst: bool | None
) -> tuple[Column, bool]:
    """Return the reading of a column that is right, and whether there was a choice."""
    lacking = next((n for n, cell in enumerate(cells) if is_missing(cell)), None)
    if lacking is not None:
        raise ValueError(
            f"{path}, line {table.lines[lacking]} has no date in column {name!r} "
            f"({cells[lacking]!r}): give one, or take the line out."
        )
    found = readings(cells, 0.5)
    whole = [column for column in found if not np.isnat(column.local).any()]
    if not whole:
        _refuse_odd_date(table, path, name, cells, found)
    zones = {bool(re.search(_ZONED, cell, re.I)) for cell in cells}
    if len(zones) > 1:
        raise ValueError(
            f"{path} has dates with a zone and without one in column {name!r}: write "
            "all alike."
        )
    return _told_apart(whole, path, name, cells, dayfirst)


_ZONED = r"(\d\d?:\d\d.*[+-]\d\d:?(\d\d)?|z|utc|gmt)$"


def _told_apart(
    whole: list[Column], path: object, name: str, cells: list[str],
    dayfirst: bool | None,
) -> tuple[Column, bool]:  # fmt: skip
    different = {column.local.tobytes(): column for column in reversed(whole)}
    left = [*reversed(different.values())]
    if dayfirst is not None and len(left) > 1:
        wanted = "day-month-year" if dayfirst else "month-day-year"
        left = [column for column in left if column.form.name == wanted] or left
    for is_better in (_in_order, _evenly_spaced, _dotted):
        if len(left) > 1:
            left = [column for column in left if is_better(column)] or left
    if len(left) > 1:
        names = " or ".join(column.form.name for column in left)
        raise ValueError(
            f"{path} has dates such as {cells[-1]!r} in column {name!r}, which may be "
            f"{names}: set data.dayfirst to true or false."
        )
    return left[0], len(different) > 1


def _in_order(column: Column) -> bool:
    gaps = np.diff(column.moments).astype(np.int64)
    return bool((gaps > 0).all() or (gaps < 0).all())


def _evenly_spaced(column: Column) -> bool:
    if np.diff(column.moments[:2]).astype(np.int64).sum() < 0:
        turned = (column.moments[::-1], column.local[::-1])
        column = column._replace(moments=turned[0], local=turned[1])
    if not _in_order(column):
        return False
    spacing, _ = spacing_on_the_wall(column)
    return spacing is not None and not spacing.missing


def _dotted(column: Column) -> bool:
    """Whether days are first in 3.4.2024: nobody writes months first with dots."""
    return "." in column.sample[:6] and column.form.name == "day-month-year"


def _refuse_odd_date(
    table: Table, path: object, name: str, cells: list[str], found: list[Column]
) -> None:
    if not found:
        raise ValueError(
            f"{path} has dates such as {cells[0]!r} in column {name!r}, not all in one "
            "form: write them as 2024-01-31."
        )
    bad = int(np.isnat(found[0].local).argmax())
    example = cells[int((~np.isnat(found[0].local)).argmax())]
    raise ValueError(
        f"{path}, line {table.lines[bad]} has {cells[bad][:40]!r} in column {name!r} "
        f"of dates such as {example!r}: write all dates alike, and take notes and "
        "totals out of the file."
    )


def _time_next_to(table: Table, place: int) -> int | None:
    """Return the place of a column with a time of day in each row."""
    for n, (name, cells) in enumerate(zip(table.names, table.columns, strict=True)):
        is_hour = _HOURS.fullmatch(name) and all(map(_is_hour, cells))
        if n != place and (is_hour or all(map(TIME_OF_DAY.fullmatch, cells))):
            return n
    return None


def _is_hour(cell: str) -> bool:
    hour = whole(cell)
    return hour is not None and hour <= 24


def _time(cell: str) -> str:
    return f"{cell.zfill(2)}:00" if cell.isdecimal() else cell


def _parts(table: Table) -> Clock | None:
    """Return the clock of columns called year, month, day and so on."""
    places = {name.lower(): n for n, name in enumerate(table.names)}
    names = [name for name in _PARTS if name in places]
    if len(names) < 2 or names != list(_PARTS[: len(names)]):
        return None
    used = tuple(places[name] for name in names)
    rows = [*zip(*(table.columns[n] for n in used), strict=True)]
    if not all(cell.isdecimal() for row in rows for cell in row):
        return None
    texts = tuple(map(_joined, rows))
    form = _ISO if len(names) > 2 else next(f for f in FORMS if f.unit == "M")
    moments, local = read_dates(texts, form)
    if np.isnat(local).any():
        return None
    table.said.append(f"dates are in {', '.join(names)}")
    return Clock(used, texts, Column(moments, local, form, texts[-1]))


def _joined(parts: Sequence[str]) -> str:
    day = "-".join([parts[0].zfill(4), *(part.zfill(2) for part in parts[1:3])])
    clock = ":".join(part.zfill(2) for part in parts[3:])
    return day + (f" {clock}" if len(parts) > 4 else f" {clock}:00" * bool(clock))


def _years(table: Table) -> Clock | None:
    """Return the clock of a first column of years, such as 1949, 1950, 1951."""
    cells = table.columns[0]
    if len(cells) < 2 or not all(map(_YEARS.pattern.fullmatch, cells)):
        return None
    named = "year" in table.names[0].lower() or _CLOCKS.fullmatch(table.names[0])
    gaps = np.diff([float(cell) for cell in cells])
    if not ((gaps > 0).all() or ((gaps < 0).all() and named)):
        return None
    return Clock((0,), tuple(cells), Column(*read_dates(cells, _YEARS), _YEARS, "2000"))


def _ticks(table: Table, path: object) -> Clock | None:
    """Return a clock that counts: seconds since 1970, or steps of any kind."""
    for n, (name, cells) in enumerate(zip(table.names, table.columns, strict=True)):
        is_clock = _CLOCKS.fullmatch(name) is not None
        is_first = n == 0 and name in ("", "c1")
        if (numbers := _as_numbers(cells)) is None:
            continue
        unit = _epoch_unit(numbers)
        if unit is not None and (is_clock or (is_first and _is_monotone(numbers))):
            return _epoch_clock(table, n, numbers, unit)
        if len(table.names) > 1 and (is_clock or _COUNTERS.fullmatch(name)):
            if _is_even(numbers):
                return _counter(table, n, numbers)
            if is_clock:
                _refuse_clock(path, name, numbers)
    return None


def _epoch_clock(table: Table, place: int, numbers: list[float], unit: str) -> Clock:
    scaled = np.array(numbers, np.float64) * _EPOCHS[unit]
    moments = np.round(scaled).astype(np.int64).astype("M8[us]")
    sub = bool((moments.astype(np.int64) % 10**6).any())
    sample = "2000-01-01 00:00:00" + ".000000" * sub
    texts = tuple(map(writer(sample, _ISO), moments))
    name = table.names[place] or "the first column"
    table.said.append(f"{name} read as {unit} since 1970 (UTC)")
    return Clock((place,), texts, Column(moments, moments, _ISO, texts[-1]))


def _counter(table: Table, place: int, numbers: list[float]) -> Clock:
    """Return the clock of a column that counts by equal steps; it has no dates."""
    name, gap = table.names[place], numbers[1] - numbers[0]
    table.said.append(f"column {name} counts by {gap:.6g} and was left out")
    return Clock((place,))


def _is_even(numbers: list[float]) -> bool:
    gaps = np.diff(numbers)
    return gaps[0] != 0 and np.allclose(gaps, gaps[0], rtol=1e-3, atol=0)


def _refuse_clock(path: object, name: str, numbers: list[float]) -> None:
    """Refuse numbers that should be dates; a time that goes up and down is a value."""
    if _is_monotone(numbers) or "date" in name.lower() or "stamp" in name.lower():
        raise ValueError(
            f"{path} has numbers in column {name!r} that are neither dates nor equally "
            "far apart: write dates as 2024-01-31, or give the column another name if "
            "it is a variable."
        )


def _as_numbers(cells: Sequence[str]) -> list[float] | None:
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        return None
    return numbers if len(numbers) > 1 and np.isfinite(numbers).all() else None


def _epoch_unit(numbers: Sequence[float]) -> str | None:
    """Return the unit in which all numbers are moments from 1973 to 2100."""
    for unit, ticks in _EPOCHS.items():
        seconds = [number * ticks / 10**6 for number in numbers]
        if min(seconds) >= 1e8 and max(seconds) < 4.1e9:
            return unit
    return None


def _is_monotone(cells: Sequence[str] | Sequence[float]) -> bool:
    """Whether numbers rise or fall all along."""
    gaps = np.diff(np.array(cells, np.float64))
    return bool((gaps >= 0).all() or (gaps <= 0).all())
