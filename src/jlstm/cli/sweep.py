"""Sweeps: combinations made by Hydra, a process for each, one table at the end.

Hydra's launcher calls ``run_job`` for each combination, here or in a worker or on a
cluster; ``run_job`` starts the launcher of single runs again. So no job sees the
memory, the compiled programs or the crash of another, whichever launcher is used.
"""

import math
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from jlstm.cli.compose import check_overrides, closed, compose_run, values_of
from jlstm.cli.jobs import (
    OUTPUT,
    describe,
    finished,
    loss_of,
    quoted,
    run_process,
    stop_jobs,
)
from jlstm.cli.launchers import LauncherError, launch
from jlstm.cli.outcomes import all_failed, read_jobs, write_outcomes
from jlstm.cli.recipes import default_experiment
from jlstm.cli.resume import DamagedError
from jlstm.cli.search import search
from jlstm.training.failure import Reached, kept
from jlstm.training.numbers import from_json
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
        LauncherError: a launcher gave up; jobs that are done are kept.
    """
    again = any(text.startswith("resume=") for text in overrides)
    if again:
        folder, overrides = _resumed(overrides)
    else:
        overrides = [
            *overrides,
            *default_experiment(values_of(check_overrides(overrides))),
        ]
        folder = _new(overrides)
    reached.sweep = folder
    (folder / STOPPED).unlink(missing_ok=True)
    try:
        _run_jobs(folder, overrides)
    except KeyboardInterrupt as stop:
        (folder / STOPPED).touch()
        stop_jobs(folder, getattr(stop, "signal", signal.SIGINT))
        raise
    except (ValueError, ModuleNotFoundError):
        if not again and not any(folder.glob(f"*/{OUTPUT}")):
            shutil.rmtree(folder)
        raise
    finally:
        if rows := read_jobs(folder):
            write_outcomes(folder, rows)
    return 0 if all(row["exit"] == 0 for row in rows) else 1


def run_job(config: DictConfig) -> float:
    """Run one combination in a process of its own and return its validation loss.

    Its output goes to a file, its outcome to ``job.json`` next to that. A loss is
    infinite where the numbers were not finite, and NaN where a job ended in another
    way: that says nothing of the values it tried.
    """
    job = HydraConfig.get()
    changed = [closed(text) for text in job.overrides.task]
    number = job.job.num + _request(Path(job.sweep.dir)).get("first", 0)
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
    return math.nan if outcome is None else loss_of(outcome)


def _run_jobs(folder: Path, overrides: Sequence[str]) -> None:
    """Let Hydra run all jobs, or those that are left.

    Raises:
        ValueError: Hydra does not take the overrides.
        LauncherError: a launcher gave up.
    """
    fixed = _fixed(overrides)
    keys = ",".join(text.partition("=")[0].lstrip("+~") for text in fixed)
    own = [f"hydra.sweep.dir={quoted(folder)}", f"{UNSHOWN}=[{keys}]"]
    found = search(folder, fixed)
    if found is not None:
        asked = {"overrides": list(overrides), "first": found.first}
        write_json(folder / REQUEST, asked)
        own += found.overrides
    try:
        if found is None or found.left:
            launch(run_job, [*overrides, *own])
    except LauncherError as error:
        if found is None or not all_failed(read_jobs(folder)):  # Optuna wants a best
            again = kept(Reached(sweep=folder))
            raise LauncherError(f"the launcher gave up ({error}); {again}") from error


def _new(overrides: Sequence[str]) -> Path:
    """Check what is asked for, and make the folder of a new sweep."""
    fixed = _fixed(overrides)
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
        return folder, _request(folder)["overrides"]
    except FileNotFoundError:
        raise ValueError(
            f"{folder} is not the folder of a sweep, it has no {REQUEST}: to go on "
            "with a single run, use jlstm resume."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise DamagedError(f"{folder / REQUEST} is damaged.") from None


def _request(folder: Path) -> dict[str, Any]:
    return from_json((folder / REQUEST).read_text(encoding="utf-8"))


def _fixed(overrides: Sequence[str]) -> list[str]:
    """Return the overrides that are the same in all jobs."""
    pairs = zip(overrides, check_overrides(overrides), strict=True)
    return [text for text, each in pairs if not each.is_sweep_override()]
