"""What goes with a sequence: which steps begin, which count, and where it ends."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from jlstm._internal.arrays import check_array
from jlstm._internal.labels import lengths_or_all
from jlstm._internal.tree import align, zero_unless

Tree = Any


def resets_from_dones(
    dones: Bool[Array, "t *b"], first: Bool[Array, "*b"] | None = None
) -> Bool[Array, "t *b"]:
    """Turn episode ends into resets: a step after a done starts fresh.

    ``dones[t]`` says that the episode ended *with* step t, so ``resets[t + 1]`` is set.
    ``first`` says whether step 0 starts fresh (the done before the window); default no.

    Example:
        >>> resets_from_dones(jnp.array([False, True, False])).tolist()
        [False, False, True]
    """
    _check_time("dones", dones)
    start = jnp.zeros_like(dones[:1]) if first is None else first[None]
    return jnp.concatenate([start, dones[:-1]])


def resets_from_segments(segments: Int[Array, "t *b"]) -> Bool[Array, "t *b"]:
    """Turn segment numbers of packed sequences into resets: each change starts fresh.

    Example:
        >>> resets_from_segments(jnp.array([1, 1, 2, 2, 3])).tolist()
        [True, False, True, False, True]
    """
    _check_time("segments", segments)
    start = jnp.ones_like(segments[:1], dtype=bool)
    return jnp.concatenate([start, segments[1:] != segments[:-1]])


def steps_within(lengths: Int[Array, "*b"], steps: int) -> Bool[Array, "t *b"]:
    """Mark the steps that come before the length of their row.

    Example:
        >>> steps_within(jnp.array([2, 0]), 3).astype(int).tolist()
        [[1, 0], [1, 0], [0, 0]]
    """
    time = jnp.arange(steps).reshape(-1, *(1,) * lengths.ndim)
    return time < lengths[None].astype(time.dtype)


def last_output(
    ys: Float[Array, "t *bh"],
    lengths: Int[Array, "*b"] | None = None,
    mask: Bool[Array, "t *b"] | None = None,
) -> Float[Array, "*bh"]:
    """Return the output of the last step of each row that counts.

    It is what classifies a sequence, where the carry is not at hand or is wider. Rows
    without a step that counts give zeros.

    Raises:
        TypeError: lengths are no integers, or a mask holds no flags.
        ValueError: there is no step, or lengths or mask are not of the rows of ``ys``.

    Example:
        >>> ys = jnp.array([[1.0], [2.0], [3.0]])
        >>> last_output(ys).tolist(), last_output(ys, jnp.array(2)).tolist()
        ([3.0], [2.0])
    """
    _check_rows(ys, lengths, mask)
    live = _live(ys.shape[0], lengths, mask)
    if live is None:
        return ys[-1]
    last = last_step(live)
    return zero_unless(last >= 0, at_step(ys, last))


def last_step(flags: Bool[Array, "t *b"]) -> Int[Array, "*b"]:
    """Return the number of the last step that is marked in each row; -1 for none.

    Example:
        >>> last_step(jnp.array([[1, 0], [1, 0], [0, 0]], bool)).tolist()
        [1, -1]
    """
    return jnp.max(jnp.where(flags, number_steps(flags), -1), axis=0)


def number_steps(flags: Bool[Array, "t *b"]) -> Int[Array, "t *b"]:
    """Number the steps, with the axes of ``flags``."""
    return jax.lax.broadcasted_iota(jnp.int32, flags.shape, 0)


def at_step(values: Array, step: Int[Array, "*b"]) -> Array:
    """Return for each row what stands at its step; a negative one counts as 0."""
    index = align(jnp.maximum(step, 0), values[0])[None]
    return jnp.take_along_axis(values, index, axis=0)[0]


def prepend(first: Tree, rest: Tree) -> Tree:
    """Put what was before the first step in front of what all steps have made.

    With the given carry and the carries of :func:`jlstm.trace` the result has t + 1
    entries, and entry n is the carry that step n starts from.

    Raises:
        ValueError: the trees have other leaves, or a leaf is not one step of its twin.

    Example:
        >>> from jlstm import RNNCell, trace
        >>> cell = RNNCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> _, (carries, _) = trace(cell, params, jnp.ones((7, 2)))
        >>> prepend(cell.init_carry(), carries).h.shape
        (8, 3)
    """

    def join(a: Array, b: Array) -> Array:
        b = jnp.asarray(b)
        if jnp.shape(a) != b.shape[1:] or not b.ndim:
            raise ValueError(
                f"prepend: a leaf of first has shape {jnp.shape(a)}, its twin in rest "
                f"{b.shape}; give one step, of shape {b.shape[1:]}, and all steps."
            )
        return jnp.concatenate([jnp.asarray(a, b.dtype)[None], b])

    if jax.tree.structure(first) != jax.tree.structure(rest):
        raise ValueError(
            f"prepend: first is {jax.tree.structure(first)} and rest is "
            f"{jax.tree.structure(rest)}; give two trees of the same leaves."
        )
    return jax.tree.map(join, first, rest)


def _check_time(name: str, values: Any) -> None:
    check_array(name, values)
    if values.ndim < 1:
        raise ValueError(f"{name} has shape (); give time first.")


def _check_rows(ys: Array, lengths: Any, mask: Any) -> None:
    """Require lengths and a mask whose rows are those of ``ys``, whatever follows."""
    check_array("ys", ys)
    if not ys.ndim or not len(ys):
        raise ValueError(f"ys has shape {ys.shape}; give one step at least.")
    if lengths is not None:
        batch = ys.shape[1 : 1 + np.ndim(lengths)]
        lengths_or_all("lengths", lengths, batch, len(ys))
    if mask is None:
        return
    dtype = getattr(mask, "dtype", type(mask).__name__)
    if dtype != jnp.bool_:
        raise TypeError(f"mask has dtype {dtype}; give an array of booleans.")
    if mask.shape != ys.shape[: mask.ndim] or mask.ndim in (0, ys.ndim):
        raise ValueError(
            f"mask has shape {mask.shape}; give one flag per step and row of ys, which "
            f"has shape {ys.shape}."
        )


def _live(steps: int, lengths: Array | None, mask: Array | None) -> Array | None:
    if lengths is None:
        return mask
    within = steps_within(lengths, steps)
    return within if mask is None else within & mask
