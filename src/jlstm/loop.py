"""The one loop: run a cell over a sequence, or trace everything that happens in it."""

from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

import jax
from jaxtyping import Array, Bool, Float, Int

from jlstm._backends import (
    BackendChoice,
    BackendName,
    Call,
    CallTypes,
    Steps,
    choose,
    empty_result,
    named,
    run_call,
    scan_steps,
)
from jlstm._internal.arrays import as_jax, check_key
from jlstm._internal.mesh import spread
from jlstm._internal.tree import cast_like, vary_like
from jlstm._internal.typed import CarryT, GatesT, Stepping
from jlstm._internal.types import (
    Carry,
    Checkpoint,
    Key,
    Params,
    Shape,
    accumulator_dtype,
)
from jlstm._internal.validate import (
    check_carry,
    check_cell,
    check_controls,
    check_options,
    check_params,
    check_sequence,
)
from jlstm.analysis.target import target
from jlstm.cell import Cell
from jlstm.masking import steps_within


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
    backend: BackendName = "auto",
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
    given = Arguments(params, xs, carry, lengths, mask, resets, key)
    given = _checked(cell, given, unroll, checkpoint, reverse)
    types = CallTypes.of(cell, given.xs, given.carry, given.resets)
    chosen = named(choose(cell, backend, types).backend)

    def compute(*arrays: Any) -> tuple[Carry, Array]:
        call = _call(cell, Arguments(*arrays), reverse, unroll, checkpoint)
        return empty_result(call) if 0 in call.shape else run_call(chosen.run, call)

    return spread(compute, given, 1 + len(types.batch), chosen.opaque)(*given)


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
    given = Arguments(params, xs, carry, lengths, mask, resets, key)
    given = _checked(cell, given, unroll, checkpoint, reverse)

    def compute(*arrays: Any) -> tuple[Carry, Any]:
        call = _call(cell, Arguments(*arrays), reverse, unroll, checkpoint)
        return run_call(partial(scan_steps, emit=lambda *made: made), call)

    rank = given.xs.ndim - cell.num_feature_axes
    return spread(compute, given, rank, by_rows=False)(*given)


def explain(
    cell: Cell,
    backend: BackendName = "auto",
    xs: Any = None,
    *,
    platform: str | None = None,
    capability: str | None = None,
) -> BackendChoice:
    """Say which backend :func:`unroll` would use for ``cell``, and why.

    Args:
        cell: what happens in a step.
        backend: ``"auto"`` picks by the cell, the platform, and the shape and dtype of
            the input. ``"scan"``, the loop that defines what every backend computes,
            runs every cell; ``"fused"`` has one rule for the derivative of the whole
            loop; ``"native"`` is a kernel for CPUs, made from the equations of the
            cell; ``"cudnn"`` (LSTM) and ``"pallas"`` (LSTM, GRU, sLSTM) are for NVIDIA
            GPUs; ``"parallel"`` runs the cells that allow it many steps at once.
            A step at a time is for :func:`jlstm.stream`, which packs the weights of
            the kernel once.
        xs: the input, or its ``jax.ShapeDtypeStruct``; ``None`` stands for a long
            sequence in float32.
        platform: ``"cpu"``, ``"cuda"``, ``"rocm"`` or ``"tpu"``; ``None`` is what
            :func:`jlstm.target` names, and by default the device that is here.
        capability: of an NVIDIA GPU, ``"9.0"`` for an H100.

    Raises:
        TypeError: this is no cell, or ``xs`` no array of floating-point numbers.
        ValueError: there is no backend of this name, or it cannot run ``cell``, or
            there is no such platform.

    Example:
        >>> import jax.numpy as jnp
        >>> from jlstm import LSTMCell
        >>> choice = explain(LSTMCell(8), xs=jnp.ones((1, 8)))
        >>> choice.backend, choice.reason.partition("; ")[2]
        ('scan', 'not native, as 1 rows over all steps are fewer than 64')
        >>> print(explain(LSTMCell(8), "pallas", platform="cuda", capability="9.0"))
        pallas: asked for
    """
    check_cell(cell)
    given = (platform, capability) != (None, None)
    with target(platform, capability=capability) if given else nullcontext():
        if xs is None:
            return choose(cell, backend)
        check_sequence(xs, cell.num_feature_axes, described=True)
        return choose(cell, backend, CallTypes.of(cell, xs))


class Arguments(NamedTuple):
    """The arrays that a run is given; ``None`` is what was left out."""

    params: Any
    xs: Any
    carry: Any
    lengths: Any
    mask: Any
    resets: Any
    key: Any


def _checked(
    cell: Any, given: Arguments, unroll: Any, checkpoint: Any, reverse: Any
) -> Arguments:
    """Return arrays of JAX that fit each other, before anything is computed."""
    check_cell(cell)
    check_options(unroll, checkpoint, reverse)
    check_key(given.key)
    given = as_jax(given)
    xs = given.xs
    check_sequence(xs, cell.num_feature_axes)
    check_params(cell, given.params, xs.shape[-1])
    shape = xs.shape[: xs.ndim - cell.num_feature_axes]
    if given.carry is not None:
        check_carry(cell, given.carry, shape[1:])
    check_controls(shape, given.lengths, given.mask, given.resets)
    return given


def _call(
    cell: Cell, given: Arguments, reverse: bool, unroll: int, checkpoint: Checkpoint
) -> Call:
    """Return what a backend runs: parameters as they are used, flags, keys, carries."""
    xs, key = given.xs, given.key
    shape = xs.shape[: xs.ndim - cell.num_feature_axes]
    once, each = (None, None) if key is None else jax.random.split(key)
    steps = _steps(shape, given, each)
    params = cell.prepare(
        given.params, jax.ShapeDtypeStruct(xs.shape[1:], xs.dtype), once
    )
    fresh = cell.fresh_carry(params, shape[1:], accumulator_dtype(xs.dtype))
    start = fresh if given.carry is None else given.carry
    carries = vary_like((start, cast_like(fresh, start)), params, steps, start)
    return Call(cell, params, *carries, steps, reverse, unroll, checkpoint)


def _steps(shape: Shape, given: Arguments, key: Key | None) -> Steps:
    live, resets = given.mask, given.resets
    if given.lengths is not None:
        within = steps_within(given.lengths, shape[0])
        live = within if live is None else live & within
        # Nothing beyond a row's length may show, a reset there included.
        resets = None if resets is None else resets & within
    keys = None if key is None else jax.random.split(key, shape[0])
    return Steps(given.xs, live, resets, keys)
