"""Requests per second and their latency, by how many clients ask at once.

    python -m benchmarks.serving RUN [--seconds 5] [--input "a text"]

Starts ``jlstm serve`` in a process of its own on this machine, asks over loopback with
1 to 64 clients, each one request after the other, with batches of one input and of 64,
and stops it. What is compiled is compiled before. Printed are requests per second, the
median and the 99th percentile in milliseconds, mean inputs of a batch, and the sessions
and memory that are left.
"""

import argparse
import asyncio
import contextlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import numpy as np

CLIENTS = (1, 8, 64)
BATCHES = (1, 64)
WARM_UP = 1.0


@contextlib.contextmanager
def server(run: str, *options: str) -> Iterator[tuple[str, int]]:
    """Serve a run; yield the address and the process."""
    command = [sys.executable, "-m", "jlstm", "serve", run, "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    if found is None:
        raise SystemExit("jlstm serve did not start: see above")
    try:
        yield found[0], process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


async def asked(url: str, clients: int, seconds: float, text: str) -> list[float]:
    """Return the seconds of each request of some clients."""
    times: list[float] = []
    until = time.perf_counter() + seconds

    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as shared:

        async def client() -> None:
            while time.perf_counter() < until:
                begun = time.perf_counter()
                answer = await shared.post("/predict", json={"inputs": [text]})
                answer.raise_for_status()
                times.append(time.perf_counter() - begun)

        await asyncio.gather(*(client() for _ in range(clients)))
    return times


def compile_all(url: str, most: int, text: str) -> None:
    """Ask for batches of each size that is compiled: they are powers of two."""
    for power in range(most.bit_length()):
        httpx.post(f"{url}/predict", json={"inputs": [text] * 2**power}, timeout=60)


def batch_size(url: str) -> float:
    """Return the mean size of all batches so far."""
    text = httpx.get(f"{url}/metrics").text
    total, count = (
        float(re.search(rf"jlstm_batch_{name} (\S+)", text)[1])  # type: ignore[index]
        for name in ("sum", "count")
    )
    return total / max(count, 1)


def memory(process: int) -> float:
    """Return the resident MB of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def leak(url: str, process: int, count: int = 2000) -> str:
    """Open and close sessions, where the run has them; say what is left."""
    if httpx.get(f"{url}/model").json()["streams"] is False:
        return "no sessions: the task reads its input as a whole"
    with httpx.Client(base_url=url, timeout=60) as client:
        before = 0.0
        for number in range(count + 100):
            if number == 100:
                before = memory(process)
            name = client.post("/sessions").json()["session"]
            client.post(f"/sessions/{name}", json={"input": "a"})
            client.delete(f"/sessions/{name}")
        left = client.get("/health").json()["sessions"]
    grown = memory(process) - before
    return f"{count} sessions opened and closed: {left} left, {grown:+.1f} MB"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--input", default="a fine film , and never dull")
    options = parser.parse_args()
    print("| batch | clients | requests/s | p50 ms | p99 ms | inputs per batch |")
    print("|---|---|---|---|---|---|")
    for most in BATCHES:
        for clients in CLIENTS:
            with server(options.run, "--batch", str(most)) as (url, _):
                compile_all(url, most, options.input)
                asyncio.run(asked(url, clients, WARM_UP, options.input))
                times = asyncio.run(asked(url, clients, options.seconds, options.input))
                low, high = 1e3 * np.percentile(times, [50, 99])
                rate = len(times) / options.seconds
                row = f"{rate:.0f} | {low:.1f} | {high:.1f} | {batch_size(url):.1f}"
                print(f"| {most} | {clients} | {row} |", flush=True)
    with server(options.run) as (url, process):
        print(leak(url, process))


if __name__ == "__main__":
    main()
