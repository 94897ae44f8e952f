"""What became of each of several seeds: its scores, and when it had solved the task."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from jlstm.training.report.table import table
from jlstm.training.seeds import of_seeds

Records = Sequence[Mapping[str, Any]]


def first_solved(records: Records, seeds: int) -> list[int | None]:
    """Return after how many updates each seed had solved its task, None for never.

    Each epoch ends with an evaluation: the number is a multiple of its updates.
    """
    first: list[int | None] = [None] * seeds
    for record in records:
        if record["kind"] != "valid":
            continue
        for number, solved in enumerate(of_seeds(record, "solved")):
            if solved and first[number] is None:
                first[number] = record["step"]
    return first


def seed_table(seed: int, summary: Mapping[str, Any]) -> str:
    """Return one line per seed, with mean ± standard deviation below.

    Args:
        seed: of the first one.
        summary: of the run; its ``test`` metrics and ``solved_after`` are shown.
    """
    test = summary["test"]
    names = [n for n in test if not n.endswith("_members") and n != "solved"]
    columns = [of_seeds(test, name) for name in names]
    solved = of_seeds(test, "solved")
    lines = zip(summary["solved_after"], solved, *columns, strict=True)
    rows = [
        [f"seed {seed + n}", *map(four, row), "yes" if yes else "no", count_or_never(k)]
        for n, (k, yes, *row) in enumerate(lines)
    ]
    total = f"{sum(solved):.0f}/{len(rows)}"
    mean = ["mean ± std", *map(mean_and_std, columns), total, ""]
    header = ["", *(f"test {name}" for name in names), "solved", "after sequences"]
    return table(header, [*rows, mean] if len(rows) > 1 else rows)


def count_or_never(number: int | None) -> str:
    """Return a count in groups of three digits, "never" where there is none."""
    return "never" if number is None else f"{number:,}"


def mean_and_std(values: Sequence[float]) -> str:
    """Return the mean and the standard deviation of a sample.

    Example:
        >>> mean_and_std([1.0, 3.0]), mean_and_std([0.25])
        ('2 ± 1.414', '0.25')
    """
    if len(values) < 2:
        return four(values[0])
    return f"{four(statistics.mean(values))} ± {four(statistics.stdev(values))}"


def four(value: float) -> str:
    """Return a number with four digits."""
    return f"{value:.4g}"
