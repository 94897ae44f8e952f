"""One training step over a long sequence, for ``benchmarks.memory``."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jlstm
from benchmarks.program import Program

PACKAGES = ("jax",)
RATE = 1e-3


def build(given: dict[str, Any]) -> Program:
    """Compile a step of an LSTM with mean square loss and plain gradient descent.

    Args:
        given: ``steps``, ``batch``, ``hidden_size``, ``checkpoint``, and ``run``:
            without it the program only knows what it would need.
    """
    jax.clear_caches()
    cell, size = jlstm.LSTMCell(given["hidden_size"]), given["hidden_size"]

    def loss(params: Any, xs: jax.Array) -> jax.Array:
        _, ys = jlstm.unroll(cell, params, xs, checkpoint=given["checkpoint"])
        return jnp.square(ys).mean()

    @jax.jit
    def step(params: Any, xs: jax.Array) -> tuple[Any, jax.Array]:
        value, grads = jax.value_and_grad(loss)(params, xs)
        return jax.tree.map(lambda p, g: p - RATE * g, params, grads), value

    params = jax.jit(cell.init, static_argnums=1)(jax.random.key(0), size)
    shape = (given["steps"], given["batch"], size)
    started = time.perf_counter()
    shaped = jax.ShapeDtypeStruct(shape, jnp.float32)
    compiled = step.lower(params, shaped).compile()
    seconds = time.perf_counter() - started
    facts = {"estimate": jlstm.memory_of(step, params, shaped).total}
    if not given["run"]:
        return Program(lambda: None, seconds, facts=facts)
    draw = np.random.default_rng(0).standard_normal(shape, np.float32)
    xs = jnp.asarray(draw)

    def run() -> Any:
        return jax.block_until_ready(compiled(params, xs))

    return Program(run, seconds, facts=facts)
