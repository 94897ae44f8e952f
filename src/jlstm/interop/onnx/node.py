"""One LSTM, GRU or RNN node: as a layer with parameters, and run as it is defined."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._internal.types import Carry, Params
from jlstm.interop._layers import Part, from_directions
from jlstm.interop.onnx.cells import cell_of
from jlstm.interop.onnx.operator import NodeProto, Operator, read_operator
from jlstm.interop.onnx.states import carry_of_states, states_of_carry
from jlstm.interop.onnx.weights import Weights, check_weights, read_weights
from jlstm.layers import Layer, Recurrent


def from_onnx_node(
    node: NodeProto, w: Any, r: Any, b: Any = None, p: Any = None
) -> tuple[Layer, Params]:
    """Turn one recurrent ONNX node and its weights into a layer with parameters.

    All attributes of the operators are read; ``clip`` becomes
    :class:`jlstm.activations.Clipped` activations. The layer is time-first whatever the
    node's ``layout``, and has the features of both directions on one axis.

    Args:
        node: an ``onnx.NodeProto`` of type LSTM, GRU or RNN.
        w: the node's input W, ``(directions, gates·h, x)``.
        r: the node's input R, ``(directions, gates·h, h)``.
        b: the node's input B, if it has one.
        p: the node's input P, if it has one.

    Raises:
        ValueError: the node or a weight is not as the operator defines it.

    Example::

        node = helper.make_node("GRU", ["X", "W", "R"], ["Y"], direction="reverse")
        layer, params = from_onnx_node(node, np.ones((1, 9, 2)), np.ones((1, 9, 3)))
        layer.cell  # GRUCell(hidden_size=3, reset='before', use_bias=False)
    """
    return layer_of(read_operator(node), Weights(w, r, b, p))


def layer_of(operator: Operator, weights: Weights) -> tuple[Layer, Params]:
    """Return the layer and the parameters of an operator."""
    hidden_size = check_weights(operator, weights)
    parts = []
    for way in range(operator.ways):
        own = Weights(*(None if array is None else array[way] for array in weights))
        cell = cell_of(operator, way, hidden_size, own.b is not None, own.p is not None)
        parts.append(Part(cell, read_weights(cell, operator.op_type, own)))
    layer, params = from_directions(parts)
    if operator.direction == "reverse":
        layer = Recurrent(layer.cell, reverse=True)
    return layer, params


def run_onnx_node(
    node: NodeProto,
    x: Array,
    w: Any,
    r: Any,
    b: Any = None,
    sequence_lens: Array | None = None,
    initial_h: Array | None = None,
    initial_c: Array | None = None,
    p: Any = None,
) -> tuple[Array, ...]:
    """Compute a recurrent ONNX node with the layer that it is imported as.

    Args:
        node: an ``onnx.NodeProto`` of type LSTM, GRU or RNN.
        x: the sequences, in the node's layout, like all that follows.
        w: input weights.
        r: recurrent weights.
        b: biases; ``None`` is zero, as for all that follows.
        sequence_lens: lengths of the rows; ``None`` is all steps.
        initial_h: initial hidden states.
        initial_c: initial cell states, of an LSTM only.
        p: peepholes, of an LSTM only.

    Returns:
        Y, Y_h and, for an LSTM, Y_c, whether or not the node names them. Beyond the
        length of a row Y is zero, and Y_h is the last state before it: the initial one
        for a length of 0.
    """
    operator = read_operator(node)
    layer, params = layer_of(operator, Weights(w, r, b, p))
    xs, h0, c0 = (_swap(operator, state) for state in (x, initial_h, initial_c))
    carry = _start(operator, layer, xs, h0, c0)
    last, ys = layer.apply(params, xs, carry, lengths=sequence_lens)
    (states,) = states_of_carry(layer, last)
    steps, batch = ys.shape[:2]
    y = jnp.moveaxis(ys.reshape(steps, batch, operator.ways, -1), 2, 1)
    y = jnp.moveaxis(y, 2, 0) if operator.batch_first else y
    return y, *(_swap(operator, state) for state in states)


def _start(
    operator: Operator, layer: Layer, xs: Array, h0: Array | None, c0: Array | None
) -> Carry | None:
    """Return the carry of the initial states, zero where one of them is missing."""
    if h0 is None and c0 is None:
        return None
    zeros = jax.eval_shape(
        lambda: states_of_carry(layer, layer.init_carry(xs.shape[1:2]))
    )
    given = (h0, c0)[: len(zeros[0])]
    states = [
        jnp.zeros(zero.shape, xs.dtype) if state is None else state
        for state, zero in zip(given, zeros[0], strict=True)
    ]
    return carry_of_states(layer, [states])


def _swap(operator: Operator, array: Any) -> Array | None:
    """Move the axes of layout 1 to where layout 0 has them, or back."""
    if array is None:
        return None
    array = jnp.asarray(array)
    return jnp.swapaxes(array, 0, 1) if operator.batch_first else array
