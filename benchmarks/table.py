"""Ratios, geometric means and slopes, and Markdown tables of them."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

Times = Mapping[str, Mapping[str, float]]
"""Seconds of each library, by row and library."""


def geometric_mean(numbers: Iterable[float]) -> float:
    """Return the geometric mean, NaN of nothing."""
    logs = [math.log(number) for number in numbers]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def ratios(times: Times, library: str, others: Iterable[str]) -> dict[str, float]:
    """Return by row the time of a library over that of the fastest of ``others``.

    Rows that the library or all of the others lack are left out.
    """
    others = [other for other in others if other != library]
    found = {}
    for row, seconds in times.items():
        known = [seconds[other] for other in others if other in seconds]
        if library in seconds and known:
            found[row] = seconds[library] / min(known)
    return found


def slope(sizes: Sequence[float], seconds: Sequence[float], last: int = 4) -> float:
    """Return the exponent of the cost: the slope between the logarithms.

    It is fitted to the ``last`` sizes, as the first ones show the fixed cost of a call.
    """
    x, y = np.log(sizes[-last:]), np.log(seconds[-last:])
    return float(np.polyfit(x, y, 1)[0]) if len(x) > 1 else math.nan


def markdown(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose other ones are numbers."""
    aligned = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, aligned, *lines))


def milliseconds(seconds: float) -> str:
    """Format a time in ms with three digits, µs included.

    Example:
        >>> [milliseconds(s) for s in (0.0000123, 0.00456, 1.234)]
        ['0.0123', '4.56', '1234']
    """
    number = 1e3 * seconds
    digits = 2 - math.floor(math.log10(number)) if number > 0 else 0
    return f"{number:.{max(digits, 0)}f}"


def times_table(minima: Times, medians: Times, libraries: Sequence[str]) -> str:
    """Return the least and, in brackets, the median time in ms."""
    lines = []
    for row, seconds in minima.items():
        cells = [
            f"{milliseconds(seconds[name])} ({milliseconds(medians[row][name])})"
            if name in seconds
            else "–"
            for name in libraries
        ]
        lines.append([row, *cells])
    return markdown(["T,B,I,H", *libraries], lines)


def ratio_table(
    times: Times, libraries: Sequence[str], other: str, peers: Sequence[str]
) -> str:
    """Return every library's time over that of ``other``, and ours over the best peer.

    The last line holds geometric means over the rows that a column has.
    """
    columns = {name: ratios(times, name, [other]) for name in libraries}
    columns = {name: column for name, column in columns.items() if column}
    columns["jlstm / best JAX peer"] = ratios(times, "jlstm", peers)
    lines = [
        [row, *(_two(column.get(row)) for column in columns.values())] for row in times
    ]
    means = [_two(geometric_mean(column.values())) for column in columns.values()]
    lines.append(["**geometric mean**", *means])
    return markdown(["T,B,I,H", *columns], lines)


def share_table(
    times: Times, libraries: Sequence[str], work: Mapping[str, float], peak: float
) -> str:
    """Return GFLOP/s and, in brackets, the share of the machine's peak."""
    lines = []
    for row, seconds in times.items():
        speeds = [work[row] / seconds[n] if n in seconds else None for n in libraries]
        lines.append([row, *(_speed(speed, peak) for speed in speeds)])
    return markdown(["T,B,I,H", *libraries], lines)


def _speed(speed: float | None, peak: float) -> str:
    return "–" if speed is None else f"{speed / 1e9:.1f} ({speed / peak:.0%})"


def _two(number: float | None) -> str:
    return "–" if number is None or math.isnan(number) else f"{number:.2f}"
