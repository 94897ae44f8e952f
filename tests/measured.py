"""Which tests take long, as measured: ``tests/long.txt``.

They are marked ``long`` without a mark in their file, since no one can tell by reading
them: most compile much. On a machine with nothing else to do:

    python3 dev.py test -vv --durations=0 --durations-min=0.1 | tee LOG
    python -m tests.measured LOG
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

LIST = Path(__file__).with_name("long.txt")
LINE = re.compile(r"([\d.]+)s (?:call|setup) +(\S+?::.*)")
SECONDS = 0.4
KEPT = ("tests/interop/", "tests/parity/")
"""What is compared with other libraries where Python is the oldest, and only there."""


def listed() -> frozenset[str]:
    """Return the ids of the tests that were found to be long."""
    return frozenset(LIST.read_text("utf-8").splitlines())


def long_ones(lines: Iterable[str]) -> list[str]:
    """Return the ids of long tests in what pytest has printed."""
    seconds: Counter[str] = Counter()
    for found in filter(None, map(LINE.match, lines)):
        seconds[found[2].strip()] += float(found[1])
    return sorted(
        name
        for name, each in seconds.items()
        if each >= SECONDS and not name.startswith(KEPT)
    )


if __name__ == "__main__":
    printed = Path(sys.argv[1]).read_text("utf-8").splitlines()
    names = sorted(listed().union(long_ones(printed)))
    LIST.write_text("".join(f"{name}\n" for name in names), "utf-8")
    print(len(names), "long tests")
