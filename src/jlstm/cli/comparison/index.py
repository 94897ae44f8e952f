"""The page of all runs of a folder, the newest first."""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from jlstm.cli.comparison.runs import configs_below, read_json
from jlstm.training.report.page import Link, Row, paragraph, table, write_page

INDEX = "index.html"
COLUMNS = ("run", "verdict", "ended", "epochs", "seconds", "parameters")
NOTE = "The newest first; jlstm compare RUN RUN draws some of them over each other."


def write_index(root: Path) -> None:
    """Write ``index.html``: a line for each run, which leads to its report.

    Args:
        root: the folder of all runs, ``runs_dir``.
    """
    found = sorted(_runs(root), key=lambda run: run[0], reverse=True)
    rows = [row for _, row in found]
    parts = [table("Runs", COLUMNS, rows), paragraph(NOTE)]
    with contextlib.suppress(OSError):  # what was trained stands in its own folder
        write_page(root / INDEX, f"{len(rows)} runs", parts, wide=True)


def _runs(root: Path) -> Iterator[tuple[float, Row]]:
    """Yield when each run was last written to, and its line."""
    for config in configs_below(root):
        folder = config.parent
        result = _result(folder)
        newest = folder / "result.json" if result else folder / "metrics.jsonl"
        when = (newest if newest.is_file() else config).stat().st_mtime
        yield when, Row(_cells(root, folder, result, when))


def _cells(root: Path, folder: Path, result: dict[str, Any], when: float) -> list[Any]:
    name = folder.relative_to(root).as_posix()
    report = folder / "report.html"
    shown = Link(name, report.relative_to(root).as_posix())
    ended = datetime.fromtimestamp(when).strftime("%Y-%m-%d %H:%M")
    verdict = result.get("verdict", "" if result else "not finished")
    epochs, seconds, size = map(result.get, ("epochs", "seconds", "parameters"))
    took = round(seconds) if isinstance(seconds, float) else seconds
    first = shown if report.is_file() else name
    return [first, verdict, ended, epochs, took, size]


def _result(folder: Path) -> dict[str, Any]:
    """Return what a run came to; {} where it is not finished, or the file damaged."""
    try:
        return read_json(folder / "result.json") or {}
    except (OSError, ValueError):
        return {}
