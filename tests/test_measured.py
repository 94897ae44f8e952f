"""The lists of tests that were measured to be long are of tests that there are."""

import re

import pytest

from tests.measured import KEPT, LISTS, listed, long_ones, nightly_ones, seconds_of
from tests.pages import ROOT


@pytest.mark.parametrize("mark", LISTS)
def test_what_is_listed_is_there(mark):
    for name in listed(mark):
        path, _, rest = name.partition("::")
        text = (ROOT / path).read_text("utf-8")
        function = re.split(r"[\[.]", rest)[0] if path.startswith("tests/") else ""
        assert f"def {function}" in text, name
        assert not name.startswith(KEPT)


def test_seconds_are_added_up():
    printed = [
        "0.20s call     tests/a.py::test_one[x y]",
        "0.30s setup    tests/a.py::test_one[x y]",
        "0.30s call     tests/a.py::test_two",
        "9.00s call     tests/parity/test_torch.py::test_three",
        "PASSED tests/a.py::test_two",
    ]
    assert long_ones(seconds_of(printed)) == ["tests/a.py::test_one[x y]"]


def test_the_quickest_row_of_a_table_runs_before_a_merge():
    seconds = {"a::one[x]": 3.0, "a::one[y]": 2.0, "a::one[z]": 5.0, "a::two": 9.0,
               "b::one[x]": 1.0, "b::one[y]": 0.1, "b::one[z]": 0.2}  # fmt: skip
    assert nightly_ones(seconds) == ["a::one[x]", "a::one[z]", "b::one[x]"]
