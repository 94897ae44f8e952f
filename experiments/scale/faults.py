"""What becomes of a run of several processes when one of them is lost or stopped.

python -m experiments.scale.faults             # about eight minutes on two cores
python -m experiments.scale.faults SIGSTOP     # one of the signals

Each row is a run that is hit while it trains, the time until the last process ended,
the exit codes, and whether one process alone goes on from the checkpoint to the loss
of a run that nothing disturbed. A process that SIGSTOP halted goes on once the others
have ended, and must end too. The exit code of this program is 1 where a row fails.
"""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from experiments.scale.local import ended, start
from jlstm.training.exits import Exit
from jlstm.training.log import read_metrics

RUN = (
    "run", "experiment=adding_smoke", "mesh.data=-1", "train.epochs=4",
    "train.log_every=5", "train.checkpoint_every=20",
)  # fmt: skip
HIT_AT = 120
"""Steps after which a process is hit: checkpoints are there, and more is to come."""
NEAR = 0.05
"""Of the loss: sums over devices are taken in another order, and a solved task is
steep."""
LOST_SECONDS, TERM_SECONDS, SILENT_SECONDS = 5.0, 30.0, 15.0


class Fault(NamedTuple):
    """A signal to one of several processes, and how they must end."""

    count: int
    rank: int
    number: signal.Signals
    seconds: float
    codes: tuple[int, ...]


LOST, TERM = int(Exit.LOST), 128 + signal.SIGTERM
FAULTS = (
    Fault(2, 1, signal.SIGKILL, LOST_SECONDS, (LOST,)),
    Fault(2, 0, signal.SIGKILL, LOST_SECONDS, (LOST, -signal.SIGABRT)),
    Fault(4, 2, signal.SIGKILL, LOST_SECONDS, (LOST, -signal.SIGABRT)),
    Fault(2, 1, signal.SIGSTOP, SILENT_SECONDS, (LOST,)),
    Fault(2, 0, signal.SIGSTOP, SILENT_SECONDS, (LOST,)),
    Fault(4, 2, signal.SIGSTOP, SILENT_SECONDS, (LOST,)),
    Fault(2, 1, signal.SIGTERM, TERM_SECONDS, (TERM,)),
    Fault(2, 0, signal.SIGTERM, TERM_SECONDS, (TERM,)),
)


def main(*names: str) -> int:
    """Print a row for each fault, or those of some signals; return the exit code."""
    faults = [fault for fault in FAULTS if not names or fault.number.name in names]
    with tempfile.TemporaryDirectory() as name:
        wanted = undisturbed(Path(name))
        print(f"undisturbed: validation loss {wanted:.6f}")
        print("| processes | hit | signal | seconds | exit codes | resumed |")
        print("| ---: | ---: | --- | ---: | --- | --- |", flush=True)
        rows = [row(Path(name) / str(n), f, wanted) for n, f in enumerate(faults)]
    return 0 if all(rows) else 1


def undisturbed(folder: Path) -> float:
    """Return the last validation loss of one process that nothing disturbs."""
    whole = folder / "whole"
    whole.mkdir()
    command = [sys.executable, "-m", "jlstm", *RUN]
    subprocess.run(command, cwd=whole, check=True, capture_output=True)
    return last_loss(whole)


def row(folder: Path, fault: Fault, wanted: float) -> bool:
    """Hit a run and resume it; print how that went and return whether it went well."""
    folder.mkdir()
    processes = start(fault.count, RUN, folder, folder / "log.txt")
    wait_for_step(folder, HIT_AT, processes)
    processes[fault.rank].send_signal(fault.number)
    seconds, codes = until_the_end(processes, fault)
    rest = [
        code
        for rank, code in enumerate(codes)
        if rank != fault.rank or fault.number == signal.SIGTERM
    ]
    found = resumed(folder)
    near = abs(found - wanted) < NEAR * wanted
    well = seconds <= fault.seconds and all(code in fault.codes for code in rest)
    well = well and None not in codes
    print(
        f"| {fault.count} | {fault.rank} | {fault.number.name} | {seconds:.1f} "
        f"| {codes} | {found:.6f} |{'' if near and well else ' FAILED'}",
        flush=True,
    )
    return near and well


def until_the_end(
    processes: list[subprocess.Popen], fault: Fault
) -> tuple[float, list[int | None]]:
    """Return how long processes live on after one was hit, and all exit codes."""
    hit, waited = time.monotonic(), list(processes)
    if fault.number == signal.SIGSTOP:
        waited.remove(processes[fault.rank])
    ended(waited, 60.0)
    seconds = time.monotonic() - hit
    processes[fault.rank].send_signal(signal.SIGCONT)
    return seconds, ended(processes, 60.0)


def wait_for_step(
    folder: Path, step: int, processes: list[subprocess.Popen], most: float = 300.0
) -> None:
    """Wait until a run has logged a step."""
    until = time.monotonic() + most
    while time.monotonic() < until:
        if any(line["step"] >= step for line in metrics(folder)):
            return
        if all(process.poll() is not None for process in processes):
            break
        time.sleep(0.05)
    raise RuntimeError((folder / "log.txt").read_text(encoding="utf-8")[-2000:])


def resumed(folder: Path) -> float:
    """Let one process go on; return its last validation loss."""
    (run,) = folder.glob("runs/*/2*")
    subprocess.run(
        [sys.executable, "-m", "jlstm", "resume", str(run), "mesh.data=1",
         "distributed=off", "resume.force=true"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return last_loss(folder)


def metrics(folder: Path) -> list[dict]:
    """Return what the run in a working folder has logged."""
    found = sorted(folder.glob("runs/*/*/metrics.jsonl"))
    return read_metrics(found[-1].parent) if found else []


def last_loss(folder: Path) -> float:
    """Return the last validation loss of the run in a working folder."""
    return [line["loss"] for line in metrics(folder) if line["kind"] == "valid"][-1]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
