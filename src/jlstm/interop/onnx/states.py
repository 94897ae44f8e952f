"""Carries of a layer as the states of the operators that it is made of, and back.

A state of an operator is ``(directions, b, h)``. An LSTM has two of them, h and c; a
GRU and an RNN have one.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._internal.types import Carry
from jlstm.cell import Cell
from jlstm.interop.onnx.cells import is_one_operator
from jlstm.layers import Bidirectional, BidirectionalParams, Layer, Stack


def carry_to_onnx(layer: Cell | Layer, carry: Carry) -> dict[str, Array]:
    """Name the states of a carry as the inputs of the exported model are named.

    Example:
        >>> from jlstm import LSTMCell, Recurrent
        >>> layer = Recurrent(LSTMCell(3))
        >>> feed = carry_to_onnx(layer, layer.init_carry((2,)))
        >>> {name: state.shape for name, state in feed.items()}
        {'initial_h_0': (1, 2, 3), 'initial_c_0': (1, 2, 3)}
    """
    return {
        f"initial_{letter}_{n}": state
        for n, states in enumerate(states_of_carry(layer, carry))
        for letter, state in zip("hc", states, strict=False)
    }


def carry_from_onnx(layer: Cell | Layer, outputs: dict[str, Any]) -> Carry:
    """Make a carry of the last states that the exported model returns by name.

    Example:
        >>> from jlstm import GRUCell, Recurrent
        >>> carry_from_onnx(Recurrent(GRUCell(1)), {"Y_h_0": jnp.zeros((1, 2, 1))})
        GRUCarry(h=f32[2,1])
    """
    count = len(jax.eval_shape(lambda: states_of_carry(layer, layer.init_carry((1,)))))
    states = []
    for n in range(count):
        names = [f"Y_{letter}_{n}" for letter in "hc"]
        states.append([jnp.asarray(outputs[name]) for name in names if name in outputs])
    return carry_of_states(layer, states)


def states_of_carry(layer: Cell | Layer, carry: Carry) -> list[list[Array]]:
    """Return the states of each operator that ``layer`` is made of, in order."""
    if isinstance(layer, Stack):
        parts = zip(layer.layers, carry, strict=True)
        return [states for part in parts for states in states_of_carry(*part)]
    if isinstance(layer, Bidirectional):
        if is_one_operator(layer):
            return [[jnp.stack(pair) for pair in zip(*carry, strict=True)]]
        return [[state[None] for state in half] for half in carry]
    return [[state[None] for state in carry]]


def carry_of_states(layer: Cell | Layer, states: Sequence[Sequence[Array]]) -> Carry:
    """Return the carry with these states; undoes :func:`states_of_carry`."""
    return _carry(layer, jax.eval_shape(layer.init_carry), list(states).pop)


def _carry(layer: Cell | Layer, shape: Carry, take: Callable[[int], Any]) -> Carry:
    if isinstance(layer, Stack):
        parts = zip(layer.layers, shape, strict=True)
        return tuple(_carry(part, own, take) for part, own in parts)
    if not isinstance(layer, Bidirectional):
        return type(shape)(*(state[0] for state in take(0)))
    if is_one_operator(layer):
        pairs = list(zip(*take(0), strict=True))
    else:
        pairs = [[state[0] for state in take(0)] for _ in shape]
    left, right = (type(s)(*pair) for s, pair in zip(shape, pairs, strict=True))
    return BidirectionalParams(left, right)
