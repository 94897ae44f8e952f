"""Time the CPU kernel in float32, bfloat16 and float64, and the scan next to it.

    python -m benchmarks.dtypes [--quick] [--hidden-sizes 256,512]

An LSTM layer over 35 steps of 20 rows; parameters, inputs and carry are of one dtype.
All run in one process, a call of each by turns, so that a machine that becomes slower
does so for all. Forward, and forward and backward, as in ``benchmarks.layers``.
"""

import argparse
import importlib.metadata
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

import jlstm
from benchmarks.command import folder, parser, record, words, write
from benchmarks.table import markdown

DTYPES = ("float32", "bfloat16", "float64")
BACKENDS = ("native", "scan")
SIZES = "256,512,650,1024,1500"
STEPS, BATCH = 35, 20
Case = tuple[str, str, str]
"""Backend, dtype, mode."""


def calls(backend: str, dtype: str, size: int) -> dict[Case, Callable[[], Any]]:
    """Return a compiled call of each mode."""
    cell = jlstm.LSTMCell(size)
    params = cell.init(jax.random.key(0), size, jnp.dtype(dtype))
    shape = (STEPS, BATCH, size)
    xs = jax.random.normal(jax.random.key(1), shape, "float32").astype(dtype)
    carry = cell.init_carry((BATCH,), jnp.dtype(dtype))

    def forward(params: Any, xs: Any) -> Any:
        return jlstm.unroll(cell, params, xs, carry, backend=backend)

    def loss(params: Any, xs: Any) -> Any:
        return (forward(params, xs)[1] ** 2).sum()

    both = jax.jit(jax.value_and_grad(loss, (0, 1)))
    made = {"forward": jax.jit(forward), "both": both}
    return {(backend, dtype, mode): _bound(f, params, xs) for mode, f in made.items()}


def _bound(function: Callable, *arguments: Any) -> Callable[[], Any]:
    return lambda: jax.block_until_ready(function(*arguments))


def least(timed: dict[Case, Callable[[], Any]], seconds: float) -> dict[Case, float]:
    """Return the least time of each call, all by turns, after one each."""
    for call in timed.values():
        call()
    found = dict.fromkeys(timed, float("inf"))
    ends = time.monotonic() + seconds * len(timed)
    while time.monotonic() < ends:
        for case, call in timed.items():
            started = time.perf_counter()
            call()
            found[case] = min(found[case], time.perf_counter() - started)
    return found


def line(size: int, times: dict[Case, float]) -> list[list[str]]:
    """Return the lines of a size: milliseconds, and those of float32 taken as one."""
    lines = []
    for mode in ("forward", "both"):
        for backend in BACKENDS:
            of = [times[backend, dtype, mode] for dtype in DTYPES]
            ratios = [f"{each / of[0]:.2f}" for each in of[1:]]
            ms = [f"{1e3 * each:.1f}" for each in of]
            lines.append([str(size), mode, backend, *ms, *ratios])
    return lines


def main(options: argparse.Namespace) -> None:
    """Measure and write the page."""
    jax.config.update("jax_enable_x64", True)
    sizes = "64" if options.quick else options.hidden_sizes
    lines, results = [], []
    for size in map(int, words(sizes)):
        cases = ((backend, dtype) for dtype in DTYPES for backend in BACKENDS)
        timed = {k: f for case in cases for k, f in calls(*case, size).items()}
        times = least(timed, 0.2 if options.quick else options.seconds)
        lines += line(size, times)
        results += [
            {"hidden_size": size, "case": case, "seconds": seconds}
            for case, seconds in times.items()
        ]
    header = ["units", "mode", "backend", *DTYPES]
    ratios = [f"{dtype} / float32" for dtype in DTYPES[1:]]
    used = {name: importlib.metadata.version(name) for name in ("jax", "jaxlib")}
    write(
        folder(options) / "dtypes",
        record(options.threads, used, results=results),
        "An LSTM in three dtypes",
        f"{STEPS} steps of {BATCH} rows, as many features as units; least times in ms.",
        markdown([*header, *ratios], lines),
    )


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("--hidden-sizes", default=SIZES)
    options.add_argument("--seconds", type=float, default=3.0, help="for each call")
    main(options.parse_args())
