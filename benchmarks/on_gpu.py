"""Do on a GPU machine all that needs one: the tests, then the benchmarks.

    python -m benchmarks.on_gpu
    python -m benchmarks.on_gpu --steps tests
    python -m benchmarks.on_gpu --list

The steps run one after the other, each in a process of its own, and one that fails does
not stop the next. What each prints is shown, and kept in runs/gpu/STEP.log; a summary
comes last and is kept as runs/gpu/summary.json.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.command import words
from benchmarks.device import require_gpu
from benchmarks.turns import ROOT

FOLDER = ROOT / "runs" / "gpu"
STEPS = {
    "cudnn": ["-m", "pytest", "-q", "tests/backends"],
    "laws": ["-m", "pytest", "-q", "-m", "not slow", "tests/laws", "tests/layers"],
    "tests": [
        *("-m", "pytest", "-q", "-m", "not slow"),
        "--continue-on-collection-errors",
    ],
    "speed": ["-m", "benchmarks.gpu"],
    "memory": ["-m", "benchmarks.gpu_memory"],
}
DEFAULT = ("cudnn", "tests", "speed", "memory")
LAST_LINES = 15


def run(step: str) -> dict[str, Any]:
    """Run one step; return its exit code, its duration and its last lines."""
    started, log = time.monotonic(), FOLDER / f"{step}.log"
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [sys.executable, *STEPS[step]],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for line in process.stdout:
            print(line, end="", flush=True)
            file.write(line)
    return {
        "step": step,
        "exit_code": process.wait(),
        "seconds": round(time.monotonic() - started, 1),
        "last_lines": log.read_text("utf-8").splitlines()[-LAST_LINES:],
    }


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
    done: list[dict[str, Any]] = []
    for step in options.steps:
        print(f"== {step}", flush=True)
        done.append(run(step))
        save(FOLDER / "summary.json", {"device": gpu, "steps": done})
    print(json.dumps({"device": gpu, "steps": done}, indent=1))
    sys.exit(any(step["exit_code"] for step in done))


def save(path: Path, content: dict[str, Any]) -> None:
    """Write JSON."""
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
