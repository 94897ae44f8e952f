"""Tables of numbers: the public series, and what a user's CSV file may hold."""

import functools

import numpy as np
import pytest

from jlstm.data import load_series, read_csv

SHAPES = {
    "etth1": (17_420, 7),
    "weather": (52_696, 21),
    "illness": (966, 7),
    "beijing_pm25": (43_800, 11),
    "airline_passengers": (144, 1),
    "co2": (2_284, 1),
    "daily_min_temperatures": (3_650, 1),
    "monthly_sunspots": (2_820, 1),
    "sunspots": (309, 1),
}
FIRST_DATES = {
    "etth1": "2016-07-01 00:00:00",
    "beijing_pm25": "2010-01-02 00:00",
    "airline_passengers": "1949-01",
    "co2": "19580329",
    "sunspots": "1700",
}


@pytest.mark.parametrize("name", SHAPES)
def test_counts_of_public_series(real, name):
    series = real(load_series, name)
    assert series.values.shape == SHAPES[name]
    assert len(series.columns) == SHAPES[name][1]
    assert series.dates is not None
    assert len(series.dates) == SHAPES[name][0]
    assert series.dates[0] == FIRST_DATES.get(name, series.dates[0])
    assert np.isfinite(series.values).all()
    assert series.season > 1


def test_first_values(real):
    assert real(load_series, "etth1").columns[-1] == "OT"
    assert real(load_series, "etth1").values[0, -1] == 30.5310001373291
    assert real(load_series, "airline_passengers").values[:2, 0].tolist() == [112, 118]


def test_what_was_filled_in_is_noted(real):
    assert real(load_series, "co2").note == "59 missing values interpolated"
    beijing = real(load_series, "beijing_pm25")
    assert beijing.note == (
        "first day left out, 2043 missing values interpolated"  # 2,067 less 24
    )
    np.testing.assert_array_equal(beijing.values[:, -4:].sum(1), 1)
    assert beijing.values[0, 0] == 129


@pytest.mark.slow
def test_sentinels_of_the_weather_stay_unless_cleaned(real):
    weather = real(load_series, "weather")
    assert (weather.values == -9999).sum() == 81
    assert weather.note == "81 values are -9999, as published"
    cleaned = real(functools.partial(load_series, clean=True), "weather")
    assert cleaned.note.startswith("81 values of -9999 interpolated")
    clean = cleaned.values
    assert clean.min() > -50
    kept = weather.values != -9999
    np.testing.assert_array_equal(clean[kept], weather.values[kept])


def put(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2024-01-01", "2024-02-01"),
        ("2024-01-01T00:00", "2024-01-01T00:15"),
        ("01/02/2024", "31/12/2024"),
        ("31.12.2023", "01.01.2024"),
        ("20240101", "20240102"),
        ("2024-01", "2024-02"),
        ("1999", "2000"),
    ],
)
def test_dates_are_recognized(tmp_path, first, last):
    series = read_csv(put(tmp_path, f'when, y\n"{first}",1.5\n"{last}",-2e1\n'))
    assert series.dates == (first, last)
    assert series.columns == ("y",)
    assert series.values.tolist() == [[1.5], [-20]]


@pytest.mark.parametrize("cells", [("1", "2"), ("0.5", "2000"), ("2024", "1999")])
def test_numbers_are_no_dates(tmp_path, cells):
    series = read_csv(put(tmp_path, "x,y\n{},1\n{},2\n".format(*cells)))
    assert series.dates is None
    assert series.columns == ("x", "y")


def test_missing_values_are_filled_when_asked(tmp_path):
    path = put(tmp_path, "y,z\nNA,1\n2,\n4,3\n?,4\n")
    series = read_csv(path, interpolate=True)
    assert series.values.tolist() == [[2, 1], [2, 2], [4, 3], [4, 4]]
    assert series.note == "3 missing values interpolated"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "day,y\n2024-01-01,1\n2024-01-02,\n2024-01-03,nan\n",
            "lacks 2 value(s), the first in column 'y', line 3: fill them in, or set "
            "data.interpolate=true.",
        ),
        (
            "x,y\n1,2\n3\n",
            "line 3 has 1 values for 2 columns: give one value per column",
        ),
        ("x,y\n1,red\n", "line 2 has 'red' in column 'y': give a number, or leave"),
        ("x,y\n", "has 1 line(s): give a line of column names and a row"),
        ("day\n2024-01-01\n2024-01-02\n", "has no column of numbers next to day."),
    ],
)
def test_a_bad_file_is_one_line(tmp_path, text, message):
    with pytest.raises(ValueError) as error:
        read_csv(put(tmp_path, text))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_column_without_values_cannot_be_filled(tmp_path):
    with pytest.raises(ValueError, match=r"Column 1 \(from 0\) has no known value"):
        read_csv(put(tmp_path, "x,y\n1,\n2,\n"), interpolate=True)


def test_no_file_and_no_name():
    with pytest.raises(FileNotFoundError, match=r"No file at no\.csv"):
        read_csv("no.csv")
    with pytest.raises(ValueError, match="name must be one of etth1, etth2"):
        load_series("etth3")
