"""The dates after the last one of a series, where they follow a rule."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

DAY, SECOND = "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"


def next_dates(dates: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return the dates after the last one, or ``+1``, ``+2`` … where there is no rule.

    Years and months are counted on; other dates go on if the last two gaps are equal.

    Example:
        >>> next_dates(("1960-10", "1960-11", "1960-12"), 2)
        ('1961-01', '1961-02')
        >>> next_dates(("2016-07-01 22:00:00", "2016-07-01 23:00:00"), 1)
        ('2016-07-02 00:00:00',)
        >>> next_dates(None, 2)
        ('+1', '+2')
    """
    steps = range(1, count + 1)
    last = dates[-1] if dates is not None and len(dates) > 1 else ""
    if last.isdecimal() and len(last) == 4:
        return tuple(str(int(last) + n) for n in steps)
    if (month := _read(last, "%Y-%m")) is not None:
        months = [12 * month.year + month.month - 1 + n for n in steps]
        return tuple(f"{m // 12}-{m % 12 + 1:02}" for m in months)
    known = [_read(text) for text in dates[-3:]] if last else [None]
    if None in known or len(gaps := {b - a for a, b in pairwise(known)}) > 1:
        return tuple(f"+{n}" for n in steps)
    form = DAY if len(last) == len("2024-01-01") else SECOND
    return tuple((known[-1] + n * min(gaps)).strftime(form) for n in steps)


def _read(text: str, form: str | None = None) -> datetime | None:
    """Return a date, None where the text is none of this form, or of ISO 8601."""
    try:
        if form is None:
            return datetime.fromisoformat(text)
        return datetime.strptime(text, form)
    except ValueError:
        return None
