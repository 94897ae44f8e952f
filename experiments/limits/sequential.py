"""Time of a training step against the length of one sequence.

    python experiments/limits/sequential.py [--quick] [--out FOLDER]

An LSTM has to take its steps one after the other. Next to it stand linear cells, whose
steps are taken together, and a Transformer; all have about as many parameters, one
layer, and read a batch of one. Forward and backward pass are timed together. What would
hold more than a limit of memory is not run.
"""

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import jax
import jax.numpy as jnp
from flax import nnx

from experiments.limits.rows import Rows, options_of, present
from jlstm import Cell, LRUCell, LSTMCell, MinGRUCell, MinLSTMCell, unroll
from jlstm._backends import BackendName
from jlstm.analysis.memory_of import memory_of
from jlstm.nnx.transformer import Transformer, TransformerConfig

LENGTHS = tuple(2**n for n in range(6, 14))
WIDTH, MEMORY = 128, 3e9
"""Features of the input, and bytes that a step may hold."""

LABELS = {"x_label": "T (steps)", "y_label": "forward and backward pass (ms)"}
Loss = Callable[[Any, jax.Array], jax.Array]


def contenders() -> dict[str, tuple[Any, Loss]]:
    """Return parameters and loss by name, all of about the same size."""
    cells = {
        "LSTM": LSTMCell(WIDTH),
        "LSTM, plain loop": LSTMCell(WIDTH),
        "minLSTM": MinLSTMCell(341),
        "minGRU": MinGRUCell(512),
        "LRU": LRUCell(WIDTH, state_size=216),
    }
    config = TransformerConfig(num_layers=1, width=96, num_heads=4)
    model = Transformer(WIDTH, config, rngs=nnx.Rngs(0))
    found = {
        name: _of_cell(cell, "scan" if "plain" in name else "auto")
        for name, cell in cells.items()
    }
    return found | {"Transformer": (model, lambda model, xs: jnp.mean(model(xs) ** 2))}


def _of_cell(cell: Cell, backend: BackendName) -> tuple[Any, Loss]:
    params = cell.init(jax.random.key(0), WIDTH)

    def loss(params: Any, xs: jax.Array) -> jax.Array:
        return jnp.mean(unroll(cell, params, xs, backend=backend)[1] ** 2)

    return params, loss


def measure(params: Any, loss: Loss, steps: int, seconds: float) -> dict[str, Any]:
    """Return the milliseconds of a step and the bytes that it holds.

    The time is the shortest of as many calls as fit into ``seconds``, but of no fewer
    than three; it is None where the memory is too much.
    """
    xs = jax.random.normal(jax.random.key(1), (steps, 1, WIDTH), jnp.float32)
    step = jax.jit(jax.grad(loss))
    held = memory_of(step, params, xs).total
    if held > MEMORY:
        return {"ms": None, "bytes": held, "refused": f"{held / 1e9:.1f} GB"}
    jax.block_until_ready(step(params, xs))
    best, spent, calls = math.inf, 0.0, 0
    while calls < 3 or spent < seconds:
        start = time.perf_counter()
        jax.block_until_ready(step(params, xs))
        passed = time.perf_counter() - start
        best, spent, calls = min(best, passed), spent + passed, calls + 1
    return {"ms": 1e3 * best, "bytes": held}


def main() -> None:
    """Measure what is missing and draw it."""
    quick, out = options_of(__doc__, "sequential")
    every = contenders()
    sizes = {
        name: sum(leaf.size for leaf in jax.tree.leaves(params))
        for name, (params, _) in every.items()
    }
    print(", ".join(f"{name} {size:,} parameters" for name, size in sizes.items()))
    device = jax.devices()[0].device_kind
    setting = {"device": device, "parameters": sizes, "jax": jax.__version__}
    rows = Rows(out.with_suffix(".jsonl"), setting)
    points = [(name, t) for t in (LENGTHS[:2] if quick else LENGTHS) for name in every]
    for name, steps in rows.missing(points):
        params, loss = every[name]
        rows.add(name, steps, measure(params, loss, int(steps), 0.05 if quick else 1))
    present(rows, list(every), "ms", out, log_y=True, note="refused", **LABELS)


if __name__ == "__main__":
    main()
