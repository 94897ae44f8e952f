"""The time of a training update, and the share of it that collectives take.

python -m experiments.scale.collectives          # about five minutes on two cores

By the traces of JAX's profiler. A collective takes a device from the moment when the
device comes to it until it has the sum, the wait for slower devices included: on a CPU
whose cores are fewer than the devices most of it is that wait. The share is the mean of
all devices.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.scale.local import ended, start

TASKS = {
    "adding": ("experiment=adding_smoke", "train.seeds=1"),
    "language": ("experiment=char_smoke", "train.seeds=1", "stream.batch_size=48"),
}
LAYOUTS = ((1, 1), (2, 1), (4, 1), (8, 1), (1, 2), (1, 4))
"""Devices of each process, and processes."""
WARM, TRACED = 5, 40
"""Updates before the trace, and in it."""
COLLECTIVE = re.compile(r"(all-reduce|all-gather|reduce-scatter|collective-permute)\b")
MODULE = "experiments.scale.collectives"


def main(*names: str) -> int:
    """Print the rows of a table; return the exit code."""
    print("| task | devices | processes | update | share of collectives |")
    print("| --- | ---: | ---: | ---: | ---: |", flush=True)
    for task in names or TASKS:
        for devices, count in LAYOUTS:
            seconds, share = np.mean(measured(TASKS[task], devices, count), axis=0)
            row = f"| {task} | {devices} | {count} | {1e3 * seconds:.1f} ms "
            print(f"{row}| {share:.2f} |", flush=True)
    return 0


def measured(
    overrides: Sequence[str], devices: int, count: int
) -> list[tuple[float, float]]:
    """Train in processes of their own; return seconds and share of each."""
    os.environ["JAX_NUM_CPU_DEVICES"] = str(devices)
    command = ["inside", *overrides, "mesh.data=-1"]
    if count == 1:
        words = [sys.executable, "-m", MODULE, *command]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return read(done.stdout)
    with tempfile.TemporaryDirectory() as name:
        folder, log = Path(name), Path(name, "log.txt")
        running = start(count, command, folder, log, module=MODULE)
        if any(ended(running, 600.0)):
            raise RuntimeError(log.read_text()[-3000:])
        return read(log.read_text())


def read(said: str) -> list[tuple[float, float]]:
    """Return what processes have printed among other lines."""
    return [
        tuple(json.loads(one)) for one in re.findall(r"\[[\d.e-]+, [\d.e-]+\]", said)
    ]


def inside(*overrides: str) -> int:
    """Make updates, trace some of them, and print what they took."""
    from jlstm.cli.launch import prepare

    update = maker(prepare(overrides).experiment)
    for number in range(WARM):
        update(number)
    seconds, collectives = traced(lambda: [update(WARM + n) for n in range(TRACED)])
    print(json.dumps([seconds / TRACED, collectives / seconds]), flush=True)
    return 0


def maker(made: Any) -> Callable[[int], None]:
    """Return what makes the update of a batch, by its number, and waits for it."""
    from jlstm.data.share import own
    from jlstm.training.layout import Layout
    from jlstm.training.program import Replica, make_program
    from jlstm.training.updates import make_updates

    config, task = made.config, made.task(made.data, {})
    rule = make_updates(task, config.train, config.optimizer, config.schedule).rule
    layout = Layout.of(config.mesh, 1)
    member = Replica(config.train.seed, config.optimizer.learning_rate)
    program = make_program(task, rule, (member,), layout=layout)
    batches, state = own(task.batches(1), layout.share), program.init()

    def update(number: int) -> None:
        nonlocal state
        batch = batches[number]
        state, metrics = program.step(state, batch, np.float32(task.count(batch)))
        np.asarray(metrics["loss"])

    return update


def traced(work: Callable[[], Any]) -> tuple[float, float]:
    """Return the seconds of some work, and those of collectives on a device."""
    import jax

    options = jax.profiler.ProfileOptions()
    options.python_tracer_level = 0
    with tempfile.TemporaryDirectory() as name:
        with jax.profiler.trace(name, profiler_options=options):
            begun = time.perf_counter()
            work()
            seconds = time.perf_counter() - begun
        (path,) = Path(name).rglob("*.xplane.pb")
        planes = jax.profiler.ProfileData.from_file(str(path)).planes
        events = [e for plane in planes for line in plane.lines for e in line.events]
    found = [e.duration_ns for e in events if COLLECTIVE.match(e.name)]
    return seconds, sum(found) / 1e9 / jax.local_device_count()


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(inside(*words[1:]) if words[:1] == ["inside"] else main(*words))
