"""What the jobs of a sweep came to: a table, and one page with all that runs show."""

from pathlib import Path
from typing import Any

from jlstm.cli.comparison.page import write_comparison
from jlstm.cli.comparison.runs import configs_below, read_runs
from jlstm.training.numbers import from_json
from jlstm.training.report.page import Row
from jlstm.training.report.page import table as page_table
from jlstm.training.report.table import table
from jlstm.training.run import write_json

PAGE = "sweep.html"


def read_jobs(folder: Path) -> list[dict[str, Any]]:
    """Return the outcomes of the jobs of a sweep in their order."""
    paths = sorted(folder.glob("*/job.json"))
    return [from_json(path.read_text(encoding="utf-8")) for path in paths]


def all_failed(rows: list[dict[str, Any]]) -> bool:
    """Say whether there are jobs, and none has a loss."""
    return bool(rows) and not any("valid" in row for row in rows)


def write_outcomes(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write ``sweep.json``, ``sweep.md`` and the page; print the second."""
    text = sweep_table(rows)
    write_json(folder / "sweep.json", rows)
    (folder / "sweep.md").write_text(text + "\n", encoding="utf-8")
    failed = _failed(rows)
    listed = "".join(f"\njob {row['job']}: {_status(row)}" for row in failed)
    done = f"{len(rows)} jobs, {len(failed)} failed: {folder / PAGE}"
    print(f"\n{text}\n\n{done}{listed}", flush=True)
    try:
        write_sweep_page(folder, rows)
    except (OSError, ValueError) as error:
        print(f"{folder / PAGE} could not be written: {error}", flush=True)


def write_sweep_page(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write one page: jobs that failed, seeds together, the axes, curves, all runs."""
    begun = any(configs_below(folder))
    runs = read_runs([folder], lambda line: None) if begun else []
    failed = _failed(rows)
    lines = [Row([row["job"], _told(row, rows), _status(row)]) for row in failed]
    title = f"{folder.parent.name}: {len(rows)} jobs, {len(failed)} failed"
    first = page_table("Jobs that failed", ["job", "values", "status"], lines)
    write_comparison(folder / PAGE, runs, title, [first])


def _failed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["exit"] != 0]


def _told(row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """Return the overrides of a job that not all have."""
    others = [each["overrides"] for each in rows]
    return ", ".join(
        text for text in row["overrides"] if not all(text in each for each in others)
    )


def sweep_table(rows: list[dict[str, Any]]) -> str:
    """Return one line a job: in which overrides jobs differ, and what they reached.

    Example:
        >>> good = {"job": 0, "overrides": ["a=1", "b=2"], "exit": 0, "seconds": 9.0,
        ...         "valid": {"loss": 1.5}, "test": None}
        >>> bad = {"job": 1, "overrides": ["a=1", "b=3"], "exit": 2, "error": "b is 3"}
        >>> print(sweep_table([good, bad]))
        | job | b | valid loss | seconds | status             |
        |----:|--:|-----------:|--------:|--------------------|
        |   0 | 2 |      1.500 |       9 | ok                 |
        |   1 | 3 |            |         | failed (2): b is 3 |
    """
    given = [
        {key: value for key, _, value in (t.partition("=") for t in row["overrides"])}
        for row in rows
    ]
    keys = [k for k in given[0] if len({each.get(k) for each in given}) > 1]
    scores = [_scores(row) for row in rows]
    names = list(dict.fromkeys(name for each in scores for name in each))
    body = [
        [row["job"], *(each.get(k, "") for k in keys), *(s.get(n, "") for n in names),
         _status(row)]
        for row, each, s in zip(rows, given, scores, strict=True)
    ]  # fmt: skip
    return table(["job", *keys, *names, "status"], body)


def _scores(row: dict[str, Any]) -> dict[str, float]:
    found = {
        f"{part} {name}": value
        for part in ("valid", "test")
        for name, value in (row.get(part) or {}).items()
    }
    return found | ({"seconds": round(row["seconds"])} if "seconds" in row else {})


def _status(row: dict[str, Any]) -> str:
    return "ok" if row["exit"] == 0 else f"failed ({row['exit']}): {row['error']}"
