"""Several processes that train together: what all agree on, and how they end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments.scale.faults import Fault, metrics, until_the_end, wait_for_step
from experiments.scale.local import ended, free_port, start
from jlstm.cli.run import guarded
from jlstm.cli.signals import Interrupted
from jlstm.data import write_records
from jlstm.training import processes
from jlstm.training.exits import Exit
from jlstm.training.failure import Reached, tell
from jlstm.training.stop import Stopped

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
        ({processes.ADDRESS: "here"}, f"{processes.ADDRESS} is here, and not HOST:PO"),
        ({processes.ADDRESS: "here:"}, f"{processes.ADDRESS} is here:, and not HOST"),
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
@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "(coordinator_address should be defined.)"),
        # of Open MPI, which others than its own processes have as well
        ({"OMPI_MCA_orte_hnp_uri": "1.0;tcp://10.0.0.1:3"}, "SIZE' is not set)"),
    ],
)
def test_no_cluster_is_one_line(tmp_path, monkeypatch, variables, said):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "jlstm", *RUN, "distributed=auto"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == Exit.REQUEST
    assert "distributed=auto found no other processes" in done.stderr
    assert said in done.stderr
    assert "start it by srun, mpirun or the like, or set JAX_COORD" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "training", "left"),
    [
        (ValueError("no data"), False, [2]),
        (ValueError("a bug"), True, [8]),
        (Interrupted(signal.SIGINT), False, [130]),  # by one alone
        (Stopped(signal.SIGTERM), True, []),  # by all, after the same step
    ],
)
def test_who_ends_alone_does_not_wait_for_the_others(
    monkeypatch, error, training, left
):
    codes = []
    monkeypatch.setattr(processes, "leave", codes.append)

    def work(reached):
        reached.training = training
        raise error

    assert guarded([], work) in (*left, 143)
    assert codes == left


def test_a_wait_for_others_has_an_end_and_hears_signals():
    class Heard(Exception):
        pass

    def hear(number, frame):
        raise Heard

    def fail():
        raise KeyError("SIZE")

    never = threading.Event().wait
    assert processes._done_within(9.0, lambda: None)
    assert not processes._done_within(0.01, never)
    with pytest.raises(KeyError, match="SIZE"):
        processes._done_within(9.0, fail)
    before = signal.signal(signal.SIGUSR1, hear)
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        with pytest.raises(Heard):
            processes._done_within(9.0, never)
    finally:
        signal.signal(signal.SIGUSR1, before)


ALONE = """
import sys
from jlstm.training import processes
processes.JOIN_SECONDS = float(sys.argv.pop(1))
from jlstm.cli.main import command
command()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rank", "seconds", "code", "said"),
    [
        ("0", 2.0, Exit.LOST, "the other processes did not come within 2 s"),
        ("1", 2.0, Exit.LOST, "the other processes did not come within 2 s"),
        ("1", 99.0, 130, "interrupted; nothing was begun"),
    ],
)
def test_a_process_whose_others_do_not_come_ends(
    tmp_path, monkeypatch, rank, seconds, code, said
):
    monkeypatch.setenv(processes.ADDRESS, f"127.0.0.1:{free_port()}")
    monkeypatch.setenv(processes.COUNT, "2")
    monkeypatch.setenv(processes.RANK, rank)
    words = [sys.executable, "-c", ALONE, str(seconds), *RUN, "distributed=auto"]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    if code == 130:
        time.sleep(15.0)  # it waits by then
        process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60.0)
    assert process.returncode == code
    assert said in told.splitlines()[-1]
    assert not list(tmp_path.iterdir())


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


@pytest.fixture(autouse=True)
def one_device(monkeypatch):
    """Processes that are started have a device each, unless a test says otherwise."""
    jax.devices()  # this process keeps those that the flags give it
    monkeypatch.delenv("XLA_FLAGS", raising=False)


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in metrics(folder)]


def alone(folder: Path, run: Sequence[str]) -> list[float]:
    """Train in one process; return the losses."""
    folder.mkdir()
    command = [sys.executable, "-m", "jlstm", *run]
    subprocess.run(command, cwd=folder, check=True)
    return losses(folder)


def together(
    folder: Path, count: int, run: Sequence[str], stop_at: int | None = None
) -> list[float]:
    """Train in several processes, which SIGTERM may stop; return the losses so far."""
    folder.mkdir(exist_ok=True)
    running = start(count, [*run, "mesh.data=-1"], folder, folder / "log.txt")
    if stop_at is not None:
        wait_for_step(folder, stop_at, running)
        running[-1].send_signal(signal.SIGTERM)
    codes, wanted = ended(running, 240.0), 0 if stop_at is None else 143
    assert codes == [wanted] * count, (folder / "log.txt").read_text()[-2000:]
    return losses(folder)


def drawn(folder: Path) -> tuple[str, ...]:
    """Return a run on what is drawn on the devices."""
    return (*RUN, "train.epochs=1")


def text(folder: Path) -> tuple[str, ...]:
    """Return a run on a text of 55 windows."""
    path = folder / "a.txt"
    path.write_text("".join(f"{n} and {n * n}\n" for n in range(300)))
    return (
        "run", "experiment=text", f"data.path={path}", "baselines=false",
        "stream.batch_size=4", "stream.window=16", "model.stack.hidden_sizes=[8]",
        "train.epochs=1", "train.log_every=1",
    )  # fmt: skip


def records(folder: Path, count: int = 1200) -> tuple[str, ...]:
    """Return a run on records that stay on disk: two epochs of 200 updates."""
    rng = np.random.default_rng(0)
    rows = [rng.normal(n % 2, size=(2 + n % 4, 3)) for n in range(count)]
    write_records(folder / "train", ((one, n % 2) for n, one in enumerate(rows)))
    for part in ("valid", "test"):
        write_records(folder / part, ((rows[n], n % 2) for n in range(30)))
    return (
        "run", "data=records", f"data.path={folder}", "baselines=false",
        "batches.batch_size=6", "batches.buckets=2", "model.stack.hidden_sizes=[4]",
        "train.epochs=2", "train.log_every=1",
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("run", "devices"), [(drawn, 1), (text, 2)])
def test_two_processes_train_as_one(run, devices, tmp_path, monkeypatch):
    given = run(tmp_path)
    with monkeypatch.context() as many:
        many.setenv("JAX_NUM_CPU_DEVICES", str(devices))
        found = together(tmp_path / "two", 2, given)
    np.testing.assert_allclose(found, alone(tmp_path / "one", given), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_other_processes_go_on_in_the_middle_of_an_epoch(tmp_path):
    """Each reads its own records, and the epoch has each of them once."""
    given, folder = records(tmp_path), tmp_path / "many"
    begun = together(folder, 2, given, stop_at=20)
    assert 20 < len(begun) < 200
    (run,) = folder.glob("runs/*/2*")
    found = together(folder, 3, ["resume", str(run), "resume.force=true"])
    np.testing.assert_allclose(found, alone(tmp_path / "one", given), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("number", "codes"),
    [
        (signal.SIGKILL, [(Exit.LOST,), (-signal.SIGKILL,)]),
        (signal.SIGTERM, [(143,), (143,)]),
        # The halted one goes on when the first is gone: it ends, or JAX ends it.
        (signal.SIGSTOP, [(Exit.LOST,), (Exit.LOST, -signal.SIGABRT)]),
    ],
)
def test_one_is_hit_and_all_end(number, codes, tmp_path):
    run = start(
        2, [*RUN, "train.epochs=99", "mesh.data=-1"], tmp_path, tmp_path / "log"
    )
    wait_for_step(tmp_path, 30, run)
    run[1].send_signal(number)
    found = until_the_end(run, Fault(2, 1, number, 0.0, ()))[1]
    said = (tmp_path / "log").read_text()
    fits = [one in wanted for one, wanted in zip(found, codes, strict=True)]
    assert all(fits), (found, said[-2000:])
    missed = "process 0 of 2 got no sign of life from process 1 for 10 s. The check"
    assert (missed in said) == (number == signal.SIGSTOP)
    assert "to go on: jlstm resume" in said and "Traceback" not in said
