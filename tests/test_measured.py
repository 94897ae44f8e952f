"""The list of tests that were measured to be long is of tests that there are."""

import re

from tests.measured import KEPT, listed, long_ones
from tests.pages import ROOT


def test_what_is_listed_is_there():
    for name in listed():
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
    assert long_ones(printed) == ["tests/a.py::test_one[x y]"]
