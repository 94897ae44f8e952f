"""One job of a sweep: a process of its own, its signals, and what came of it."""

import math
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Quote, QuotedString

from jlstm.cli.lock import in_use
from jlstm.training.exits import Exit
from jlstm.training.numbers import from_json
from jlstm.training.run import write_json

RUN = "jlstm.cli.run"
OUTPUT, PROCESS, ASKED = "output.txt", "process.json", "asked.json"
STOP_SECONDS = 60.0
"""So long the jobs of a sweep that is stopped may take to save what they have."""


def finished(folder: Path, overrides: Sequence[str]) -> dict[str, Any] | None:
    """Return the outcome of a job that need not run again, None for all others.

    One whose numbers were not finite would end so again.
    """
    if not (folder / "job.json").is_file():
        return None
    outcome = from_json((folder / "job.json").read_text(encoding="utf-8"))
    same = outcome["overrides"] == list(overrides)
    return outcome if same and outcome["exit"] in (Exit.DONE, Exit.NOT_FINITE) else None


def stop_jobs(folder: Path, number: int) -> None:
    """Hand a signal on to the jobs that run on this machine, and wait for their end."""
    running = [_read_process(path) for path in folder.glob(f"*/{PROCESS}")]
    for pid in filter(None, running):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    deadline = time.monotonic() + STOP_SECONDS
    while any(folder.glob(f"*/{PROCESS}")) and time.monotonic() < deadline:
        time.sleep(0.1)


def run_process(folder: Path, changed: Sequence[str]) -> dict[str, Any]:
    """Run a job, or let it go on where it was cut off; return what came of it.

    A process that outlived the sweep that started it ends first.
    """
    begun = _begun(folder, changed)
    if begun is not None:
        _wait_until_free(begun)
    write_json(folder / ASKED, {"overrides": list(changed)})
    with (folder / OUTPUT).open("a", encoding="utf-8") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", RUN, *_what_to_run(folder, changed, begun)],
            stdout=file,
            stderr=file,
        )
        write_json(folder / PROCESS, {"host": platform.node(), "pid": process.pid})
        try:
            code = _wait(process)
        finally:
            (folder / PROCESS).unlink(missing_ok=True)
    return {"exit": code} | read_outcome(folder, code)


def _wait(process: subprocess.Popen) -> int:
    """Wait for a job; a signal is handed on, and the job ends first."""
    try:
        return process.wait()
    except KeyboardInterrupt as stop:
        process.send_signal(getattr(stop, "signal", signal.SIGINT))
        process.wait()
        raise


def _what_to_run(folder: Path, changed: Sequence[str], begun: Path | None) -> list[str]:
    if begun is not None:
        return [f"resume={begun}"]
    return [*changed, f"runs_dir={quoted(folder.parent)}", f"name={folder.name!r}"]


def _begun(folder: Path, changed: Sequence[str]) -> Path | None:
    """Return the newest run in the folder of a job, if it was asked for the same."""
    runs = sorted(path.parent for path in folder.glob("*/config.yaml"))
    with suppress(OSError, ValueError, KeyError, TypeError):
        asked = from_json((folder / ASKED).read_text(encoding="utf-8"))["overrides"]
        if asked != list(changed):
            return None
    return runs[-1] if runs else None


def _wait_until_free(run: Path) -> None:
    told = False
    while in_use(run):
        if not told:
            print(f"{run} is still running: its end is waited for.", flush=True)
        told = True
        time.sleep(0.5)


def _read_process(path: Path) -> int | None:
    with suppress(OSError, ValueError):
        said = from_json(path.read_text(encoding="utf-8"))
        return said["pid"] if said["host"] == platform.node() else None
    return None


def read_outcome(folder: Path, code: int) -> dict[str, Any]:
    """Return the scores of a job, the last line of one that failed, or both."""
    results = sorted(folder.glob("*/result.json"))
    found = {}
    if code in (Exit.DONE, Exit.REPORT) and results:
        result = from_json(results[-1].read_text(encoding="utf-8"))
        kept = {key: result[key] for key in ("valid", "test", "seconds")}
        found = kept | {"folder": str(results[-1].parent)}
    if code == Exit.DONE and results:
        return found
    said = (folder / OUTPUT).read_text(encoding="utf-8", errors="replace")
    lines = said.strip().splitlines() or ["no output"]
    return found | {"error": lines[-1].removeprefix("error: ")}


def loss_of(outcome: dict[str, Any]) -> float:
    """Return the validation loss of a job, a number for whoever searches the lowest.

    Example:
        >>> loss_of({"exit": 1}), loss_of({"exit": 4})
        (inf, nan)
    """
    if "valid" in outcome:
        return outcome["valid"]["loss"]
    return math.inf if outcome["exit"] == Exit.NOT_FINITE else math.nan


def describe(outcome: dict[str, Any]) -> str:
    """Return the outcome of a job in a line."""
    if outcome["exit"] != 0:
        return f"failed with exit code {outcome['exit']}: {outcome['error']}"
    return f"validation loss {outcome['valid']['loss']:.4f}, {outcome['seconds']:.0f} s"


def quoted(text: Path | str) -> str:
    """Return a path or a text as a value that Hydra reads as it stands."""
    return QuotedString(str(text), Quote.single).with_quotes()
