"""The matrix memory of the mLSTM over a whole sequence, chunk by chunk.

Within a chunk every step meets every earlier one, as in attention, with weights that
are products of gates; the memory that the chunk began with meets them all. Weights are
made as logarithms and divided by the largest of a step, which is its stabiliser.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from jlstm._internal.tree import join_chunks, select, time_slice


class MatrixMemory(NamedTuple):
    """Cell state, normaliser and stabiliser of every head."""

    c: Float[Array, "*b n d k"]
    n: Float[Array, "*b n k"]
    m: Float[Array, "*b n"]


class Readout(NamedTuple):
    """What a query finds, the weight of it and their stabiliser."""

    found: Float[Array, "*b d"]
    weight: Float[Array, "*b"]
    m: Float[Array, "*b"]


class Chunk(NamedTuple):
    """What enters a chunk; ``i`` and ``f`` are the logarithms of the gates.

    ``segment`` counts the resets up to a step.
    """

    q: Float[Array, "*b t k"]
    k: Float[Array, "*b t k"]
    v: Float[Array, "*b t d"]
    i: Float[Array, "*b t"]
    f: Float[Array, "*b t"]
    segment: Int[Array, "*b t"]


class Weights(NamedTuple):
    """How much a step sees of each step of its chunk, and of the memory before it."""

    steps: Float[Array, "*b t t"]
    memory: Float[Array, "*b t"]
    m: Float[Array, "*b t"]


def run_chunks(
    inputs: tuple[Array, ...],
    first: MatrixMemory,
    fresh: MatrixMemory,
    live: Bool[Array, "t *b"],
    resets: Bool[Array, "t *b"],
    size: int,
) -> tuple[MatrixMemory, Readout]:
    """Return the last memory, and what every step finds in its own.

    Args:
        inputs: q, k, v and the logarithms of i and f, by head, time first.
        first: the memory to start from.
        fresh: the memory to start from at a reset.
        live: which steps count; the others leave the memory as it is.
        resets: which steps start from ``fresh``.
        size: steps in a chunk.
    """
    q, k, v, i, f = inputs
    steps, time_axis = live.shape[0], q.ndim - 2
    i = jnp.where(live[..., None], i, -jnp.inf)
    f = jnp.where(live[..., None], f, 0.0)
    begins = jnp.broadcast_to(resets[..., None], i.shape).astype(jnp.int32)
    size = max(1, min(size, steps))
    filled = zip(
        (q, k, v, i, f, begins), (0.0, 0.0, 0.0, -jnp.inf, 0.0, 0.0), strict=True
    )

    def run(memory: MatrixMemory, leaves: list[Array]) -> tuple[MatrixMemory, Readout]:
        chunk = Chunk(*(jnp.moveaxis(leaf, 0, time_axis) for leaf in leaves))
        chunk = chunk._replace(segment=jnp.cumsum(chunk.segment, axis=-1))
        last, reading = run_chunk(memory, fresh, chunk)
        return last, jax.tree.map(lambda a: jnp.moveaxis(a, time_axis, 0), reading)

    chunks = [_in_chunks(leaf, size, value) for leaf, value in filled]
    last, readings = jax.lax.scan(run, first, chunks)
    return last, time_slice(join_chunks(readings), 0, steps)


def run_chunk(
    memory: MatrixMemory, fresh: MatrixMemory, chunk: Chunk
) -> tuple[MatrixMemory, Readout]:
    """Return the memory after a chunk, and what every step of it finds."""
    weights = _weights(chunk, memory.m, fresh.m)
    scores = weights.steps * jnp.einsum("...tk,...sk->...ts", chunk.q, chunk.k)
    recalled = _recall(memory, chunk.q), _recall(fresh, chunk.q)
    held, held_weight = select(chunk.segment == 0, *recalled)
    found = jnp.einsum("...ts,...sd->...td", scores, chunk.v)
    reading = Readout(
        found=found + weights.memory[..., None] * held,
        weight=jnp.sum(scores, axis=-1) + weights.memory * held_weight,
        m=weights.m,
    )
    return _hand_on(memory, fresh, chunk, weights), reading


def _weights(chunk: Chunk, m_first: Array, m_fresh: Array) -> Weights:
    """Return the weights of all pairs of steps, divided by the largest of a step."""
    pairs = (*chunk.f.shape, chunk.f.shape[-1])
    # Sums of the steps in between alone: a difference of two sums from the start would
    # lose the small ones after a gate that is all but closed.
    between = jnp.cumsum(
        jnp.tril(jnp.broadcast_to(chunk.f[..., :, None], pairs), -1), axis=-2
    )
    seen = jnp.tril(chunk.segment[..., :, None] == chunk.segment[..., None, :])
    log_steps = jnp.where(seen, between + chunk.i[..., None, :], -jnp.inf)
    since = jnp.sum(jnp.where(seen, chunk.f[..., None, :], 0.0), axis=-1)
    in_first = chunk.segment == 0
    log_memory = since + select(in_first, m_first[..., None], m_fresh[..., None])
    m = jnp.maximum(log_memory, jnp.max(log_steps, axis=-1))
    return Weights(jnp.exp(log_steps - m[..., None]), jnp.exp(log_memory - m), m)


def _recall(memory: MatrixMemory, q: Array) -> tuple[Array, Array]:
    found = jnp.einsum("...dk,...tk->...td", memory.c, q)
    return found, jnp.einsum("...k,...tk->...t", memory.n, q)


def _hand_on(
    memory: MatrixMemory, fresh: MatrixMemory, chunk: Chunk, weights: Weights
) -> MatrixMemory:
    """Return the memory after the last step."""
    start = select(chunk.segment[..., -1] == 0, memory, fresh)
    kept, written = weights.memory[..., -1], weights.steps[..., -1, :]
    keys = written[..., None] * chunk.k
    return MatrixMemory(
        c=kept[..., None, None] * start.c
        + jnp.einsum("...sd,...sk->...dk", chunk.v, keys),
        n=kept[..., None] * start.n + jnp.sum(keys, axis=-2),
        m=weights.m[..., -1],
    )


def _in_chunks(leaf: Array, size: int, filling: float) -> Array:
    """Fill the time axis up to whole chunks and cut it into these."""
    count = -(-leaf.shape[0] // size)
    missing = [(0, count * size - leaf.shape[0])] + [(0, 0)] * (leaf.ndim - 1)
    filled = jnp.pad(leaf, missing, constant_values=filling)
    return filled.reshape(count, size, *leaf.shape[1:])
