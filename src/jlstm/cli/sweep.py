"""Sweeps: combinations made by Hydra, a process for each, one table at the end.

Hydra's launcher calls ``run_job`` for each combination, here or in a worker or on a
cluster; ``run_job`` starts the launcher of single runs again. So no job sees the
memory, the compiled programs or the crash of another, whichever launcher is used.
"""

import math
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from jlstm.cli import config_files
from jlstm.cli.compose import (
    HydraErrors,
    check_overrides,
    closed,
    compose_run,
    one_line,
    search_path,
    swept,
    values_of,
)
from jlstm.cli.jobs import (
    OUTPUT,
    RUN,
    describe,
    finished,
    quoted,
    run_process,
    stop_jobs,
)
from jlstm.cli.recipes import default_experiment
from jlstm.cli.resume import DamagedError
from jlstm.training.failure import Reached
from jlstm.training.numbers import from_json
from jlstm.training.report.table import table
from jlstm.training.run import create_run, write_json
from jlstm.training.variables import resolved

REQUEST, STOPPED = "request.json", "stopped"
UNSHOWN = "hydra.job.config.override_dirname.exclude_keys"


def sweep(overrides: Sequence[str], reached: Reached) -> int:
    """Run every combination that the overrides describe; return 0 if all went well.

    ``resume=FOLDER`` resumes a stopped sweep: jobs that are done stay,
    those that were cut off go on, the others run.

    Raises:
        ValueError: the overrides are wrong; nothing was run.
    """
    if any(text.startswith("resume=") for text in overrides):
        folder, overrides = _resumed(overrides)
    else:
        overrides = [
            *overrides,
            *default_experiment(values_of(check_overrides(overrides))),
        ]
        folder = _new(overrides)
    reached.sweep = folder
    own = [f"hydra.sweep.dir={quoted(folder)}", f"{UNSHOWN}=[{_fixed_keys(overrides)}]"]
    (folder / STOPPED).unlink(missing_ok=True)
    try:
        _launch([*swept(overrides), *own])
    except HydraErrors as error:
        if not any(folder.glob(f"*/{OUTPUT}")):
            shutil.rmtree(folder)
        raise ValueError(one_line(error)) from None
    except KeyboardInterrupt as stop:
        (folder / STOPPED).touch()
        stop_jobs(folder, getattr(stop, "signal", signal.SIGINT))
        raise
    finally:
        if rows := read_jobs(folder):
            write_table(folder, rows)
    return 0 if all(row["exit"] == 0 for row in rows) else 1


def run_job(config: DictConfig) -> float:
    """Run one combination in a process of its own and return its validation loss.

    Its output goes to a file, its outcome to ``job.json`` next to that.
    """
    job = HydraConfig.get()
    number, changed = job.job.num, [closed(text) for text in job.overrides.task]
    folder = Path(job.sweep.dir) / f"{number:03}"
    folder.mkdir(exist_ok=True)
    outcome = finished(folder, changed)
    if outcome is None and not (folder.parent / STOPPED).exists():
        log = folder / OUTPUT
        told = job.job.override_dirname.replace("++", "")
        print(f"job {number}: {told}, output in {log}", flush=True)
        outcome = {"job": number, "overrides": changed} | run_process(folder, changed)
        write_json(folder / "job.json", outcome)
        print(f"job {number}: {describe(outcome)}", flush=True)
    if outcome is None or "valid" not in outcome:
        return math.inf
    return outcome["valid"]["loss"]


def _new(overrides: Sequence[str]) -> Path:
    """Check what is asked for, and make the folder of a new sweep."""
    parsed = check_overrides(overrides)
    fixed = [text for text, each in zip(overrides, parsed, strict=True)
             if not each.is_sweep_override()]  # fmt: skip
    if len(fixed) == len(overrides) and not any("hydra.sweeper" in o for o in fixed):
        raise ValueError("Nothing to sweep over: give values, as in train.seed=0,1,2.")
    config = resolved(compose_run(fixed))
    folder = create_run(Path(config["runs_dir"]).absolute(), f"sweep-{config['name']}")
    write_json(folder / REQUEST, {"overrides": list(overrides)})
    return folder


def _resumed(overrides: Sequence[str]) -> tuple[Path, list[str]]:
    """Return the folder of a sweep that goes on, and what it was asked for."""
    if len(overrides) > 1:
        raise ValueError("A sweep goes on as it began: give resume=FOLDER alone.")
    folder = Path(overrides[0].removeprefix("resume=").strip("'\"")).absolute()
    try:
        asked = from_json((folder / REQUEST).read_text(encoding="utf-8"))["overrides"]
    except FileNotFoundError:
        raise ValueError(
            f"{folder} is not the folder of a sweep, it has no {REQUEST}: to go on "
            "with a single run, use jlstm resume."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise DamagedError(f"{folder / REQUEST} is damaged.") from None
    return folder, asked


def _fixed_keys(overrides: Sequence[str]) -> str:
    """Return the keys that are the same in all jobs, with commas."""
    pairs = zip(overrides, check_overrides(overrides), strict=True)
    fixed = (text for text, each in pairs if not each.is_sweep_override())
    return ",".join(text.partition("=")[0].lstrip("+~") for text in fixed)


def read_jobs(folder: Path) -> list[dict[str, Any]]:
    """Return the outcomes of the jobs of a sweep in their order."""
    paths = sorted(folder.glob("*/job.json"))
    return [from_json(path.read_text(encoding="utf-8")) for path in paths]


def write_table(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write ``sweep.json`` and ``sweep.md`` and print the latter."""
    text = sweep_table(rows)
    write_json(folder / "sweep.json", rows)
    (folder / "sweep.md").write_text(text + "\n", encoding="utf-8")
    failed = [row for row in rows if row["exit"] != 0]
    listed = "".join(f"\njob {row['job']}: {_status(row)}" for row in failed)
    done = f"{len(rows)} jobs, {len(failed)} failed: {folder / 'sweep.md'}"
    print(f"\n{text}\n\n{done}{listed}", flush=True)


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


def _launch(overrides: Sequence[str]) -> None:
    main = hydra.main(config_path=str(config_files.CONFIGS), config_name="config")(
        run_job
    )
    with _process([RUN, "-m", *overrides, *search_path()]):
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
