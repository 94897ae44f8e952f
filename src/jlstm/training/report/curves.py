"""All series of a run over its updates, for the plots that a reader can zoom into."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Records = Sequence[Mapping[str, Any]]
Panel = dict[str, Any]

MOST = 1500
"""Points of a series: more cannot be told apart on a screen."""
KINDS = {"train": "training", "valid": "validation", "resources": "training"}
FIRST = ("loss",)
TITLES = {"grad_norm": "gradient norm", "memory_mb": "memory (MB)",
          "wait": "share of time waiting for data",
          "device_memory_mb": "memory of the device (MB)"}  # fmt: skip
NOT_SHOWN = {"kind", "step", "epoch", "seconds"}


def panels(records: Records, baselines: Mapping[str, float] | None) -> list[Panel]:
    """Return a plot for each number that was measured over the updates.

    Args:
        records: of the log, and of what the run used.
        baselines: losses to compare with, by name; level lines next to the loss.

    Example:
        >>> records = [{"kind": "train", "step": 1, "loss": 2.0},
        ...            {"kind": "valid", "step": 2, "loss": [1.5, float("nan")]}]
        >>> for series in panels(records, {"unigram": 3.0})[0]["series"]:
        ...     print(series["name"], series["points"])
        training [[1, 2.0]]
        validation, seed 1 [[2, 1.5]]
        validation, seed 2 [[2, None]]
        unigram [[1, 3.0], [2, 3.0]]
    """
    found: dict[str, dict[str, list[Any]]] = {}
    for record in records:
        if record["kind"] in KINDS:
            for metric, name, value in _values(record):
                points = found.setdefault(metric, {}).setdefault(name, [])
                points.append([record["step"], value])
    order = sorted(found, key=lambda metric: metric not in FIRST)
    return [_panel(metric, found[metric], baselines) for metric in order]


def as_json(made: Sequence[Panel]) -> str:
    """Return plots as JSON that may stand inside of a script element."""
    text = json.dumps(made, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _values(record: Mapping[str, Any]) -> Iterator[tuple[str, str, float | None]]:
    """Yield the metric, the name of the series and the number of each measure."""
    kind = KINDS[record["kind"]]
    for metric, value in record.items():
        if metric in NOT_SHOWN or isinstance(value, str):
            continue
        if not isinstance(value, list):
            yield metric, kind, _finite(value)
        else:
            for seed, own in enumerate(value, 1):
                yield metric, f"{kind}, seed {seed}", _finite(own)


def _panel(
    metric: str, series: dict[str, list[Any]], baselines: Mapping[str, float] | None
) -> Panel:
    lines = [{"name": n, "points": thinned(points)} for n, points in series.items()]
    steps = [step for points in series.values() for step, _ in points]
    ends = sorted({min(steps), max(steps)})
    if metric in FIRST:
        for name, value in (baselines or {}).items():
            level = [[step, _finite(value)] for step in ends]
            lines.append({"name": name, "points": level, "level": True})
    return {"title": TITLES.get(metric, metric.replace("_", " ")), "series": lines}


def thinned(points: list[Any]) -> list[Any]:
    """Return so many points that a screen shows all, the last one among them.

    Example:
        >>> len(thinned([[n, 0.0] for n in range(10_001)])) <= MOST + 1
        True
    """
    stride = math.ceil(len(points) / MOST)
    kept = points[::stride]
    return kept if kept[-1] is points[-1] else [*kept, points[-1]]


def _finite(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
