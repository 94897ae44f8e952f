"""``python -m tests.fuzz --inputs 100000``: the report, and exit code 1 for a fault."""

import argparse
import importlib
import sys
import time
from collections import Counter

from tests.fuzz.watch import Report, counted, jobs_of, reports

COLUMNS = "read", "refused", "fault", "slow", "escape", "hang", "crash"


def main(arguments: list[str]) -> int:
    """Try inputs, print a table by reader, and each fault on a line."""
    options = _options(arguments)
    readers = importlib.import_module(options.table).readers()
    names = options.readers or [*readers]
    shares = {name: readers[name].share for name in names}
    began = time.perf_counter()
    jobs = jobs_of(shares, options.inputs, options.first)
    counts, wrong = counted(reports(options.table, jobs, options.seed))
    print(table_of(counts), flush=True)
    print("\n".join(lines_of(wrong)))
    took = time.perf_counter() - began
    whole = sum(count.total() for count in counts.values())
    print(f"{whole} inputs, {len(wrong)} faults, {took:.0f} s")
    return 1 if wrong else 0


def table_of(counts: dict[str, Counter[str]]) -> str:
    """Return the counts as a table, the sum in the last row.

    Example:
        >>> print(table_of({"a": Counter(read=2, refused=3)}).replace("  ", " "))
        | reader | inputs | read | refused | fault | slow | escape | hang | crash |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        | a | 5 | 2 | 3 | 0 | 0 | 0 | 0 | 0 |
        | all | 5 | 2 | 3 | 0 | 0 | 0 | 0 | 0 |
    """
    head = ["reader", "inputs", *COLUMNS]
    rows = {**counts, "all": sum(counts.values(), Counter())}
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name, count in rows.items():
        lines.append([name, f"{count.total()}", *(f"{count[c]}" for c in COLUMNS)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def lines_of(wrong: list[Report]) -> list[str]:
    """Return a line for each kind of fault; --readers and --first find it again.

    Example:
        >>> fault = {"reader": "a", "how": "fault", "said": "KeyError: 'x' [b.py:3]"}
        >>> lines_of([fault | {"number": 7}, fault | {"number": 9}])
        ["a 7 (2 times): fault KeyError: 'x' [b.py:3]"]
    """
    alike: dict[tuple[str, ...], list[Report]] = {}
    for report in wrong:
        kind = report["reader"], report["how"], report["said"].rpartition(" [")[2]
        alike.setdefault(kind, []).append(report)
    return [
        f"{r['reader']} {r['number']} ({len(same)} times): {r['how']} {r['said']}"
        for same in alike.values()
        for r in same[:1]
    ]


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--readers", nargs="*", help="all by default")
    parser.add_argument("--table", default="tests.fuzz.readers")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
