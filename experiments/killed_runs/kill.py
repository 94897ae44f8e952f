"""Kill training runs at random moments, resume them, compare every bit of the end."""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from orbax.checkpoint import v1 as ocp

LAUNCHER = Path(__file__).resolve().parents[1] / "run.py"
SMALL = [
    "experiment=char_shakespeare",
    "name=kill",
    "baselines=false",
    "model.stack.hidden_sizes=[64,64]",
    "model.dropout.hidden=0.2",
    "data.limit_train=0.1",
    "train.epochs=4",
    "train.checkpoint_every=7",
    "train.log_every=3",
]


def launch(*overrides: str) -> subprocess.Popen:
    """Start a run in a process group of its own, silently."""
    return subprocess.Popen(
        [sys.executable, str(LAUNCHER), *overrides],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def finish(*overrides: str) -> None:
    """Run to the end."""
    if code := launch(*overrides).wait():
        raise SystemExit(f"{' '.join(overrides)} ended with {code}")


def folder_in(root: Path) -> Path | None:
    """Return the one run folder under ``root``, if the run got as far as making it."""
    found = list(root.glob("kill/*/config.yaml"))
    return found[0].parent if found else None


def arrays(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every array in the newest checkpoint and the best one."""
    kept = {}
    for kind in ("step", "best"):
        saved = folder.glob(f"checkpoints/{kind}_*")
        newest = max(saved, key=lambda path: int(path.name.split(".")[1]))
        for name, value in ocp.load(newest / "state").items():
            kept[f"{kind}{name}"] = np.asarray(value).tobytes()
    return kept


def log(folder: Path) -> list[dict]:
    """Return the records of the log without their times of the day."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(x).items() if k != "time"} for x in lines]


def trial(root: Path, delay: float) -> str:
    """Start a run, kill it after ``delay`` seconds, resume it; say where it was."""
    process = launch(*SMALL, f"runs_dir={root}")
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    folder = folder_in(root)
    if folder is None:
        finish(*SMALL, f"runs_dir={root}")
        return "before the run folder was made"
    logged = (folder / "metrics.jsonl").exists()
    steps = [record["step"] for record in log(folder)] if logged else []
    finish(f"resume={folder}")
    return f"after step {steps[-1]}" if steps else "before the first logged step"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    equal = 0
    with tempfile.TemporaryDirectory() as name:
        started = time.perf_counter()
        finish(*SMALL, f"runs_dir={name}/whole")
        seconds = time.perf_counter() - started
        whole = folder_in(Path(name, "whole"))
        print(
            f"uninterrupted: {seconds:.1f} s, {len(arrays(whole))} arrays", flush=True
        )
        for n in range(1, options.kills + 1):
            root, delay = Path(name, str(n)), draw.uniform(0, seconds)
            where = trial(root, delay)
            same = arrays(folder_in(root)) == arrays(whole)
            same &= log(folder_in(root)) == log(whole)
            equal += same
            verdict = "equal" if same else "DIFFERENT"
            print(f"{n:2d}  killed at {delay:5.1f} s, {where}: {verdict}", flush=True)
    print(f"{equal} of {options.kills} bit-equal")
    return 0 if equal == options.kills else 1


if __name__ == "__main__":
    sys.exit(main())
