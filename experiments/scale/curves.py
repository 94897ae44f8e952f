"""One run on 1, 2, 4, 8 devices and in 1, 2, 4 processes: the curves and the times.

python -m experiments.scale.curves              # about ten minutes on two cores
python -m experiments.scale.curves adding       # one of the tasks, two minutes

Writes ``curves.md``, ``curves.jsonl`` and ``curves.png`` next to this file; what they
have of other tasks stays. All devices
are parts of one CPU, so that more of them take longer; that the curves lie over each
other is what this shows.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from experiments.scale.local import ended, start
from jlstm.analysis.plots.overlay import OverlayCurve, plot_overlay
from jlstm.training.log import read_metrics
from jlstm.training.resources import read_resources

FOLDER = Path(__file__).parent
TASKS = {
    "adding": (
        "experiment=adding_smoke", "train.epochs=3", "train.log_every=10",
        "train.seeds=1",
    ),
    "language": (
        "experiment=char_smoke", "train.epochs=1", "stream.batch_size=48",
        "train.log_every=10",
        "train.seeds=1",
    ),
}  # fmt: skip
DEVICES, PROCESSES = (1, 2, 4, 8), (1, 2, 4)


def main(*names: str) -> int:
    """Run tasks, by default all, and write what came out; return the exit code."""
    tasks, kept = names or tuple(TASKS), FOLDER / "curves.jsonl"
    known = kept.read_text().splitlines() if kept.exists() else []
    rows = [one for one in map(json.loads, known) if one["task"] not in tasks]
    for task in tasks:
        layouts = [(devices, 1) for devices in DEVICES]
        layouts += [(1, count) for count in PROCESSES[1:]]
        rows += [row(task, TASKS[task], *layout) for layout in layouts]
    kept.write_text("".join(json.dumps(r) + "\n" for r in rows))
    (FOLDER / "curves.md").write_text(table(rows))
    plot(rows).savefig(FOLDER / "curves.png", dpi=120)
    return 0


def row(task: str, overrides: tuple, devices: int, count: int) -> dict[str, Any]:
    """Train once; return the curve and the times."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["JAX_NUM_CPU_DEVICES"] = str(devices)
        command = ["run", *overrides, "mesh.data=-1"]
        if count == 1:
            whole = [sys.executable, "-m", "jlstm", *command]
            subprocess.run(whole, cwd=folder, check=True, capture_output=True)
        else:
            running = start(count, command, folder, folder / "log.txt")
            codes = ended(running, 900.0)
            if any(codes):
                raise RuntimeError((folder / "log.txt").read_text()[-3000:])
        (found,) = folder.rglob("metrics.jsonl")
        lines = [dict(line) for line in read_metrics(found.parent)]
        result = json.loads((found.parent / "result.json").read_text())
        wait = np.mean([one["wait"] for one in read_resources(found.parent)[1:]])
    curve = [line["loss"] for line in lines if line["kind"] == "train"]
    made = {"task": task, "devices": devices, "processes": count, "curve": curve}
    print(task, devices, count, result["valid"]["loss"], result["seconds"], flush=True)
    made |= {"valid": result["valid"]["loss"], "wait": float(wait)}
    return made | {"seconds": result["seconds"]}


def plot(rows: list[dict[str, Any]]) -> Any:
    """Draw the curves of each task over each other."""
    panels: dict[str, dict[str, OverlayCurve]] = {}
    for made in rows:
        devices, count = made["devices"], made["processes"]
        name = f"{count} processes" if count > 1 else f"{devices} devices"
        updates = [10 * (n + 1) for n in range(len(made["curve"]))]
        curve = OverlayCurve(updates, made["curve"])
        panels.setdefault(made["task"], {})[name] = curve
    return plot_overlay(panels, ("updates", "loss"))


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as Markdown, each curve against that of one device."""
    head = "task", "devices", "processes", "validation", "curve is off by", "wait", "s"
    text = f"| {' | '.join(head)} |\n| ---{' | ---:' * (len(head) - 1)} |\n"
    for made in rows:
        first = next(each for each in rows if each["task"] == made["task"])
        distance = np.abs(np.subtract(made["curve"], first["curve"])).max()
        text += (
            f"| {made['task']} | {made['devices']} | {made['processes']} "
            f"| {made['valid']:.6f} | {distance:.1e} | {made['wait']:.3f} "
            f"| {made['seconds']:.0f} |\n"
        )
    return text


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
