"""Import a model file that is a stack of LSTM, GRU and RNN nodes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Carry, Params
from jlstm.interop._files import as_described, read_model
from jlstm.interop.onnx.export import ModelProto
from jlstm.interop.onnx.glue import Visit, Walk, begin, called, visits
from jlstm.interop.onnx.node import layer_of
from jlstm.interop.onnx.operator import Operator, read_operator
from jlstm.interop.onnx.states import carry_of_states, states_of_carry
from jlstm.interop.onnx.weights import Weights
from jlstm.layers import Layer, Stack


class Imported(NamedTuple):
    """What a model file holds.

    Attributes:
        layer: a stack with one layer for each recurrent node.
        params: its parameters.
        carry: the initial states, if the file fixes them; ``None`` if they are zero or
            inputs of the model.
        batch_first: whether the model's input has batch before time; the layer has time
            first in either case.
    """

    layer: Stack
    params: tuple[Params, ...]
    carry: Carry | None
    batch_first: bool


def from_onnx(model: ModelProto | str | Path) -> Imported:
    """Import an ONNX model that is a stack of LSTM, GRU and RNN nodes.

    Between the nodes may stand whatever moves data (Transpose, Reshape, Squeeze, …):
    it is run on numbers that name their places, to make sure that each node gets the
    outputs of the one before as our layers hand them on. What the model makes of the
    last node's outputs is not imported: the layer returns all of them and all last
    states. Lengths and initial states that are inputs of the model are arguments of
    ``layer.apply``.

    Args:
        model: an ``onnx.ModelProto``, or the path of a file.

    Raises:
        FileNotFoundError: nothing is at the path.
        TypeError: it is neither a model nor a path.
        ValueError: the file is no ONNX file, a node computes something else, weights
            are not constants, or the nodes are not a stack.

    Example::

        layer, params, carry, batch_first = from_onnx("model.onnx")
        last, ys = layer.apply(params, xs, carry)
    """
    model = _load(model)
    with as_described("The model is no whole graph of ONNX"):
        return _imported(model)


def _imported(model: ModelProto) -> Imported:
    """Walk through a model and collect its layers."""
    walk = begin(model)
    levels: list[tuple[Layer, Params, list[Any]]] = []
    source, batch_first = None, False
    for visit in visits(model, walk):
        operator = read_operator(visit.node)
        xs = _time_first(operator, visit.inputs[0])
        if source is None:
            batch_first = _is_batch_first(visit, xs, walk)
        else:
            _check_input(visit, xs, source)
        _check_lengths(visit, len(xs), walk)
        layer, params = layer_of(operator, _weights(visit))
        levels.append((layer, params, _states(visit, operator, walk)))
        source = _outputs(operator, visit.y)
    if not levels:
        raise ValueError(
            "The model has no LSTM, GRU or RNN node: there is nothing to import."
        )
    layers, params, states = zip(*levels, strict=True)
    return Imported(Stack(layers), params, _carry(layers, states), batch_first)


def _load(model: Any) -> ModelProto:
    import onnx

    if isinstance(model, str | Path):
        return read_model("ONNX", model, onnx.load)
    if not isinstance(model, onnx.ModelProto):
        raise TypeError(
            f"from_onnx: model is a {type(model).__name__}; give an onnx.ModelProto or "
            "the path of a file."
        )
    return model


def _time_first(operator: Operator, array: np.ndarray) -> np.ndarray:
    return array.swapaxes(0, 1) if operator.batch_first else array


def _outputs(operator: Operator, y: np.ndarray) -> np.ndarray:
    """Return Y as our layers return it: ``(t, b, directions·h)``."""
    y = y.transpose(1, 2, 0, 3) if operator.batch_first else y
    return y.transpose(0, 2, 1, 3).reshape(y.shape[0], y.shape[2], -1)


def _is_batch_first(visit: Visit, xs: np.ndarray, walk: Walk) -> bool:
    for name in walk.given:
        given = walk.values[name]
        if np.array_equal(given, xs):
            return False
        if given.ndim == 3 and np.array_equal(given.swapaxes(0, 1), xs):
            return True
    raise ValueError(
        f"The input of the {called(visit.node)} is none of the model's inputs "
        f"{walk.given}, nor one with time and batch exchanged. Cut the model there "
        "with onnx.utils.extract_model."
    )


def _check_input(visit: Visit, xs: np.ndarray, source: np.ndarray) -> None:
    if not np.array_equal(xs, source):
        raise ValueError(
            f"The input of the {called(visit.node)} is not the output of the recurrent "
            "node before it with the features of both directions on one axis. Import "
            "the nodes one by one with from_onnx_node."
        )


def _weights(visit: Visit) -> Weights:
    places = {"W": 1, "R": 2, "B": 3, "P": 7}
    for name, place in places.items():
        if visit.inputs[place] is not None and not visit.fixed[place]:
            raise ValueError(
                f"The input {name} of the {called(visit.node)} is not a constant of "
                "the file. Give the weights yourself, to from_onnx_node."
            )
    return Weights(*(visit.inputs[place] for place in places.values()))


def _check_lengths(visit: Visit, steps: int, walk: Walk) -> None:
    lengths = visit.inputs[4]
    if lengths is None or np.all(lengths == steps) or _is_given(lengths, walk):
        return
    raise ValueError(
        f"The sequence_lens of the {called(visit.node)} are fixed or computed in the "
        "file. Remove them, and give lengths to layer.apply."
    )


def _states(visit: Visit, operator: Operator, walk: Walk) -> list[Any]:
    """Return the initial states that the file fixes; ``None`` where it does not."""
    states = []
    for place in (5, 6) if operator.op_type == "LSTM" else (5,):
        state = visit.inputs[place]
        if state is None or not np.any(state):
            states.append(None)
        elif visit.fixed[place]:
            states.append(jnp.asarray(_time_first(operator, state)))
        elif _is_given(state, walk):
            states.append(None)
        else:
            raise ValueError(
                f"An initial state of the {called(visit.node)} is computed in the "
                "file. Remove it, and give the carry to layer.apply."
            )
    return states


def _carry(layers: Sequence[Layer], states: Sequence[list[Any]]) -> Carry | None:
    """Return the carry of all layers, zero where the file fixes none."""
    some = [state for own in states for state in own if state is not None]
    if not some:
        return None
    carries = []
    for layer, own in zip(layers, states, strict=True):
        fresh = layer.init_carry(some[0].shape[1:2], some[0].dtype)
        (zeros,) = states_of_carry(layer, fresh)
        pairs = zip(own, zeros, strict=True)
        start = [zero if state is None else state for state, zero in pairs]
        carries.append(carry_of_states(layer, [start]))
    return tuple(carries)


def _is_given(array: np.ndarray, walk: Walk) -> bool:
    """Whether every element comes from one of the graph's inputs."""
    return any(np.isin(array, walk.values[name]).all() for name in walk.given)
