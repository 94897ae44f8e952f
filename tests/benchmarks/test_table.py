"""The mathematics of the benchmark tables, on made-up numbers."""

import math

import pytest

from benchmarks.report import choices, page
from benchmarks.rows import ROWS, Row, flops, parse_row
from benchmarks.table import (
    geometric_mean,
    milliseconds,
    ratio_table,
    ratios,
    slope,
    times_table,
)

TIMES = {
    "35,20,200,200": {"jlstm": 0.002, "linen": 0.004, "haiku": 0.003, "torch": 0.001},
    "100,16,64,64": {"jlstm": 0.001, "linen": 0.002, "torch": 0.002},
    "7,1,2,3": {"linen": 0.5},
}


def test_geometric_mean():
    assert geometric_mean([0.5, 2.0]) == pytest.approx(1.0)
    assert geometric_mean([1.0, 10.0, 100.0]) == pytest.approx(10.0)
    assert math.isnan(geometric_mean([]))


def test_ratios_are_to_the_fastest_of_the_others():
    assert ratios(TIMES, "jlstm", ["linen", "haiku"]) == pytest.approx(
        {"35,20,200,200": 2 / 3, "100,16,64,64": 0.5}
    )
    assert ratios(TIMES, "jlstm", ["jlstm", "torch"]) == pytest.approx(
        {"35,20,200,200": 2.0, "100,16,64,64": 0.5}
    )
    assert ratios(TIMES, "jlstm", ["keras"]) == {}


def test_slope_is_the_exponent_of_the_last_sizes():
    sizes = [1, 2, 4, 8, 16, 32]
    assert slope(sizes, [3 * size**1.5 for size in sizes]) == pytest.approx(1.5)
    assert slope(sizes, [1, 1, 4, 8, 16, 32]) == pytest.approx(1.0)
    assert math.isnan(slope([8], [1.0]))


def test_milliseconds_have_three_digits():
    seconds = (0.0000123, 0.00456, 0.0789, 1.234)
    assert [milliseconds(s) for s in seconds] == ["0.0123", "4.56", "78.9", "1234"]


def test_tables_show_gaps_and_means():
    names = ["jlstm", "linen", "haiku", "torch"]
    table = times_table(TIMES, TIMES, names).splitlines()
    assert table[2] == (
        "| 35,20,200,200 | 2.00 (2.00) | 4.00 (4.00) | 3.00 (3.00) | 1.00 (1.00) |"
    )
    assert table[4] == "| 7,1,2,3 | – | 500 (500) | – | – |"
    table = ratio_table(TIMES, names, "torch", ["linen", "haiku"]).splitlines()
    header = "| T,B,I,H | jlstm | linen | haiku | jlstm / best JAX peer |"
    assert table[0] == header
    assert table[-1] == "| **geometric mean** | 1.00 | 2.00 | 3.00 | 0.58 |"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_is_read_as_it_prints(row):
    assert parse_row(str(row)) == row


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,0", "1,2,3,x", "1,2,3,4,5,6"])
def test_what_is_no_row_is_refused(text):
    with pytest.raises(ValueError, match="is no row; write T,B,I,H"):
        parse_row(text)


def test_flops_count_useful_products():
    row = Row(5, 2, 3, 4)
    forward = 2 * 5 * 2 * (3 + 4) * 4 * 4
    assert flops("lstm", "forward", row) == forward
    assert flops("lstm", "both", row) == 3 * forward
    assert flops("gru", "step", row) == 2 * 2 * (3 + 4) * 3 * 4
    deep = Row(6, 3, 3, 4, layers=2, bidirectional=True, padded=True)
    assert list(deep.lengths()) == [3, 4, 6]
    assert flops("gru", "forward", deep) == 2 * 13 * 2 * ((3 + 4) + (8 + 4)) * 3 * 4


def test_a_page_tells_times_ratios_shares_and_choices():
    shared = {"cell": "lstm", "mode": "forward", "row": "35,20,200,200"}
    common = shared | {"calls": 7, "compile": 1.0, "note": "fused: it is faster"}
    results = [
        common | {"library": name, "minimum": s, "median": 2 * s}
        for name, s in (("jlstm", 0.001), ("linen", 0.004), ("torch", 0.002))
    ]
    content = {"results": results, "peak": {"jlstm": 1e12}, "left_out": {"keras": ""}}
    title, texts = page("forward", content)
    assert title == "Layers, forward"
    assert "of 7 or more calls" in texts[0]
    assert texts[1] == "Not installed, so left out: keras"
    assert "| 35,20,200,200 | 0.50 | 2.00 | 0.25 |" in texts[5]
    assert texts[6].endswith("jlstm / torch 0.50, jlstm / best JAX peer 0.25.")
    assert "448.0 (45%)" in texts[8]
    assert choices(results) == ["jlstm chose *fused: it is faster* for 35,20,200,200"]
