"""How far apart the rows of a table are, and the dates that come next.

A step is a length of time, a number of calendar months, or a working day. Days at the
end of months stay there: after February 29 comes March 31.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Integer

from jlstm.data.sheet.dates import Column, Moments, fitting, read_dates, writer

_DAY = 86_400 * 10**6  # microseconds
_MONTH = np.timedelta64(1, "M")
_MOST_HOLIDAYS = 0.1  # share of the working days that may lack
_UNITS = {604_800: "week", 86_400: "day", 3_600: "hour", 60: "minute", 1: "second"}


class Step(NamedTuple):
    """How far apart rows are: exactly one field is not 0.

    Attributes:
        micros: a length of time, in microseconds.
        months: calendar months.
        workdays: days from Monday to Friday.
        at_end: of ``months``: days are the last ones of their months.
    """

    micros: int = 0
    months: int = 0
    workdays: int = 0
    at_end: bool = False

    def __str__(self) -> str:
        if self.workdays:
            return "working days"
        if self.months:
            end = " (their last days)" if self.at_end else ""
            return _counted(self.months, "month") + end
        seconds = self.micros / 10**6
        for size, name in _UNITS.items():
            if seconds % size == 0:
                return _counted(int(seconds) // size, name)
        return f"{seconds:g} seconds"


class Spacing(NamedTuple):
    """A step, and where rows lack.

    Attributes:
        step: from a row to the next.
        places: the number of each row, counted in steps from the first; rows that are
            missing leave numbers out.
    """

    step: Step
    places: Integer[np.ndarray, " t"]

    @property
    def missing(self) -> int:
        """How many steps have no row."""
        return int(self.places[-1]) + 1 - len(self.places)


def spacing_of(moments: Moments) -> Spacing | None:
    """Return how far apart rising moments are, None where there is no rule.

    A rule holds where most rows are one step after the row before them, and all others
    a whole number of steps.

    Example:
        >>> days = np.array(["2024-01-31", "2024-02-29", "2024-03-31"], "M8[us]")
        >>> print(spacing_of(days).step)
        1 month (their last days)
    """
    if len(moments) < 2:
        return None
    found = [_months(moments), _workdays(moments), _fixed(moments)]
    known = [one for one in found if one is not None]
    return min(known, key=lambda one: one.missing, default=None)


def all_moments(moments: Moments, spacing: Spacing) -> Moments:
    """Return the moments of all steps from the first row to the last one."""
    count = spacing.missing + len(moments)
    before = moments[:1]
    filled = np.concatenate([before, after(moments[0], spacing.step, count - 1)])
    filled[spacing.places] = moments
    return filled


def after(last: np.datetime64, step: Step, count: int) -> Moments:
    """Return the moments that follow one.

    Example:
        >>> friday = np.datetime64("2024-01-12", "us")
        >>> after(friday, Step(workdays=1), 1).astype("M8[D]")
        array(['2024-01-15'], dtype='datetime64[D]')
    """
    steps = np.arange(1, count + 1)
    last = last.astype("M8[us]")
    if step.micros:
        return last + steps * np.timedelta64(step.micros, "us")
    day = last.astype("M8[D]")
    clock = last - day
    if step.workdays:
        return np.busday_offset(day, steps * step.workdays) + clock
    months = day.astype("M8[M]") + steps * step.months * _MONTH
    first = months.astype("M8[D]")
    last_day = (months + _MONTH).astype("M8[D]") - np.timedelta64(1, "D")
    same_day = first + (day - day.astype("M8[M]").astype("M8[D]"))
    return (last_day if step.at_end else np.minimum(same_day, last_day)) + clock


def next_dates(dates: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return the dates after the last one, or ``+1``, ``+2`` … where there is no rule.

    Args:
        dates: in the order of time, as they are written; those of form 3/4/2024 need a
            day above 12 somewhere.
        count: how many to return.

    Example:
        >>> next_dates(("1960-10", "1960-11", "1960-12"), 2)
        ('1961-01', '1961-02')
        >>> next_dates(("2024-01-31", "2024-02-29"), 1)
        ('2024-03-31',)
        >>> next_dates(None, 2)
        ('+1', '+2')
    """
    columns = [] if dates is None or len(dates) < 2 else readings(dates, 1.0)
    told = {_next_of(column, count) for column in columns}
    if len(told) == 1 and None not in told:
        return told.pop()
    return tuple(f"+{n}" for n in range(1, count + 1))


def readings(cells: Sequence[str], least: float = 0.8) -> list[Column]:
    """Return the ways to read a column of dates, the likeliest first."""
    forms = fitting(cells, least) if len(cells) else []
    return [Column(*read_dates(cells, form), form, cells[-1]) for form in forms]


def spacing_on_the_wall(column: Column) -> tuple[Spacing | None, bool]:
    """Return the spacing of a column, and whether it is that of the wall's clock.

    Days that begin at midnight are 23 or 25 hours apart where clocks are changed.
    """
    exact = spacing_of(column.moments)
    if exact is not None and not exact.missing:
        return exact, False
    wall = spacing_of(column.local) if _is_rising(column.local) else None
    if wall is not None and (exact is None or wall.missing < exact.missing):
        return wall, True
    return exact, False


def _next_of(column: Column, count: int) -> tuple[str, ...] | None:
    if not _is_rising(column.moments):
        return _next_of_end(column, count)
    spacing, _ = spacing_on_the_wall(column)
    if spacing is None:
        return _next_of_end(column, count)
    write = writer(column.sample, column.form)
    return tuple(map(write, after(column.local[-1], spacing.step, count)))


def _next_of_end(column: Column, count: int) -> tuple[str, ...] | None:
    """Go on from the last rows alone, where those before them follow no rule."""
    few = 12
    if len(column.moments) <= few:
        return None
    end = Column(column.moments[-few:], column.local[-few:], column.form, column.sample)
    return _next_of(end, count)


def _is_rising(moments: Moments) -> bool:
    return not np.isnat(moments).any() and bool(
        (np.diff(moments).astype(int) > 0).all()
    )


def _fixed(moments: Moments) -> Spacing | None:
    gaps = np.diff(moments).astype(np.int64)
    step = _commonest(gaps)
    if not step or (gaps % step).any() or (gaps == step).mean() <= 0.5:
        return None
    return Spacing(Step(micros=step), _places(gaps // step))


def _workdays(moments: Moments) -> Spacing | None:
    days = moments.astype("M8[D]")
    if not _same_clock(moments) or not np.is_busday(days).all():
        return None
    gaps = np.busday_count(days[:-1], days[1:])
    weekend = (np.diff(days).astype(int) != gaps).any()
    if not weekend or (gaps < 1).any() or (gaps > 1).mean() > _MOST_HOLIDAYS:
        return None
    return Spacing(Step(workdays=1), _places(gaps))


def _months(moments: Moments) -> Spacing | None:
    days = moments.astype("M8[D]")
    months = days.astype("M8[M]")
    numbers = (days - months.astype("M8[D]")).astype(int)
    at_end = ((days + np.timedelta64(1, "D")).astype("M8[M]") > months).all()
    if not _same_clock(moments) or not (at_end or len(set(numbers)) == 1):
        return None
    gaps = np.diff(months).astype(int)
    step = _commonest(gaps)
    if step < 1 or (gaps % step).any() or (gaps == step).mean() <= 0.5:
        return None
    return Spacing(Step(months=step, at_end=bool(at_end)), _places(gaps // step))


def _same_clock(moments: Moments) -> bool:
    return len(set((moments - moments.astype("M8[D]")).astype(np.int64).tolist())) == 1


def _commonest(gaps: Integer[np.ndarray, " t"]) -> int:
    values, counts = np.unique(gaps, return_counts=True)
    return int(values[counts.argmax()])


def _places(steps: Integer[np.ndarray, " t"]) -> Integer[np.ndarray, " n"]:
    return np.concatenate([[0], np.cumsum(steps)])


def _counted(number: int, name: str) -> str:
    return f"{number} {name}" + "s" * (number != 1)
