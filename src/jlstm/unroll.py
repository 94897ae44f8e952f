"""The one loop: run a cell over a sequence, or trace everything that happens in it."""

from typing import Any

import jax
from jaxtyping import Array, Bool, Float, Int

from jlstm._arrays import as_jax, check_key, dtype_of
from jlstm._mesh import spread
from jlstm._tree import cast_like, vary_like
from jlstm._typed import CarryT, GatesT, Stepping
from jlstm._types import (
    Carry,
    Checkpoint,
    Key,
    Params,
    Shape,
    accumulator_dtype,
)
from jlstm._validate import (
    check_carry,
    check_cell,
    check_controls,
    check_options,
    check_params,
    check_sequence,
)
from jlstm.backends import RUN, Backend, Choice, Controls, Emit, Given, choose
from jlstm.cell import Cell
from jlstm.sequence import steps_within


def unroll(
    cell: Stepping[CarryT, Any],
    params: Params,
    xs: Float[Array, "t *bx"],
    carry: CarryT | None = None,
    *,
    lengths: Int[Array, "*b"] | None = None,
    mask: Bool[Array, "t *b"] | None = None,
    resets: Bool[Array, "t *b"] | None = None,
    reverse: bool = False,
    key: Key | None = None,
    backend: Backend = "auto",
    unroll: int = 1,
    checkpoint: Checkpoint = None,
) -> tuple[CarryT, Float[Array, "t *bh"]]:
    """Run ``cell`` over ``xs``; return the last carry and the outputs of all steps.

    Args:
        cell: what happens in a step.
        params: made by ``cell.init``.
        xs: inputs, time first, then batch, then the features (for most cells one
            axis; ``cell.num_feature_axes`` says); their dtype is the dtype of the
            computation and of the outputs.
        carry: where to start; ``None`` is ``cell.fresh_carry``, zeros for most cells.
            Each leaf keeps its dtype.
        lengths: how many steps of each row count, 0 to t. Later steps hold the carry
            and emit zeros, whatever their input holds.
        mask: which steps count, where they are not simply the first ones.
        resets: ``resets[t]`` means that the carry is fresh before ``xs[t]`` is
            consumed, also where ``mask`` skips the step; beyond ``lengths`` it means
            nothing.
        reverse: consume the last step first; outputs stay in the order of ``xs``. A row
            waits at its start until its data begins.
        key: randomness for noisy cells; ``None`` is no noise.
        backend: see :func:`explain`.
        unroll: steps in one turn of the loop; changes speed only.
        checkpoint: what the backward pass recomputes: ``None`` nothing (but what the
            backend itself does not keep), ``"step"`` every step, ``"sqrt"`` chunks of
            √t steps, an integer chunks of that many; :func:`jlstm.memory_of` tells
            what that saves.

    Raises:
        ValueError, TypeError: an argument does not fit, before anything is computed.

    Example:
        >>> import jax.numpy as jnp
        >>> from jlstm import LSTMCell
        >>> cell = LSTMCell(hidden_size=3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> carry, ys = unroll(cell, params, jnp.ones((7, 5, 2)))
        >>> ys.shape, bool((ys[-1] == carry.h).all())
        ((7, 5, 3), True)
    """
    return _run(
        cell, params, xs, carry, lengths, mask, resets, reverse, key, backend, unroll,
        checkpoint, emit=lambda carry, gates: carry.h.astype(dtype_of(xs)),
    )  # fmt: skip


def trace(
    cell: Stepping[CarryT, GatesT],
    params: Params,
    xs: Float[Array, "t *bx"],
    carry: CarryT | None = None,
    *,
    lengths: Int[Array, "*b"] | None = None,
    mask: Bool[Array, "t *b"] | None = None,
    resets: Bool[Array, "t *b"] | None = None,
    reverse: bool = False,
    key: Key | None = None,
    unroll: int = 1,
    checkpoint: Checkpoint = None,
) -> tuple[CarryT, tuple[CarryT, GatesT]]:
    """Run ``cell`` as :func:`unroll` does; return every carry and every gate over time.

    Steps that do not count are zero in what is returned.

    Example:
        >>> import jax.numpy as jnp
        >>> from jlstm import LSTMCell
        >>> cell = LSTMCell(hidden_size=3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> carry, (carries, gates) = trace(cell, params, jnp.ones((7, 2)))
        >>> carries.c.shape, gates.f.shape
        ((7, 3), (7, 3))
    """
    return _run(
        cell, params, xs, carry, lengths, mask, resets, reverse, key, "scan", unroll,
        checkpoint, emit=lambda carry, gates: (carry, gates),
    )  # fmt: skip


def explain(cell: Cell, backend: Backend = "auto", xs: Any = None) -> Choice:
    """Say which backend :func:`unroll` would use for ``cell``, and why.

    Args:
        cell: what happens in a step.
        backend: ``"auto"`` picks by the cell, the platform, and the shape and dtype of
            the input. ``"scan"``, the loop that defines what every backend computes,
            runs every cell; ``"fused"`` has one rule for the derivative of the whole
            loop; ``"native"`` is a kernel for LSTM and GRU on the CPU; ``"cudnn"``
            (LSTM) and ``"pallas"`` (LSTM, GRU, sLSTM) are for NVIDIA GPUs;
            ``"parallel"`` runs the cells that allow it many steps at once.
        xs: the input, or its ``jax.ShapeDtypeStruct``; ``None`` stands for a long
            sequence in float32.

    Raises:
        TypeError: this is no cell, or ``xs`` no array of floating-point numbers.
        ValueError: there is no backend of this name, or it cannot run ``cell``.

    Example:
        >>> import jax.numpy as jnp
        >>> from jlstm import LSTMCell
        >>> print(explain(LSTMCell(8), xs=jnp.ones((1, 8))))
        scan: the reference loop; not native, as 1 rows over all steps are fewer than 64
    """
    check_cell(cell)
    if xs is None:
        return choose(cell, backend)
    check_sequence(xs, cell.num_feature_axes, described=True)
    return choose(cell, backend, Given.of(cell, xs))


def _run(
    cell: Any,
    params: Params,
    xs: Array,
    carry: Carry | None,
    lengths: Array | None,
    mask: Array | None,
    resets: Array | None,
    reverse: bool,
    key: Key | None,
    backend: Backend,
    unroll: int,
    checkpoint: Checkpoint,
    emit: Emit,
) -> tuple[Carry, Any]:
    check_cell(cell)
    check_options(unroll, checkpoint, reverse)
    check_key(key)
    given = as_jax((params, xs, carry, lengths, mask, resets, key))
    params, xs, carry, lengths, mask, resets, key = given
    check_sequence(xs, cell.num_feature_axes)
    check_params(cell, params, xs.shape[-1])
    flag_shape = xs.shape[: xs.ndim - cell.num_feature_axes]
    if carry is not None:
        check_carry(cell, carry, flag_shape[1:])
    check_controls(flag_shape, lengths, mask, resets)
    chosen = choose(cell, backend, Given.of(cell, xs, carry))

    def compute(
        params: Params,
        xs: Array,
        carry: Carry | None,
        lengths: Array | None,
        mask: Array | None,
        resets: Array | None,
        key: Key | None,
    ) -> tuple[Carry, Any]:
        flag_shape = xs.shape[: xs.ndim - cell.num_feature_axes]
        once, each = (None, None) if key is None else jax.random.split(key)
        controls = _controls(flag_shape, lengths, mask, resets, each)
        step_input = jax.ShapeDtypeStruct(xs.shape[1:], xs.dtype)
        params = cell.prepare(params, step_input, once)
        start, fresh = _starts(cell, params, xs, carry, controls)
        return RUN[chosen.backend](
            cell, params, xs, start, fresh, controls, emit,
            reverse=reverse, unroll=unroll, checkpoint=checkpoint,
        )  # fmt: skip

    return spread(compute, given, len(flag_shape), by_rows=chosen.backend == "native")


def _starts(
    cell: Cell, params: Params, xs: Array, carry: Carry | None, controls: Controls
) -> tuple[Carry, Carry]:
    """Return the carry to start from and the one after a reset, typed alike."""
    batch_shape = xs.shape[1 : xs.ndim - cell.num_feature_axes]
    fresh = cell.fresh_carry(params, batch_shape, accumulator_dtype(xs.dtype))
    start = fresh if carry is None else carry
    fresh = cast_like(fresh, start)
    return vary_like((start, fresh), params, xs, controls, start)


def _controls(
    shape: Shape,
    lengths: Array | None,
    mask: Array | None,
    resets: Array | None,
    key: Key | None,
) -> Controls:
    steps, live = shape[0], mask
    if lengths is not None:
        within = steps_within(lengths, steps)
        live = within if mask is None else mask & within
        # Nothing beyond a row's length may show, a reset there included.
        resets = None if resets is None else resets & within
    keys = None if key is None else jax.random.split(key, steps)
    return Controls(live, resets, keys)
