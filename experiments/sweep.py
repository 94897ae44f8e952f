"""Sweeps: combinations made by Hydra, a process for each, one table at the end.

Hydra's launcher calls ``run_job`` for each combination, here or in a worker or on a
cluster; ``run_job`` starts the launcher of single runs anew. So no job sees the memory,
the compiled programs or the crash of another, whichever launcher is used.
"""

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import DictConfig

from experiments.compose import (
    CONFIGS,
    HydraErrors,
    check_overrides,
    compose_run,
    one_line,
)
from experiments.table import table
from jlstm.train.run import create_run, write_json

RUN = Path(__file__).with_name("run.py")
UNSHOWN = "hydra.job.config.override_dirname.exclude_keys"


def sweep(overrides: Sequence[str]) -> int:
    """Run every combination that the overrides describe; return 0 if all went well.

    Raises:
        ValueError: the overrides are wrong; nothing was run.
    """
    if any(text.startswith("resume=") for text in overrides):
        raise ValueError("resume= continues one run: leave -m out.")
    parsed = check_overrides(overrides)
    fixed = [text for text, each in zip(overrides, parsed, strict=True)
             if not each.is_sweep_override()]  # fmt: skip
    if len(fixed) == len(overrides) and not any("hydra.sweeper" in o for o in fixed):
        raise ValueError("Nothing to sweep over: give values, as in train.seed=0,1,2.")
    config = compose_run(fixed)
    folder = create_run(Path(config["runs_dir"]).absolute(), f"sweep-{config['name']}")
    keys = ",".join(text.partition("=")[0].lstrip("+~") for text in fixed)
    own = [f"hydra.sweep.dir={quoted(folder)}", f"{UNSHOWN}=[{keys}]"]
    try:
        _launch([*overrides, *own])
    except HydraErrors as error:
        if not any(folder.glob("*/output.txt")):
            shutil.rmtree(folder)
        raise ValueError(one_line(error)) from None
    finally:
        if rows := read_jobs(folder):
            write_table(folder, rows)
    return 0 if all(row["exit"] == 0 for row in rows) else 1


def run_job(config: DictConfig) -> float:
    """Run one combination in a process of its own and return its validation loss.

    Its output goes to a file, its outcome to ``job.json`` beside that.
    """
    job = HydraConfig.get()
    number, changed = job.job.num, list(job.overrides.task)
    folder = Path(job.sweep.dir) / f"{number:03}"
    folder.mkdir()
    log = folder / "output.txt"
    print(f"job {number}: {job.job.override_dirname}, output in {log}", flush=True)
    own = [f"runs_dir={quoted(folder.parent)}", f"name={folder.name!r}"]
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(
            [sys.executable, str(RUN), *changed, *own], stdout=file, stderr=file
        )
    outcome = {"job": number, "overrides": changed, "exit": done.returncode}
    outcome |= read_outcome(folder, done.returncode)
    write_json(folder / "job.json", outcome)
    print(f"job {number}: {describe(outcome)}", flush=True)
    return outcome["valid"]["loss"] if done.returncode == 0 else math.inf


def read_outcome(folder: Path, code: int) -> dict[str, Any]:
    """Return the scores of a job, or the last line of one that failed."""
    results = sorted(folder.glob("*/result.json"))
    if code == 0 and results:
        result = json.loads(results[-1].read_text(encoding="utf-8"))
        kept = {key: result[key] for key in ("valid", "test", "seconds")}
        return kept | {"folder": str(results[-1].parent)}
    said = (folder / "output.txt").read_text(encoding="utf-8", errors="replace")
    lines = said.strip().splitlines() or ["no output"]
    return {"error": lines[-1].removeprefix("error: ")}


def describe(outcome: dict[str, Any]) -> str:
    """Return the outcome of a job in a line."""
    if outcome["exit"] != 0:
        return f"failed with exit code {outcome['exit']}: {outcome['error']}"
    return f"validation loss {outcome['valid']['loss']:.4f}, {outcome['seconds']:.0f} s"


def read_jobs(folder: Path) -> list[dict[str, Any]]:
    """Return the outcomes of the jobs of a sweep in their order."""
    paths = sorted(folder.glob("*/job.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def write_table(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write ``sweep.json`` and ``sweep.md`` and print the latter."""
    text = sweep_table(rows)
    write_json(folder / "sweep.json", rows)
    (folder / "sweep.md").write_text(text + "\n", encoding="utf-8")
    failed = sum(row["exit"] != 0 for row in rows)
    print(f"\n{text}\n\n{len(rows)} jobs, {failed} failed: {folder / 'sweep.md'}")


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
    given = [dict(text.split("=", 1) for text in row["overrides"]) for row in rows]
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


def quoted(path: Path) -> str:
    """Return a path as a value that Hydra reads as it stands."""
    return QuotedString(str(path), Quote.single).with_quotes()


def _launch(overrides: Sequence[str]) -> None:
    main = hydra.main(config_path=str(CONFIGS), config_name="config")(run_job)
    with _process([str(RUN), "-m", *overrides]):
        main()


@contextmanager
def _process(argv: list[str]) -> Iterator[None]:
    """Let Hydra see a command line, and let it raise instead of print and exit."""
    before, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = argv, "1"
    try:
        yield
    finally:
        sys.argv = before
        del os.environ["HYDRA_FULL_ERROR"]
        if full_error is not None:
            os.environ["HYDRA_FULL_ERROR"] = full_error
