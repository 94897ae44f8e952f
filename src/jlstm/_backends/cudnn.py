"""The cudnn backend: a plain LSTM in float32 on an NVIDIA GPU, by cuDNN.

JAX reaches cuDNN through ``jax.experimental.rnn``, whose call has the batch first, its
weights in one vector with two biases, and no masks: only a length for each row, of one
step at least. What else a run may ask for is arranged around that call, exactly:
steps that do not count are put after those that do, a reverse pass reads its input
turned around, and a row without steps gets back what it started from.

Products of matrices round to TF32 unless ``jax.default_matmul_precision`` says
otherwise, as those of XLA do. Gradients are for reverse mode and of first order:
forward mode, and so a Hessian-vector product, raises a ``TypeError`` of JAX. Call what
``jax.vjp`` returns once only, as cuDNN's backward pass may write over what the forward
pass has kept. Under ``jax.vmap`` the calls come one after the other; more batch axes
cost nothing.
"""

import math

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap, sequential_vmap
from jax.experimental import rnn
from jaxtyping import Array, Bool, Float, Int

from jlstm._backends.call import Backend, Call, CallTypes
from jlstm._backends.chunks import from_the_start
from jlstm._internal.overrides import set_on
from jlstm._internal.tree import select, vary_like
from jlstm._internal.types import DType
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


def _unsupported(cell: Cell, types: CallTypes) -> str | None:
    return (
        _unsupported_cell(cell)
        or _unsupported_dtype(types.dtypes)
        or _other_platform(types.target.platform)
        or _cannot_reset(types.has_resets)
    )


def _unsupported_cell(cell: Cell) -> str | None:
    if type(cell) is not LSTMCell:
        return f"JAX calls cuDNN for LSTMCell, not for {type(cell).__name__}"
    if (name := set_on(cell)) is not None:
        return f"cuDNN would not see the {name} that was set on it"
    for field, wanted in PLAIN.items():
        given = getattr(cell, field)
        if given != wanted:
            return f"cuDNN's LSTM has {field}={wanted!r}, not {given!r}"
    return None


def _unsupported_dtype(dtypes: tuple[DType, ...]) -> str | None:
    names = (jnp.dtype(dtype).name for dtype in dtypes)
    others = [name for name in names if name != "float32"]
    return f"JAX calls cuDNN in float32, not in {others[0]}" if others else None


def _other_platform(platform: str) -> str | None:
    if platform == "cuda":
        return None
    return f"cuDNN needs an NVIDIA GPU, and the program is for {platform}"


def _cannot_reset(has_resets: bool) -> str | None:
    if not has_resets:
        return None
    return "cuDNN cannot start afresh within a sequence, and resets are given"


@from_the_start
def _run(call: Call) -> tuple[LSTMCarry, Array]:
    """Run with all batch axes as one."""
    xs, live, *_ = call.steps
    steps, *batch = call.shape
    rows = math.prod(batch)
    last, hs = _live_first(
        call.params,
        xs.reshape(steps, rows, xs.shape[-1]),
        jax.tree.map(lambda leaf: leaf.reshape(rows, -1), call.start),
        None if live is None else live.reshape(steps, rows),
    )
    last = jax.tree.map(lambda leaf: leaf.reshape(*batch, -1), last)
    return last, call.output(hs.reshape(steps, *batch, -1))


CUDNN = Backend("cudnn", _unsupported, _run)


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
    order = jnp.argsort(~live, axis=0, stable=True)
    lengths = live.sum(axis=0, dtype=jnp.int32)
    last, hs = _first_steps(params, _take(xs, order), carry, lengths)
    back = jnp.argsort(order, axis=0)
    return last, _take(hs, back)


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
