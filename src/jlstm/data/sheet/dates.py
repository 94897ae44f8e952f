"""Dates as people write them: which form a column has, and when each row was.

Days stand before months or after them; which it is, is decided from all of a column,
since no single date such as 3/4/2024 tells.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped

Moments = Shaped[np.ndarray, "_"]
"""Moments as ``datetime64[us]``; NaT where a cell is no date of the form."""

_NAMES = (
    *(
        "jan(?:uary|uar)?",
        "feb(?:ruary|ruar)?",
        "mar(?:ch)?|mär(?:z)?|mrz",
        "apr(?:il)?",
    ),
    *("may|mai", "june?|juni", "july?|juli", "aug(?:ust)?", "sept?(?:ember)?"),
    *("oct(?:ober)?|okt(?:ober)?", "nov(?:ember)?", "dec(?:ember)?|dez(?:ember)?"),
)
_NAME = rf"(?P<name>{'|'.join(_NAMES)})\.?"
_CLOCK = (
    r"(?P<H>\d{1,2})(?:[:h](?P<M>\d{2}))?(?::(?P<S>\d{2})(?:[.,](?P<F>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[ap]\.?m\.?))?"
)
_ZONE = r"\s*(?P<zone>z|utc|gmt|(?:utc|gmt)?[+-]\d{2}:?(?:\d{2})?)"
_TAIL = rf"(?:(?P<T>t|\s+|,\s*){_CLOCK}(?:{_ZONE})?)?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_PLAIN_ISO = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?")
_DIGIT = re.compile(r"\d")
TIME_OF_DAY = re.compile(r"\d{1,2}[:h]\d{2}(:\d{2}([.,]\d+)?)?(\s*[ap]\.?m\.?)?", re.I)


class Form(NamedTuple):
    """A way to write dates.

    Attributes:
        name: what it is called in messages.
        pattern: of the text, with groups for its parts.
        unit: ``"Y"``, ``"Q"``, ``"M"``, ``"W"`` or ``"D"``: what a date names.
    """

    name: str
    pattern: re.Pattern[str]
    unit: str = "D"


def _form(name: str, pattern: str, unit: str = "D") -> Form:
    tail = _TAIL if unit == "D" else ""
    return Form(name, re.compile(_WEEKDAY + pattern + tail, re.I), unit)


_PAIR = r"(?P<{}>\d{{1,2}})(?P<sep>[-/.])(?P<{}>\d{{1,2}})(?P=sep)(?P<{}>{})"
_DAY, _NTH = r"(?P<d>\d{1,2})", r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?"
_DIGITS = (
    r"(?P<Y>[12]\d{3})(?P<m>\d{2})(?P<d>\d{2})t?(?P<H>\d{2})(?P<M>\d{2})?(?P<S>\d{2})?"
)
FORMS = (
    _form("year-month-day", r"(?P<Y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)" + _DAY),
    _form("year-month-day", r"(?P<Y>[12]\d{3})(?P<m>\d{2})(?P<d>\d{2})"),
    Form("year-month-day", re.compile(_DIGITS, re.I)),
    _form("day-month-year", _PAIR.format("d", "m", "Y", r"\d{4}")),
    _form("month-day-year", _PAIR.format("m", "d", "Y", r"\d{4}")),
    _form("day-month-year", _PAIR.format("d", "m", "y", r"\d{2}")),
    _form("month-day-year", _PAIR.format("m", "d", "y", r"\d{2}")),
    _form("year-month-day", _PAIR.format("y", "m", "d", r"\d{2}")),
    _form("day-month-year", rf"{_NTH}[- /.]*{_NAME}[- /.,]*(?P<Y>\d{{4}})"),
    _form("day-month-year", rf"{_DAY}[- /.]{_NAME}[- /.,]*(?P<y>\d{{2}})"),
    _form("month-day-year", rf"{_NAME}[- /]*{_NTH},?[- /]+(?P<Y>\d{{4}})"),
    _form("year-month-day", rf"(?P<Y>\d{{4}})[- /]{_NAME}[- /]{_DAY}"),
    _form("month", r"(?P<Y>\d{4})[-/.](?P<m>\d{1,2})", "M"),
    _form("month", r"(?P<Y>\d{4})m(?P<m>\d{1,2})", "M"),
    _form("month", r"(?P<m>\d{1,2})[-/.](?P<Y>\d{4})", "M"),
    _form("month", rf"{_NAME}[- /,.]*(?P<Y>\d{{4}})", "M"),
    _form("month", rf"(?P<Y>\d{{4}})[- /]*{_NAME}", "M"),
    _form("month", rf"{_NAME}[- /']+(?P<y>\d{{2}})", "M"),
    _form("quarter", r"(?P<Y>\d{4})[- /]?q(?P<q>[1-4])", "Q"),
    _form("quarter", r"q(?P<q>[1-4])[- /]*(?P<Y>\d{4})", "Q"),
    _form("week", r"(?P<Y>\d{4})-?w(?P<w>\d{2})(?:-?(?P<wd>[1-7]))?", "W"),
    _form("year", r"(?P<Y>1[5-9]\d\d|2[01]\d\d)(?:\.0)?", "Y"),
)  # fmt: skip


class Column(NamedTuple):
    """A column of dates.

    Attributes:
        moments: when each row was, in UTC where zones are given.
        local: the same as the clock on the wall had it.
        form: how they are written.
        sample: the last of them, by whose looks further ones are written.
    """

    moments: Moments
    local: Moments
    form: Form
    sample: str


def read_dates(cells: Sequence[str], form: Form) -> tuple[Moments, Moments]:
    """Return the moments of cells in UTC and on the wall; NaT where one is none."""
    if form is FORMS[0] and all(map(_PLAIN_ISO.fullmatch, cells)):
        try:  # numpy's own reading is many times faster
            local = np.array(cells, "datetime64[us]")
            return local, local
        except ValueError:
            pass
    found = [_moment(cell, form) or (_NAT, _NO_ZONE) for cell in cells]
    local = np.array([one[0] for one in found], "datetime64[us]")
    zone = np.array([one[1] for one in found], "timedelta64[us]")
    return local - zone, local


def fitting(cells: Sequence[str], least: float = 0.8) -> list[Form]:
    """Return the forms that at least a share of cells is written in, the best first.

    Example:
        >>> [form.name for form in fitting(["3/4/2024", "13/4/2024"], 1.0)]
        ['day-month-year']
    """
    few = [cells[n] for n in sorted({0, len(cells) // 2, len(cells) - 1})]
    likely = [f for f in FORMS if any(_moment(c, f) for c in few)]
    shares = {f: 1 - np.isnat(read_dates(cells, f)[1]).mean() for f in likely}
    kept = [form for form in likely if shares[form] >= max(least, 1e-9)]
    return sorted(kept, key=lambda form: -shares[form])


def is_date(cell: str) -> bool:
    """Whether a cell is a date in some form; a bare number never counts.

    Example:
        >>> is_date("1/31/2020 0:00"), is_date("2020Q1"), is_date("2020")
        (True, True, False)
    """
    text = cell.strip()
    if (
        len(text) > 40
        or not _DIGIT.search(text)
        or text.replace(".", "", 1).isdecimal()
    ):
        return False
    return any(_moment(text, form) for form in FORMS)


_NAT = np.datetime64("NaT", "us")
_NO_ZONE = np.timedelta64(0, "us")


def _moment(cell: str, form: Form) -> tuple[np.datetime64, np.timedelta64] | None:
    """Return what the clock on the wall had, and how far the zone is from UTC."""
    found = form.pattern.fullmatch(cell.strip())
    if found is None:
        return None
    parts = found.groupdict()
    try:
        return _date(parts) + _time(parts), _zone(parts.get("zone"))
    except ValueError:  # such as February 30
        return None


def _date(parts: dict[str, str | None]) -> np.datetime64:
    year = _year(parts)
    if (week := parts.get("w")) is not None:
        return _week_day(year, int(week), int(parts["wd"] or 1))
    if (quarter := parts.get("q")) is not None:
        month = 3 * int(quarter) - 2
    elif (name := parts.get("name")) is not None:
        month = next(
            n for n, one in enumerate(_NAMES, 1) if re.fullmatch(one, name, re.I)
        )
    else:
        month = int(parts.get("m") or 1)
    day = int(parts.get("d") or 1)
    return np.datetime64(f"{year:04}-{month:02}-{day:02}", "us")


def _year(parts: dict[str, str | None]) -> int:
    if parts.get("Y"):
        return int(parts["Y"] or 0)
    short = int(parts["y"] or 0)
    return short + (1900 if short > 68 else 2000)


def _week_day(year: int, week: int, day: int) -> np.datetime64:
    fourth = np.datetime64(f"{year:04}-01-04", "D")  # always in week 1
    monday = fourth - np.timedelta64((int(fourth.astype(int)) + 3) % 7, "D")
    if not 1 <= week <= 53:
        raise ValueError(week)
    return (monday + np.timedelta64(7 * (week - 1) + day - 1, "D")).astype("M8[us]")


def _time(parts: dict[str, str | None]) -> np.timedelta64:
    if not parts.get("H"):
        return _NO_ZONE
    hour, minute = int(parts["H"] or 0), int(parts["M"] or 0)
    second = int(parts["S"] or 0)
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    if not (hour < 24 or (hour == 24 and minute == second == 0)):
        raise ValueError(hour)
    if minute > 59 or second > 59:
        raise ValueError(minute)
    micro = int(((parts.get("F") or "") + "000000")[:6])
    return np.timedelta64(((hour * 60 + minute) * 60 + second) * 10**6 + micro, "us")


def _zone(text: str | None) -> np.timedelta64:
    digits = re.sub(r"[^\d+-]", "", text or "")
    if not digits:
        return _NO_ZONE
    sign = -1 if digits[0] == "-" else 1
    minutes = int(digits[1:3]) * 60 + int(digits[3:5] or 0)
    return np.timedelta64(sign * minutes * 60 * 10**6, "us")


def writer(sample: str, form: Form) -> Callable[[np.datetime64], str]:
    """Return what writes a moment of the wall's clock as a column does.

    Years, quarters, months and weeks are written as such, all else as ISO 8601 has it,
    with as many places and the zone of the sample.
    """
    if form.unit != "D":
        return lambda moment: _coarse(moment, form.unit)
    found = form.pattern.fullmatch(sample.strip())
    parts = found.groupdict() if found else {}
    if not parts.get("H"):
        if re.fullmatch(r"\d{8}", sample):
            return lambda moment: str(moment.astype("M8[D]")).replace("-", "")
        return lambda moment: str(moment.astype("M8[D]"))
    places = len(parts.get("F") or "")
    between = "T" if (parts.get("T") or "").upper() == "T" else " "
    zone = _zone_text(parts.get("zone"))

    def write(moment: np.datetime64) -> str:
        text = str(moment.astype("M8[us]")).replace("T", between)
        whole, fraction = text.split(".") if "." in text else (text, "000000")
        return whole + (f".{fraction}"[: places + 1] if places else "") + zone

    return write


def _zone_text(zone: str | None) -> str:
    if zone is None:
        return ""
    return zone if zone[0] in "+-Zz" else f" {zone.upper()}"


def _coarse(moment: np.datetime64, unit: str) -> str:
    month = str(moment.astype("M8[M]"))
    if unit == "Y":
        return month[:4]
    if unit == "Q":
        return f"{month[:4]}Q{(int(month[5:]) + 2) // 3}"
    if unit == "W":
        year, week, _ = moment.astype("M8[D]").item().isocalendar()
        return f"{year}-W{week:02}"
    return month
