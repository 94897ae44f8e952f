"""Several processes that train together: what all agree on, and how they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments.scale.faults import metrics, wait_for_step
from experiments.scale.local import ended, start
from jlstm.training import processes
from jlstm.training.exits import Exit
from jlstm.training.failure import Reached, tell

RUN = (
    "run", "experiment=adding_smoke", "data.steps=20", "draw.batch_size=8",
    "draw.updates=20", "draw.exam_batches=1", "model.stack.hidden_sizes=[8]",
    "train.log_every=1", "train.checkpoint_every=5",
)  # fmt: skip


def test_alone_a_process_agrees_with_itself():
    assert processes.count() == 1 and processes.is_first()
    assert processes.agree({"loss": 0.1}) == {"loss": 0.1}
    assert not processes.asked_to_stop(3)
    processes.meet("here")
    processes.leave(3)  # which would end this very process


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "distributed=auto must come before JAX computes anything"),
        ({processes.COUNT: "2"}, f"{processes.RANK} is nothing, no whole number"),
        ({processes.COUNT: "two", processes.RANK: "0"}, "is two, no whole number"),
    ],
)
def test_a_cluster_that_is_none_is_refused(variables, said, monkeypatch):
    for name in (processes.COUNT, processes.RANK, processes.ADDRESS):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    jax.devices()
    with pytest.raises(ValueError, match=said):
        processes.join("auto")
    assert not jax.distributed.is_initialized()


@pytest.mark.long
def test_no_cluster_is_one_line(tmp_path):
    command = [sys.executable, "-m", "jlstm", *RUN, "distributed=auto"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == Exit.REQUEST
    assert "distributed=auto found no other processes" in done.stderr
    assert "start it by srun, mpirun or the like, or set JAX_COORD" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [RuntimeError, ValueError])
def test_a_lost_process_is_told_by_what_a_collective_says(kind, monkeypatch):
    def fail(text):
        with processes.watched():
            raise kind(text)

    with pytest.raises(kind, match="Gloo") as alone:
        fail("UNKNOWN: Gloo all-reduce failed")
    assert not isinstance(alone.value, processes.LostProcessError)
    monkeypatch.setattr(processes, "count", lambda: 2)
    with pytest.raises(processes.LostProcessError, match="0 of 2 lost another") as lost:
        fail("UNKNOWN: Gloo all-reduce failed: Connection closed by peer")
    assert tell(lost.value, Reached(training=True))[0] == Exit.LOST == 75
    with pytest.raises(kind, match="RESOURCE_EXHAUSTED"):
        fail("RESOURCE_EXHAUSTED: Out of memory")


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in metrics(folder)]


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path):
    (tmp_path / "two").mkdir()
    run = start(2, [*RUN, "train.epochs=1", "mesh.data=-1"], tmp_path / "two")
    assert ended(run, 240.0) == [0, 0]
    command = [sys.executable, "-m", "jlstm", *RUN, "train.epochs=1"]
    subprocess.run(
        command, cwd=tmp_path, check=True, env=os.environ | {"XLA_FLAGS": ""}
    )
    np.testing.assert_allclose(losses(tmp_path / "two"), losses(tmp_path), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "codes"),
    [(signal.SIGKILL, [Exit.LOST, -signal.SIGKILL]), (signal.SIGTERM, [143, 143])],
)
def test_one_is_hit_and_all_end(number, codes, tmp_path):
    run = start(
        2, [*RUN, "train.epochs=99", "mesh.data=-1"], tmp_path, tmp_path / "log"
    )
    wait_for_step(tmp_path, 30, run)
    run[1].send_signal(number)
    assert ended(run, 30.0) == codes, (tmp_path / "log").read_text()[-2000:]
    said = (tmp_path / "log").read_text()
    assert "to go on: jlstm resume" in said and "Traceback" not in said
