"""Two tables: what the runs reached, and in which keys their configurations differ."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jlstm.cli.comparison.runs import Run
from jlstm.training.report.page import cell_text
from jlstm.training.seeds import of_seeds

MISSING = "–"
UNTOLD = ("name", "runs_dir")
"""Keys that say where a run lies, not what it is."""
PARTS = ("test ", "valid ")
EFFORT = ("parameters", "epochs", "best epoch", "updates", "seconds")

Table = tuple[list[str], list[list[str]]]
"""Heads of the columns, and the cells of each line."""


def results_table(runs: Sequence[Run]) -> Table:
    """Return one line per run: metrics, size, effort, commit and device.

    A number of several seeds is mean ± standard deviation; what a run does not have is
    a dash. Of a run that is not finished, the best evaluation so far is shown.
    """
    lines = [_line(run) for run in runs]
    given = {name for line in lines for name in line}
    metrics = dict.fromkeys(n for line in lines for n in line if n.startswith(PARTS))
    order = [
        *sorted(metrics, key=lambda name: not name.startswith("test")),
        *(name for name in EFFORT if name in given),
        "commit",
        "device",
        *(["model"] if "model" in given else []),
    ]
    rows = [
        [run.name + _state(run), *(line.get(name, MISSING) for name in order)]
        for run, line in zip(runs, lines, strict=True)
    ]
    return ["run", *order], rows


def differences_table(runs: Sequence[Run]) -> Table:
    """Return a line for each dotted key whose value is not the same in all runs.

    Runs of a task that does not have the key do not count.
    """
    keys = list(dict.fromkeys(key for run in runs for key in run.config))
    parts = list(dict.fromkeys(map(_part, keys)))
    rows = [
        [key, *(setting(run, key) for run in runs)]
        for key in sorted(keys, key=lambda key: parts.index(_part(key)))
        if key not in UNTOLD and _differs(runs, key)
    ]
    return ["key", *(run.name for run in runs)], rows


def best_of(runs: Sequence[Run]) -> Run | None:
    """Return the run of lowest validation loss, None where losses do not compare."""
    scored = [r for r in runs if math.isfinite(_best(r).get("loss", math.nan))]
    if len(scored) < 2 or len({kind_of(run) for run in scored}) > 1:
        return None
    return min(scored, key=lambda run: _best(run)["loss"])


def kind_of(run: Run) -> tuple[str, ...]:
    """Return the task and the metrics of a run: losses compare where these agree."""
    names = (name for name in _best(run) if not name.endswith("_members"))
    return str(run.config.get("task")), *names


def mean_and_std(values: Sequence[float]) -> str:
    """Return the mean of seeds and their sample standard deviation, in like digits.

    Example:
        >>> mean_and_std([1.0, 3.0]), mean_and_std([0.25])
        ('2.0000 ± 1.4142', '0.2500')
        >>> mean_and_std([123.25, 123.5])
        '123.38 ± 0.18'
    """
    if len(values) < 2:
        return cell_text(float(values[0]))
    # A seed whose loss is infinite makes a deviation that is none.
    with np.errstate(invalid="ignore"):
        mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    if abs(mean) < 1e-3:
        return f"{cell_text(mean)} ± {spread:.3g}"
    digits = 4 if abs(mean) < 100 else 2
    return f"{cell_text(mean)} ± {spread:,.{digits}f}"


def _line(run: Run) -> dict[str, str]:
    result = run.result or {}
    around = result.get("environment", {})
    found = _scores("valid", _best(run)) | _scores("test", result.get("test") or {})
    told = {
        "model": result.get("model"),
        "parameters": result.get("parameters"),
        "epochs": result.get("epochs", max(_column(run, "epoch"), default=None)),
        "best epoch": result.get("best_epoch", _best_record(run).get("epoch")),
        "updates": result.get("steps", max(_column(run, "step"), default=None)),
        "seconds": result.get("seconds"),
        "commit": _commit(around),
        "device": around.get("device"),
    }
    return found | {k: _short(v) for k, v in told.items() if v is not None}


def _scores(part: str, metrics: Mapping[str, Any]) -> dict[str, str]:
    names = [n for n, value in metrics.items() if isinstance(value, int | float)]
    return {f"{part} {name}": mean_and_std(of_seeds(metrics, name)) for name in names}


def _best(run: Run) -> Mapping[str, Any]:
    """Return the metrics of the best epoch, from the log while there is no result."""
    if run.result is not None:
        return run.result["valid"]
    outside = ("kind", "step", "epoch")
    return {k: v for k, v in _best_record(run).items() if k not in outside}


def _best_record(run: Run) -> Mapping[str, Any]:
    finite = [record for record in run.valid if math.isfinite(record["loss"])]
    return min(finite, key=lambda record: record["loss"], default={})


def _column(run: Run, name: str) -> list[int]:
    return [record[name] for record in run.valid if name in record]


def _state(run: Run) -> str:
    return "" if run.result is not None else " (not finished)"


def _commit(around: Mapping[str, Any]) -> str | None:
    commit = around.get("git_commit")
    return commit and commit[:7] + ("+" if around.get("git_dirty") else "")


def _short(value: Any) -> str:
    return f"{value:,.0f}" if isinstance(value, float) else cell_text(value)


def _part(key: str) -> str:
    return key.partition(".")[0]


def _differs(runs: Sequence[Run], key: str) -> bool:
    tasks = {run.config.get("task") for run in runs if key in run.config}
    return len({setting(r, key) for r in runs if r.config.get("task") in tasks}) > 1


def setting(run: Run, key: str) -> str:
    """Write a value of a run as in YAML: null, true, [1, 2]."""
    if key not in run.config:
        return MISSING
    value = run.config[key]
    if isinstance(value, bool | None):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return str(value)
