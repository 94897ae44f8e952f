"""Do on a GPU machine all that needs one, the most telling things first.

    python -m benchmarks.on_gpu
    python -m benchmarks.on_gpu --steps laws,lstm --minutes 5
    python -m benchmarks.on_gpu --list

The steps run one after the other, each in a process of its own, until the minutes are
over; one that fails or has to be ended does not stop the next. A step that went well is
not done again, so the same command goes on where it stopped (``--again``: all are). It
needs what a bare machine has: jax with CUDA, Flax, and torch for the comparison; steps
of tests need pytest. What each prints is shown, and kept in runs/gpu/STEP.log; a
summary comes last and is kept as runs/gpu/summary.json.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.command import words
from benchmarks.device import require_gpu
from benchmarks.turns import ROOT

FOLDER = ROOT / "runs" / "gpu"
LAWS = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow")
SPEED = ("-m", "benchmarks.gpu", "--add")
STEPS = {
    "laws": [*LAWS, "tests/laws", "-k", "lstm and not peephole"],
    "backends": [*LAWS, "tests/backends"],
    "lstm": [*SPEED, "--cells", "lstm", "--dtypes", "float32", "--modes", "both"],
    "narrow": [*SPEED, "--cells", "lstm", "--dtypes", "bfloat16", "--modes", "both"],
    "speed": [*SPEED],
    "memory": ["-m", "benchmarks.gpu_memory"],
    "tests": [
        *("-m", "pytest", "-q", "-m", "not slow"),
        "--continue-on-collection-errors",
    ],
}
DEFAULT = tuple(STEPS)
MINUTES = 12.0
SHARE = 0.4
"""Of the time that is left, what one step may take: one that hangs leaves the rest."""
LAST_LINES = 15


def run(step: str, seconds: float) -> dict[str, Any]:
    """Run one step for so long; return its exit code, duration and last lines."""
    started, log = time.monotonic(), FOLDER / f"{step}.log"
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            [sys.executable, *STEPS[step]],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        # A benchmark has processes of its own, which go with it.
        timer = threading.Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        for line in process.stdout:
            print(line, end="", flush=True)
            file.write(line)
        code = process.wait()
        timer.cancel()
    return {
        "step": step,
        "exit_code": code,
        "seconds": round(time.monotonic() - started, 1),
        "last_lines": log.read_text("utf-8").splitlines()[-LAST_LINES:],
    }


def run_all(
    steps: list[str], minutes: float, done: dict[str, dict[str, Any]], gpu: str
) -> dict[str, dict[str, Any]]:
    """Run steps until the time is over; write the summary after each."""
    end = time.monotonic() + 60 * minutes
    for number, step in enumerate(steps):
        left = end - time.monotonic()
        if left < 1:
            print(f"the time is over before {step}: start again to go on", flush=True)
            break
        seconds = left if number == len(steps) - 1 else SHARE * left
        print(f"== {step}, {seconds:.0f} s at most", flush=True)
        done = done | {step: run(step, seconds)}
        save(FOLDER / "summary.json", {"device": gpu, "steps": list(done.values())})
    return done


def before(gpu: str) -> dict[str, dict[str, Any]]:
    """Return the steps that went well on this GPU at an earlier start."""
    path = FOLDER / "summary.json"
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if kept.get("device") != gpu:
        return {}
    return {one["step"]: one for one in kept["steps"] if one["exit_code"] == 0}


def environment() -> dict[str, str]:
    """Return the environment: JAX on the GPU, with the CPU for what asks for it."""
    path = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "JAX_PLATFORMS": "cuda,cpu",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--steps", type=words, default=list(DEFAULT))
    made.add_argument("--minutes", type=float, default=MINUTES)
    made.add_argument("--again", action="store_true", help="also steps that are done")
    made.add_argument("--list", action="store_true", help="show the commands only")
    options = made.parse_args(arguments)
    for step in options.steps:
        if step not in STEPS:
            made.error(f"there is no {step!r}; choose of {', '.join(STEPS)}")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Run the steps, and end with a code that says whether all went well."""
    options = read_options(arguments)
    if options.list:
        for step, command in STEPS.items():
            print(f"{step}: python {' '.join(command)}")
        return
    gpu = require_gpu("benchmarks.on_gpu")
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept = {} if options.again else before(gpu)
    todo = [step for step in options.steps if step not in kept]
    done = run_all(todo, options.minutes, kept, gpu)
    print(json.dumps({"device": gpu, "steps": list(done.values())}, indent=1))
    failed = any(step["exit_code"] for step in done.values())
    sys.exit(failed or not set(options.steps) <= set(done))


def save(path: Path, content: dict[str, Any]) -> None:
    """Write JSON."""
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
