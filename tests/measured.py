"""Which tests take long, as measured: ``tests/long.txt`` and ``tests/nightly.txt``.

They are marked without a mark in their file, since no one can tell by reading them:
most compile much. ``long`` are tests that take a while. ``slow``, for the nightly
command, are rows of a table that do, but for the quickest one of each table. On a
machine with nothing else to do:

    python3 dev.py test --long -vv --durations=0 --durations-min=0.1 | tee LOG
    python -m tests.measured LOG
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).parent
LISTS = {"long": HERE / "long.txt", "slow": HERE / "nightly.txt"}
"""The file of each mark."""
LINE = re.compile(r"([\d.]+)s (?:call|setup) +(\S+?::.*)")
SECONDS = 0.4
KEPT = ("tests/interop/", "tests/parity/")
"""What is compared with other libraries where Python is the oldest, and only there."""
WATCHED = tuple(
    f"tests/backends/native/test_{name}.py"
    for name in ("foreign_memory", "kernel", "likelihood")
)
"""What runs under AddressSanitizer too, every row of it."""


def listed(mark: str) -> frozenset[str]:
    """Return the ids of the tests that were found to deserve a mark."""
    return frozenset(LISTS[mark].read_text("utf-8").splitlines())


def seconds_of(lines: Iterable[str]) -> Counter[str]:
    """Return what pytest has printed of each test, but for those that are kept."""
    seconds: Counter[str] = Counter()
    for found in filter(None, map(LINE.match, lines)):
        name = found[2].strip()
        if not name.startswith(KEPT):
            seconds[name] += float(found[1])
    return seconds


def long_ones(seconds: Mapping[str, float]) -> list[str]:
    """Return the ids of tests that take a while."""
    return sorted(name for name, each in seconds.items() if each >= SECONDS)


def nightly_ones(seconds: Mapping[str, float]) -> list[str]:
    """Return the ids of rows that take a while, but for the quickest of each table."""
    found = []
    for _, rows in groupby(sorted(seconds), key=_table):
        _, *others = sorted(rows, key=lambda name: (seconds[name], name))
        found += [name for name in others if seconds[name] >= SECONDS]
    return sorted(name for name in found if not name.startswith(WATCHED))


def _table(name: str) -> str:
    return name.partition("[")[0]


def _add(mark: str, names: Iterable[str]) -> None:
    found = sorted(listed(mark).union(names))
    LISTS[mark].write_text("".join(f"{name}\n" for name in found), "utf-8")
    print(len(found), mark, "tests")


if __name__ == "__main__":
    printed = seconds_of(Path(sys.argv[1]).read_text("utf-8").splitlines())
    _add("long", long_ones(printed))
    _add("slow", nightly_ones(printed))
