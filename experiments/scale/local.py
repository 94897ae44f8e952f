"""Several processes of one run on this machine, joined over loopback.

python -m experiments.scale.local 2 run experiment=adding_smoke mesh.data=-1

Each gets ``distributed=auto`` and the three variables that say who it is. On a cluster
srun, mpirun or Kubernetes do this; here it is for tests and to try a configuration.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

FOLDER = Path.cwd()


def start(
    count: int,
    arguments: Sequence[str],
    folder: Path,
    log: Path | None = None,
    module: str = "jlstm",
) -> list[subprocess.Popen]:
    """Start processes that find each other; ``arguments`` are those of a module."""
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", module, *arguments, "distributed=auto"]
    with nullcontext() if log is None else log.open("a", encoding="utf-8") as out:
        return [
            subprocess.Popen(
                command, cwd=folder, stdout=out, stderr=out,
                env=os.environ | {
                    "JAX_COORDINATOR_ADDRESS": address,
                    "JAX_NUM_PROCESSES": str(count),
                    "JAX_PROCESS_ID": str(rank),
                },
            )
            for rank in range(count)
        ]  # fmt: skip


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ended(processes: Sequence[subprocess.Popen], seconds: float) -> list[int | None]:
    """Wait for the end of all, at most so long; return exit codes, None for no end.

    What runs on is killed.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(p.poll() is None for p in processes):
        time.sleep(0.05)
    codes = [process.poll() for process in processes]
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    return codes


def main(count: str, *arguments: str) -> int:
    """Run to the end; return the largest exit code."""
    processes = start(int(count), arguments, FOLDER)
    try:
        return max(process.wait() for process in processes)
    finally:
        ended(processes, 60.0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
