"""The cudnn backend: a plain LSTM in float32 on an NVIDIA GPU, by cuDNN.

JAX reaches cuDNN through ``jax.experimental.rnn``, whose call has the batch first, its
weights in one vector with two biases, and no masks: only a length for each row, of one
step at least. What else a run may ask for is arranged around that call, exactly:
steps that do not count are put behind those that do, a reverse pass reads its input
turned around, and a row without steps gets back what it started from.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap, sequential_vmap
from jax.experimental import rnn
from jaxtyping import Array, Bool, Float, Int

from jlstm._overrides import set_on
from jlstm._tree import select, vary_like, zero_unless
from jlstm._types import Carry, Checkpoint, DType
from jlstm.backends.loop import run_in_chunks
from jlstm.backends.scan import Controls, Emit
from jlstm.cell import Cell
from jlstm.cells.family import LSTMCarry
from jlstm.cells.lstm import LSTMCell, LSTMParams

PLAIN = {
    "num_heads": 1,
    "cell_clip": None,
    "gate_activation": "sigmoid",
    "activation": "tanh",
    "output_activation": "tanh",
}
"""The only LSTM that cuDNN has."""
OPTIONS = (1, 0.0, False, None)
"""Of a call: one layer, no dropout, one direction, products in JAX's precision."""


def unavailable(cell: Cell, *dtypes: DType) -> str | None:
    """Return why cuDNN cannot run ``cell`` here; ``None`` if it can.

    ``dtypes`` are those of the inputs and of the carry.

    Example:
        >>> unavailable(LSTMCell(8, cell_clip=3.0))
        "cuDNN's LSTM has cell_clip=None, not 3.0"
        >>> unavailable(LSTMCell(8), "bfloat16")
        'JAX calls cuDNN in float32, not in bfloat16'
    """
    return _misfit(cell) or _other_dtype(dtypes) or _other_platform()


def cudnn(
    cell: LSTMCell,
    params: LSTMParams,
    xs: Float[Array, "t *bx"],
    carry: Carry,
    fresh: Carry,
    controls: Controls,
    emit: Emit,
    *,
    reverse: bool = False,
    unroll: int = 1,
    checkpoint: Checkpoint = None,
) -> tuple[Carry, Any]:
    """Run ``cell`` over ``xs`` and stack ``emit(carry, ())``.

    The result is that of :func:`~jlstm.backends.scan.scan`, up to rounding; products
    of matrices round to TF32 unless ``jax.default_matmul_precision`` says otherwise,
    as those of XLA do. ``emit`` gets the hidden state of all steps and ``None`` for the
    cell state, which cuDNN does not show.

    Gradients are for reverse mode and of first order: forward mode, and so a
    Hessian-vector product, raises a ``TypeError`` of JAX. Call what ``jax.vjp`` returns
    once only, as cuDNN's backward pass may write over what the forward pass has kept.
    Under ``jax.vmap`` the calls come one after the other; more batch axes cost nothing.

    Raises:
        ValueError: cuDNN cannot run this; the message says why.
    """
    dtypes = (xs.dtype, *(leaf.dtype for leaf in carry))
    if reason := unavailable(cell, *dtypes) or _uncontrolled(controls):
        raise ValueError(
            f'The cudnn backend cannot run {cell!r}: {reason}. Use backend="scan".'
        )

    def run(carry: Carry, inputs: tuple) -> tuple[Carry, Any]:
        xs, live = _turned(inputs) if reverse else inputs
        last, hs = _over_rows(params, xs, carry, live)
        return last, emit(carry._replace(h=_turned(hs) if reverse else hs, c=None), ())

    if 0 in xs.shape[:-1]:
        hs = jnp.zeros((*xs.shape[:-1], cell.hidden_size), xs.dtype)
        return carry, emit(carry._replace(h=hs, c=None), ())
    inputs = (xs, controls.live)
    return run_in_chunks(
        run, carry, inputs, xs.shape[0], reverse=reverse, checkpoint=checkpoint
    )


def _turned(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[::-1], tree)


def _over_rows(
    params: LSTMParams, xs: Array, carry: LSTMCarry, live: Array | None
) -> tuple[LSTMCarry, Array]:
    """Run with all batch axes as one."""
    steps, *batch, inputs = xs.shape
    rows = math.prod(batch)
    last, hs = _live_first(
        params,
        xs.reshape(steps, rows, inputs),
        jax.tree.map(lambda leaf: leaf.reshape(rows, -1), carry),
        None if live is None else live.reshape(steps, rows),
    )
    last = jax.tree.map(lambda leaf: leaf.reshape(*batch, -1), last)
    return last, hs.reshape(steps, *batch, -1)


def _live_first(
    params: LSTMParams,
    xs: Float[Array, "t b x"],
    carry: LSTMCarry,
    live: Bool[Array, "t b"] | None,
) -> tuple[LSTMCarry, Float[Array, "t b h"]]:
    """Run the steps that count, each row's before those that do not."""
    steps, rows, _ = xs.shape
    if live is None:
        return _first_steps(params, xs, carry, jnp.full(rows, steps, jnp.int32))
    # NaN in padding would survive multiplication by zero, in gradients.
    xs = zero_unless(live, xs)
    order = jnp.argsort(~live, axis=0, stable=True)
    lengths = live.sum(axis=0, dtype=jnp.int32)
    last, hs = _first_steps(params, _take(xs, order), carry, lengths)
    back = jnp.argsort(order, axis=0)
    return last, zero_unless(live, _take(hs, back))


def _take(leaf: Float[Array, "t b d"], order: Int[Array, "t b"]) -> Array:
    """Put the steps of each row into an order, which has each of them once."""
    rows = jnp.arange(order.shape[1])
    return leaf.at[order, rows].get(mode="promise_in_bounds", unique_indices=True)


def _first_steps(
    params: LSTMParams,
    xs: Float[Array, "t b x"],
    carry: LSTMCarry,
    lengths: Int[Array, "b"],
) -> tuple[LSTMCarry, Float[Array, "t b h"]]:
    """Run the first steps of each row, as many as ``lengths`` says.

    A row without any runs one, as cuDNN fails on none, and it is not looked at.
    """
    h, c = (leaf[None] for leaf in carry)
    weights = _packed(params, xs.dtype)
    inputs = (xs.swapaxes(0, 1), h, c, weights, jnp.maximum(lengths, 1))
    ys, h, c = _lstm(*vary_like(inputs, inputs))
    last = select(lengths > 0, LSTMCarry(h[0], c[0]), carry)
    return last, ys.swapaxes(0, 1)


def _packed(params: LSTMParams, dtype: DType) -> Float[Array, "n"]:
    """Return the vector that cuDNN reads; the second of its two biases is zero."""
    w_ih, w_hh = (w.reshape(len(w), -1).T for w in params[:2])
    b = jnp.zeros(len(w_hh), dtype) if params.b is None else params.b
    parts = (w_ih, w_hh, b, jnp.zeros_like(b))
    return jnp.concatenate([part.astype(dtype).ravel() for part in parts])


@jax.custom_vjp
def _lstm(*inputs: Array) -> tuple[Array, ...]:
    """Call cuDNN; the inputs are ``x, h_0, c_0, weights, seq_lengths`` of ``rnn.lstm``.

    Unlike ``rnn.lstm`` it has rules for ``vmap`` and ``shard_map``.
    """
    return _forward(*inputs)[0]


def _lstm_forward(*inputs: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    ys, kept = _forward(*inputs)
    return ys, (*inputs, *kept)


def _lstm_backward(
    kept: tuple[Array, ...], d_ys: tuple[Array, ...]
) -> tuple[Array | None, ...]:
    return *_backward(*kept, *d_ys), None


_lstm.defvjp(_lstm_forward, _lstm_backward)


@sequential_vmap
def _forward(
    x: Array, h: Array, c: Array, weights: Array, lengths: Array
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Return outputs, last states, and what cuDNN keeps for the backward pass."""
    inputs = (x, h, c, weights, lengths)
    out, kept = rnn.lstm_fwd(*inputs, x.shape[-1], h.shape[-1], *OPTIONS)
    return vary_like((out, kept[len(inputs) :]), inputs)


def _backward_call(*inputs: Array) -> tuple[Array, ...]:
    """Return the gradients of ``x, h_0, c_0, weights``."""
    *kept, d_ys, d_h, d_c = inputs
    x, h = kept[:2]
    grads = rnn.lstm_bwd(
        x.shape[-1], h.shape[-1], *OPTIONS, tuple(kept), (d_ys, d_h, d_c)
    )
    return vary_like(grads[:-1], kept)


_backward = custom_vmap(_backward_call)
_backward_in_turns = sequential_vmap(_backward_call)


@_backward.def_vmap
def _backward_mapped(
    axis_size: int, batched: list[bool], *inputs: Array
) -> tuple[tuple[Array, ...], tuple[bool, ...]]:
    *_, kept, _, _, _ = batched
    if not kept:
        raise NotImplementedError(
            "The cudnn backend cannot run several backward passes after one forward "
            "pass, as jax.jacrev does: cuDNN's first one may write over what the "
            'forward pass has kept. Use backend="scan".'
        )
    axes = tuple(0 if mapped else None for mapped in batched)
    return jax.vmap(_backward_in_turns, axes)(*inputs), (True,) * 4


def _uncontrolled(controls: Controls) -> str | None:
    if controls.resets is None:
        return None
    return "cuDNN cannot start afresh within a sequence, and resets are given"


def _misfit(cell: Cell) -> str | None:
    if type(cell) is not LSTMCell:
        return f"JAX calls cuDNN for LSTMCell, not for {type(cell).__name__}"
    if (name := set_on(cell)) is not None:
        return f"cuDNN would not see the {name} that was set on it"
    for field, wanted in PLAIN.items():
        given = getattr(cell, field)
        if given != wanted:
            return f"cuDNN's LSTM has {field}={wanted!r}, not {given!r}"
    return None


def _other_dtype(dtypes: tuple[DType, ...]) -> str | None:
    others = [
        jnp.dtype(dtype).name for dtype in dtypes if jnp.dtype(dtype) != "float32"
    ]
    return f"JAX calls cuDNN in float32, not in {others[0]}" if others else None


def _other_platform() -> str | None:
    platform = jax.default_backend()
    return (
        None if platform == "gpu" else f"cuDNN needs a GPU, and JAX runs on {platform}"
    )
