"""Calls that are wrong. Both checkers must say so on every line that is marked.

A mark that hides nothing is an error itself, so none of them can be missed: mypy by
``warn_unused_ignores``, pyright by ``reportUnnecessaryTypeIgnoreComment``.
"""

import jax
import jax.numpy as jnp
from flax import nnx

import jlstm
import jlstm.nnx


def wrong() -> None:
    xs = jnp.ones((5, 2, 3))
    cell, layer = jlstm.LSTMCell(4), jlstm.Recurrent(jlstm.GRUCell(4))
    params = cell.init(jax.random.key(0), 3)
    jlstm.LSTMCell("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    jlstm.LSTMCell(4, units=4)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    jlstm.LSTMCell()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    jlstm.LSTMCel(4)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    jlstm.GRUCell(4, reset="later")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    jlstm.unroll(cell, params, xs, lenghts=xs)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    jlstm.unroll(cell, params)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    jlstm.unroll(layer, params, xs)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    jlstm.unroll(jlstm.LSTMCell, params, xs)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    jlstm.unroll(cell, params, xs, backend="gpu")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    jlstm.unroll(cell, params, xs, checkpoint="all")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    jlstm.Stack(layer)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    jlstm.Stack((layer,), connect="dense")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    jlstm.nnx.LSTM(3, 5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    jlstm.nnx.RNN("lstm", 3, rngs=nnx.Rngs(0))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    carry, _ = jlstm.unroll(cell, params, xs)
    carry.z  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    _, (_, gates) = jlstm.trace(cell, params, xs)
    gates.r  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    params.w_xh  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
