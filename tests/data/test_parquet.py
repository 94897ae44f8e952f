"""Parquet files mean what the same tables as CSV mean."""

import datetime as dt
import sys

import numpy as np
import pytest

from jlstm.cli.forms import form_of
from jlstm.data import read_csv
from jlstm.data.sheet.parquet import is_parquet
from jlstm.data.sheet.read import TableOptions
from jlstm.tasks.classification.labelled import read_texts

DAYS = [dt.datetime(2024, 1, n) for n in (3, 2, 1)]


@pytest.fixture
def write(tmp_path):
    """Write columns as Parquet and return the path."""
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")

    def made(**columns):
        path = tmp_path / "a.parquet"
        parquet.write_table(pyarrow.table(columns), path)
        return path

    return made


def test_a_series_is_read_as_from_csv(write):
    path = write(
        day=DAYS, sold=[1 / 3, None, 2e-7], n=[1, 2, 3], open=[True, False, True]
    )
    assert is_parquet(path) and form_of(path) == "csv"
    series = read_csv(path, interpolate=True)
    assert series.columns == ("sold", "n", "open")
    assert series.dates == ("2024-01-01", "2024-01-02", "2024-01-03")
    wanted = [[2e-7, 3, 1], [(1 / 3 + 2e-7) / 2, 2, 0], [1 / 3, 1, 1]]
    np.testing.assert_array_equal(series.values, wanted)
    assert (
        "turned around" in series.read
        and "1 missing values interpolated" in series.read
    )


def test_times_with_zones_and_several_series(write):
    zone = dt.timezone(dt.timedelta(hours=2))
    hours = [dt.datetime(2024, 1, 1, n, tzinfo=zone) for n in (0, 1)] * 2
    path = write(when=hours, shop=["a", "a", "b", "b"], sold=[1.5, 2.5, 3.5, 4.5])
    series = read_csv(path, options=TableOptions(id="shop"))
    assert [span.name for span in series.parts] == ["a", "b"]
    assert series.spacing == "1 hour" and series.values.ravel()[2] == 3.5


def test_texts_and_classes(write):
    path = write(text=["a film", "dull"], label=["good", "bad"])
    found = read_texts(path)
    assert found.labelled.sentences == (("a", "film"), ("dull",))
    assert found.classes == ("bad", "good")
    assert form_of(path) == "labelled_text"


def test_what_is_no_table_of_numbers_is_refused(write, tmp_path):
    with pytest.raises(ValueError, match="has a list in column 'x': give numbers"):
        read_csv(write(x=[[1], [2]]))
    with pytest.raises(ValueError, match="has no rows"):
        read_csv(write(x=np.zeros(0)))
    broken = tmp_path / "b.parquet"
    whole = write(x=[1.0, 2.0]).read_bytes()
    broken.write_bytes(whole[:8] + whole[-12:])
    with pytest.raises(ValueError, match=r"b\.parquet is a damaged Parquet file \("):
        read_csv(broken)


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1" + bytes(8) + b"PAR1")
    with pytest.raises(ModuleNotFoundError, match=r'pip install "jlstm\[parquet\]"'):
        read_csv(path)
