"""Tables as people write them: what is read, what is said of it, what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlstm.data import ForecastConfig, load_forecast, read_csv
from jlstm.data.sheet.read import TableOptions
from jlstm.data.sheet.steps import next_dates
from tests.messages import message_of

DAYS = [f"2024-01-{n:02}" for n in range(1, 29)]


def put(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def dated(dates, values=None):
    """Return a table of dates and numbers."""
    values = values or range(1, len(dates) + 1)
    rows = [f"{date},{value}\n" for date, value in zip(dates, values, strict=True)]
    return "when,y\n" + "".join(rows)


SAME = {
    "commas": "day,a,b\n2024-01-01,1.5,2\n2024-01-02,-3,4\n",
    "semicolons": "day;a;b\n2024-01-01;1.5;2\n2024-01-02;-3;4\n",
    "decimal commas": "day;a;b\n2024-01-01;1,5;2\n2024-01-02;-3,0;4\n",
    "tabs": "day\ta\tb\n2024-01-01\t1.5\t2\n2024-01-02\t-3\t4\n",
    "bars": "day|a|b\n2024-01-01|1.5|2\n2024-01-02|-3|4\n",
    "blanks": "day a   b\n2024-01-01 1.5 2\n2024-01-02  -3 4\n",
    "blanks after commas": "day, a, b\n2024-01-01, 1.5, 2\n2024-01-02, -3, 4\n",
    "quotes": '"day","a","b"\n"2024-01-01","1.5","2"\n"2024-01-02","-3","4"\n',
    "commas in quotes": 'day,a,b\n2024-01-01,"1,5",2\n2024-01-02,"-3,0",4\n',
    "Excel's hint": "sep=;\nday;a;b\n2024-01-01;1.5;2\n2024-01-02;-3;4\n",
    "a comma at each end": "day,a,b,\n2024-01-01,1.5,2,\n2024-01-02,-3,4,\n",
    "a comma at the end of rows": "day,a,b\n2024-01-01,1.5,2,\n2024-01-02,-3,4,\n",
    "a mark": "\ufeffday,a,b\n2024-01-01,1.5,2\n2024-01-02,-3,4\n",
    "two bytes a symbol": "day,a,b\n2024-01-01,1.5,2\n2024-01-02,-3,4\n".encode("u16"),
    "ends of Windows": "day,a,b\r\n2024-01-01,1.5,2\r\n2024-01-02,-3,4\r\n",
    "ends of an old Mac": "day,a,b\r2024-01-01,1.5,2\r2024-01-02,-3,4\r",
    "blank lines": "\nday,a,b\n\n2024-01-01,1.5,2\n2024-01-02,-3,4\n\n \n",
    "comments": "# of 2024\nday,a,b\n2024-01-01,1.5,2\n# more\n2024-01-02,-3,4\n",
    "another minus": "day,a,b\n2024-01-01,1.5,2\n2024-01-02,\u22123,4\n",
    "row numbers": ",day,a,b\n0,2024-01-01,1.5,2\n1,2024-01-02,-3,4\n",
    "rows of R": "day a b\n1 2024-01-01 1.5 2\n2 2024-01-02 -3 4\n",
    "newest first": "day,a,b\n2024-01-02,-3,4\n2024-01-01,1.5,2\n",
    "day and time apart": "day,time,a,b\n2024-01-01,0:00,1.5,2\n2024-01-01,0:05,-3,4\n",
    "date and hour apart": "day,hr,a,b\n2024-01-01,0,1.5,2\n2024-01-01,1,-3,4\n",
    "parts of dates": "year,month,day,a,b\n2024,1,31,1.5,2\n2024,2,1,-3,4\n",
    "seconds": "timestamp,a,b\n1601217763,1.5,2\n1601217823,-3,4\n",
    "milliseconds": "time,a,b\n1601217763000,1.5,2\n1601217823000,-3,4\n",
    "microseconds": "ts,a,b\n1601217763000000,1.5,2\n1601217823000000,-3,4\n",
    "counted steps": "t,a,b\n0.0,1.5,2\n0.1,-3,4\n",
    "a name of two lines": 'day,a,b\n"2024-01-01",1.5,2\n"2024-01-02\n",-3,4\n',
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_one_table_written_in_many_ways(tmp_path, name):
    series = read_csv(put(tmp_path, SAME[name]))
    assert series.columns == ("a", "b")
    assert series.values.tolist() == [[1.5, 2], [-3, 4]]
    assert "2 rows, 2 columns (a, b)" in series.read
    assert (series.dates is None) == (name == "counted steps")


def test_numbers_with_thousands(tmp_path):
    rows = 'day;x;y\n2024-01-01;1.234,5;"1.000.000"\n2024-01-02;2,5;17\n'
    series = read_csv(put(tmp_path, rows))
    assert series.values.tolist() == [[1234.5, 1e6], [2.5, 17]]
    rows = 'day,x,y\n2024-01-01,"1,234.5",1 000\n2024-01-02,2.5,17\n'
    series = read_csv(put(tmp_path, rows))
    assert series.values.tolist() == [[1234.5, 1000], [2.5, 17]]


def test_a_comma_that_may_mean_both_is_asked_for(tmp_path):
    path = put(tmp_path, "day;x\n2024-01-01;1,234\n2024-01-02;2,345\n")
    assert "set data.decimal to" in message_of(ValueError, lambda: read_csv(path))
    for mark, first in ((",", 1.234), (".", 1234)):
        series = read_csv(path, options=TableOptions(decimal=mark))
        assert series.values[0, 0] == first


MARKS = "NA n/a n.a. nan null ? - -- . #N/A #DIV/0! \\N missing NaT"


@pytest.mark.parametrize("mark", MARKS.split())
def test_marks_of_what_is_missing(tmp_path, mark):
    path = put(tmp_path, f"day,y\n2024-01-01,1\n2024-01-02,{mark}\n2024-01-03,3\n")
    assert "lacks 1 value(s)" in message_of(ValueError, lambda: read_csv(path))
    series = read_csv(path, interpolate=True)
    assert series.values.ravel().tolist() == [1, 2, 3]
    assert "1 missing values interpolated" in series.note


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1,5\n2,6\n3,7\n", ("c1", "c2")),
        ("0,1\n5,6\n7,8\n", ("0", "1")),
        ("2024-01-01,5\n2024-01-02,6\n", ("c2",)),
        ("a,b\n1,5\n2,6\n", ("a", "b")),
        ("2\n5\n7\n", ("c1",)),
        ("y\n5\n7\n", ("y",)),
        ("y\n28,7\n28,9\n", ("y",)),
    ],
)
def test_names_are_found_or_made_up(tmp_path, text, wanted):
    series = read_csv(put(tmp_path, text))
    assert series.columns == wanted
    assert len(series.values) == text.count("\n") - (wanted[0][0] != "c")
    assert ("no line of names" in series.note) == (wanted[0][0] == "c")


def test_who_knows_about_the_names_can_say_so(tmp_path):
    path = put(tmp_path, "2019,2020\n5,6\n7,8\n")
    assert len(read_csv(path, options=TableOptions(header=False)).values) == 3
    series = read_csv(path, options=TableOptions(header=True))
    assert series.columns == ("2019", "2020") and len(series.values) == 2


FORMS = {  # a date and the one after it, and the last as ISO 8601
    "1/31/2020 0:00": ("1/31/2020 1:00", "2020-01-31T01:00"),
    "31.01.2020 23:00": ("01.02.2020 00:00", "2020-02-01"),
    "01.01.2009 00:10:00": ("01.01.2009 00:20:00", "2009-01-01T00:20"),
    "16/12/2006 17:24:00": ("16/12/2006 17:25:00", "2006-12-16T17:25"),
    "2020-01-01 11:00 AM": ("2020-01-01 12:00 PM", "2020-01-01T12:00"),
    "2020-01-01 00:00:00 UTC": ("2020-01-01 01:00:00 UTC", "2020-01-01T01:00"),
    "2020-01-01T00:00:00Z": ("2020-01-01T01:00:00Z", "2020-01-01T01:00"),
    "2020-01-01T00:00+02:00": ("2020-01-01T01:00+02:00", "2019-12-31T23:00"),
    "2020-01-01 23:00": ("2020-01-01 24:00", "2020-01-02"),
    "2020/1/1": ("2020/1/2", "2020-01-02"),
    "20200131": ("20200201", "2020-02-01"),
    "2020013123": ("2020020100", "2020-02-01"),
    "Jan-2020": ("Feb-2020", "2020-02-01"),
    "Jan 2020": ("Feb 2020", "2020-02-01"),
    "Dec-19": ("Jan-20", "2020-01-01"),
    "2020-01": ("2020-02", "2020-02-01"),
    "01/2020": ("02/2020", "2020-02-01"),
    "2020M01": ("2020M02", "2020-02-01"),
    "2020Q1": ("2020Q2", "2020-04-01"),
    "Q4 2019": ("Q1 2020", "2020-01-01"),
    "2020-W01": ("2020-W02", "2020-01-06"),
    "31 Jan 2020": ("1 Feb 2020", "2020-02-01"),
    "31-Jan-20": ("01-Feb-20", "2020-02-01"),
    "January 31, 2020": ("February 1, 2020", "2020-02-01"),
    "Fri, 31 Jan 2020": ("Sat, 1 Feb 2020", "2020-02-01"),
    "31. Mai 2020": ("1. Juni 2020", "2020-06-01"),
    "2019": ("2020", "2020-01-01"),
}


@pytest.mark.parametrize("first", FORMS)
def test_forms_of_dates(tmp_path, first):
    from jlstm.data.sheet.read import read_columns_of

    second, iso = FORMS[first]
    path = put(tmp_path, f'when,y\n"{first}",1\n"{second}",2\n')
    series = read_csv(path)
    assert series.dates == (first, second) and series.columns == ("y",)
    clock = read_columns_of(path, TableOptions()).clock
    assert clock.column.moments[-1] == np.datetime64(iso)


@pytest.mark.parametrize(
    ("dates", "iso"),
    [
        (["3/4/2024", "13/4/2024", "23/4/2024"], "2024-04-03"),
        (["4/3/2024", "4/13/2024", "4/23/2024"], "2024-04-03"),
        (["11/1/2024", "12/1/2024", "1/2/2024"], "2024-01-11"),  # in order
        ([f"{n}/1/2024" for n in range(1, 13)], None),  # days or months
        (["3/4/2024", "4/4/2024"], None),
        (["3.4.2024", "4.4.2024"], "2024-04-03"),
        ([f"{d}/12/2023" for d in (10, 11, 12)], None),
        ([*(f"12/{d}/2023" for d in range(10, 13)), "12/13/2023"], "2023-12-10"),
    ],
)
def test_days_and_months_are_told_apart_by_all_of_a_column(tmp_path, dates, iso):
    path = put(tmp_path, dated(dates))
    if iso is None:
        message = message_of(ValueError, lambda: read_csv(path))
        assert "set data.dayfirst to true or false" in message
        iso_dates = [
            read_csv(path, options=TableOptions(dayfirst=d, gaps="keep")).dates[0]
            for d in (True, False)
        ]
        assert len(set(iso_dates)) == 2 or dates[0] in ("1/1/2024", "3/4/2024")
    else:
        series = read_csv(path, options=TableOptions(gaps="keep"))
        assert series.values[0, 0] == 1
        assert series.dates[0] in (iso, dates[0])


STEPS = {
    "1 day": DAYS,
    "working days": [f"2024-01-{n:02}" for n in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 15)],
    "1 month": ["2024-01-15", "2024-02-15", "2024-03-15"],
    "1 month (their last days)": ["2024-01-31", "2024-02-29", "2024-03-31"],
    "3 months": ["2024-01-01", "2024-04-01", "2024-07-01"],
    "12 months": ["2022", "2023", "2024"],
    "1 hour": [f"2024-01-01 {n:02}:00" for n in range(24)],
    "15 minutes": ["2024-01-01 00:00", "2024-01-01 00:15", "2024-01-01 00:30"],
    "0.5 seconds": ["2024-01-01 00:00:00.0", "2024-01-01 00:00:00.5"],
    "1 week": ["2024-01-01", "2024-01-08", "2024-01-15"],
}


@pytest.mark.parametrize("step", STEPS)
def test_steps_are_found_and_said(tmp_path, step):
    assert f"steps of {step}" in read_csv(put(tmp_path, dated(STEPS[step]))).read


NEXT = {
    ("2023-11-30", "2023-12-31", "2024-01-31"): "2024-02-29",
    ("2024-02-27", "2024-02-28"): "2024-02-29",
    ("2020Q3", "2020Q4"): "2021Q1",
    ("2020-W52", "2020-W53"): "2021-W01",
    ("20240130", "20240131"): "20240201",
    ("2024-01-01 22:30", "2024-01-01 23:00"): "2024-01-01 23:30:00",
    # clocks go forward on March 31: days begin at midnight all the same
    ("2024-03-30T00:00+01:00", "2024-03-31T00:00+01:00", "2024-04-01T00:00+02:00"): (
        "2024-04-02T00:00:00+02:00"
    ),
    ("2024-01-01T00:00:00Z", "2024-01-01T06:00:00Z"): "2024-01-01T12:00:00Z",
    ("1/31/2024", "2/1/2024"): "2024-02-02",
    ("2024-01-01", "2024-01-02", "2024-01-09", "2024-01-11"): "+1",
    ("a", "b"): "+1",
}


@pytest.mark.parametrize("dates", NEXT)
def test_dates_go_on_by_the_calendar(dates):
    assert next_dates(dates, 1) == (NEXT[dates],)


def test_holes_are_refused_filled_or_kept(tmp_path):
    dates = [*DAYS[:3], *DAYS[5:]]
    path = put(tmp_path, dated(dates, [n + 1 for n in range(28) if n not in (3, 4)]))
    message = message_of(ValueError, lambda: read_csv(path))
    assert "2 rows are missing, the first after 2024-01-03 (line 4)" in message
    filled = read_csv(path, options=TableOptions(gaps="fill"))
    assert filled.dates == tuple(DAYS)
    assert filled.values.ravel().tolist() == list(range(1, 29))
    assert "2 steps without a row filled in" in filled.note
    kept = read_csv(path, options=TableOptions(gaps="keep"))
    assert len(kept.values) == 26 and "2 of 28 steps have no row" in kept.note


def test_rows_out_of_order_are_sorted_where_they_then_fit(tmp_path):
    path = put(tmp_path, dated([DAYS[1], DAYS[0], DAYS[2]]))
    series = read_csv(path)
    assert series.dates == tuple(DAYS[:3])
    assert series.values.ravel().tolist() == [2, 1, 3]
    assert "rows sorted by date" in series.note


BAD = {
    "twice": (dated([*DAYS, *DAYS]), "28 date(s) more than once, such as 2024-01-01"),
    "clock set back": (
        dated(["2024-10-27 02:00", "2024-10-27 03:00", "2024-10-27 02:00"]),
        "write times with their zone where clocks were set back",
    ),
    "uneven": (
        dated(["2024-01-01", "2024-01-02", "2024-02-09"]),
        "not equally far apart, such as 2024-01-01 and 2024-01-02 (line 3)",
    ),
    "no date": (dated(["2024-01-01", "n.a.", "2024-01-03"]), "line 3 has no date in"),
    "empty date": (dated(["2024-01-01", "", "2024-01-03"]), "line 3 has no date in"),
    "February 30": (
        dated(["2024-02-28", "2024-02-29", "2024-02-30"]),
        "line 4 has '2024-02-30' in column 'when' of dates such as '2024-02-28'",
    ),
    "forms mixed": (
        dated(["2024-01-01", "2024-01-02", "3.1.2024"]),
        "line 4 has '3.1.2024' in column 'when'",
    ),
    "a zone now and then": (
        dated(["2024-01-01 00:00Z", "2024-01-01 01:00", "2024-01-01 02:00Z"]),
        "with a zone and without one",
    ),
    "months without a year": (
        dated(["1-01", "1-02", "1-03"]),
        "looks like a date of no known form: write dates as 2024-01-31",
    ),
    "a total": (
        dated([*DAYS, "Total"]),
        "line 30 has 'Total' in column 'when' of dates such as '2024-01-01'",
    ),
    "a note": ("a,b\n1,2\n3,4\nSource: us\n", "line 4 has 1 values for 2 columns"),
    "a title": ("Our sales\na,b,c\n1,2,3\n3,4,5\n", "line 1 has 1 names for 3 columns"),
    "units": ("a,b\nm,s\n1,2\n3,4\n5,6\n", "a second line of names or units"),
    "text": (
        "day,shop,y\n2024-01-01,A,1\n2024-01-01,B,2\n2024-01-02,A,3\n",
        "column of text with 2 different values",
    ),
    "a second date": (
        "a,b,y\n2024-01-01,2024-02-01,1\n2024-01-02,2024-02-02,2\n",
        "a second column of dates: choose the variables by data.columns",
    ),
    "one name": ("a,a\n1,2\n3,4\n", "2 columns with the name 'a'"),
    "no names": (",,a\n1.5,2,3\n3,4.5,7\n", "2 columns without a name"),
    "infinite": ("a,b\n1,inf\n3,4\n", "line 2 has 'inf' in column 'b', which is"),
    "too large": ("a,b\n1,2\n3,1e400\n", "line 3 has '1e400' in column 'b'"),
    "a quote": ('a,b\n1,"2\n3,4\n', "line 2 opens a quote that is not closed"),
    "a quote inside": ('a,b\n1,"2"3\n3,4\n', "has a quote in the wrong place"),
    "a web page": ("<!DOCTYPE html>\n<html>", "is a web page or XML, not a table"),
    "JSON": ('[{"a": 1},\n {"a": 2}]', "is JSON: write it as a table"),
    "Excel": (b"PK\x03\x04\x00\x00", "is a zip archive, or a file of Excel or Word"),
    "Parquet": (b"PAR1\x15\x04", "is a Parquet file"),
    "two marks": ("a;b\n1,5;2.5\n3,5;4.5\n", "set data.decimal"),
    "nothing": ("", "is empty"),
    "a comment": ("# nothing\n", "has 0 line(s)"),
    "clock that jumps": ("timestamp,y\n1,2\n2,3\n9,4\n", "neither dates nor equally"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_cannot_be_meant_is_one_line(tmp_path, name):
    text, line = BAD[name]
    path = put(tmp_path, text)
    message = message_of(ValueError, lambda: read_csv(path))
    assert message.startswith(str(path)) and line in message, message


def test_columns_are_chosen(tmp_path):
    path = put(tmp_path, "shop,until,when,y\nA,2024-02-01,5,1\nA,2024-02-02,6,2\n")
    options = TableOptions(time="until", columns=("y",))
    series = read_csv(path, options=options)
    assert series.columns == ("y",) and series.dates[0] == "2024-02-01"
    for wrong, line in (
        ({"time": "day"}, "data.time"),
        ({"columns": ("z",)}, "of shop"),
    ):
        message = message_of(
            ValueError, lambda own=wrong: read_csv(path, options=TableOptions(**own))
        )
        assert line in message


def test_what_looks_odd_is_said(tmp_path):
    rows = [f"{day},{n % 5},7\n" for n, day in enumerate(DAYS)]
    rows[9] = f"{DAYS[9]},-9999,7\n"
    note = read_csv(put(tmp_path, "day,y,z\n" + "".join(rows))).note
    assert "column y is -9999 in 1 row(s), which may mean" in note
    assert "column z never changes" in note


@pytest.mark.parametrize(
    ("value", "line"),
    [("1e200", "cannot be scaled"), ("1e-200", "cannot be scaled")],
)
def test_numbers_of_no_scale_are_refused(tmp_path, value, line):
    rows = [f"{1800 + n},{n % 7 + 1}{value[1:]}\n" for n in range(200)]
    path = put(tmp_path, "year,y\n" + "".join(rows))
    config = ForecastConfig("csv", path=str(path), length=12, horizon=3)
    assert line in message_of(ValueError, lambda: load_forecast(config))


def test_a_value_far_beyond_training_is_refused(tmp_path):
    rows = [f"{1800 + n},{n % 7 if n != 190 else '1e30'}\n" for n in range(200)]
    path = put(tmp_path, "year,y\n" + "".join(rows))
    config = ForecastConfig("csv", path=str(path), length=12, horizon=3)
    line = "Row 190 (from 0) of column 'y' is"
    assert line in message_of(ValueError, lambda: load_forecast(config))


PIECES = [
    *",;\t|\n\r\"'#.-+:/ {",
    *("1", "1,5", "NA", "inf", "1e999", "-9999", "a", "é", "\ufeff", "<html"),
    *("day", "2024-01-01", "01/02/2024", "timestamp", "1601217763"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path_factory, parts):
    path = tmp_path_factory.mktemp("fuzz") / "a.csv"
    path.write_bytes("".join(parts).encode())
    try:
        series = read_csv(path, interpolate=True)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert np.isfinite(series.values).all() and len(series.columns) >= 1
        assert series.dates is None or len(series.dates) == len(series.values)
