"""What the uppermost recurrent layer of a model does while it reads."""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.types import Carry, Gates, Params
from jlstm.cell import Cell
from jlstm.layers import Bidirectional, HighwayParams, Layer, Recurrent, Stack
from jlstm.loop import trace


class LayerInputs(NamedTuple):
    """The uppermost recurrent layer of a model, and what enters it.

    Attributes:
        cell: of the layer; of one that reads both ways, that which reads forwards.
        params: of the cell.
        xs: its inputs, time first: what the layers below make of an example.
        carry: where it starts; ``None`` is ``cell.fresh_carry``.
        both_ways: whether the layer has another cell that reads backwards.
    """

    cell: Cell
    params: Params
    xs: Float[Array, "t *b x"]
    carry: Carry | None = None
    both_ways: bool = False

    def row(self, *place: int) -> "LayerInputs":
        """Return what enters it of one row; ``place`` has an index a batch axis.

        Example:
                >>> from jlstm import RNNCell
            >>> LayerInputs(RNNCell(2), None, jnp.ones((5, 3, 4))).row(-1).xs.shape
            (5, 4)
        """
        carry = jax.tree.map(lambda leaf: leaf[place], self.carry)
        return self._replace(xs=self.xs[:, *place], carry=carry)


def top_layer_inputs(
    layer: Layer, params: Params, xs: Float[Array, "t *b x"], carry: Carry | None = None
) -> LayerInputs:
    """Return what enters the uppermost recurrent layer. Nothing is dropped.

    Args:
        layer: the layers of a model.
        params: of ``layer``.
        xs: what enters the lowest of them; all steps of each row count.
        carry: of all layers, before the first step.

    Raises:
        TypeError: the uppermost layer has no cell that reads forwards.

    Example:
        >>> from jlstm import GRUCell, LSTMCell
        >>> stack = Stack((Bidirectional(LSTMCell(3)), Recurrent(GRUCell(4))))
        >>> params = stack.init(jax.random.key(0), 2)
        >>> reading = top_layer_inputs(stack, params, jnp.ones((5, 2)))
        >>> reading.cell, reading.xs.shape
        (GRUCell(hidden_size=4), (5, 6))
    """
    if isinstance(layer, Stack):
        return top_layer_inputs(*_last_layer(layer, params, xs, carry))
    if isinstance(layer, Bidirectional):
        start = None if carry is None else carry[0]
        return LayerInputs(layer.forward, params[0], xs, start, both_ways=True)
    if isinstance(layer, Recurrent) and not layer.reverse:
        return LayerInputs(layer.cell, params, xs, carry)
    raise TypeError(
        f"The uppermost layer is {layer}; give a Recurrent that reads forwards, a "
        "Bidirectional, or a Stack that ends in one."
    )


def trace_top(reading: LayerInputs) -> tuple[Carry, Gates]:
    """Return the carries and the gates of the uppermost layer over time.

    Example:
        >>> from flax import nnx
        >>> from jlstm.tasks.language.model import LanguageConfig, LanguageModel
        >>> from jlstm.training.config.stack import StackConfig
        >>> config = LanguageConfig(StackConfig(hidden_sizes=(8, 6)), embedding_size=4)
        >>> model = LanguageModel(10, config, rngs=nnx.Rngs(0))
        >>> carries, gates = trace_top(model.top_layer_inputs(jnp.array([3, 1, 4])))
        >>> carries.c.shape, gates.f.shape
        ((3, 6), (3, 6))
    """
    return _trace(reading.cell, reading.params, reading.xs, reading.carry)


def _last_layer(
    stack: Stack, params: tuple[Params, ...], xs: Array, carry: Carry | None
) -> tuple[Layer, Params, Array, Carry | None]:
    """Return the last layer and what it is called with."""
    own = params[-1].layer if isinstance(params[-1], HighwayParams) else params[-1]
    start = None if carry is None else carry[-1]
    if len(stack.layers) > 1:
        before = None if carry is None else carry[:-1]
        xs = _enter_last(stack, params[:-1], xs, before)
    return stack.layers[-1], own, xs, start


@jax.jit(static_argnums=0)
def _enter_last(
    stack: Stack, params: tuple[Params, ...], xs: Array, carry: Carry | None
) -> Array:
    """Return what the layers below the last one hand to it."""
    below = replace(stack, layers=stack.layers[:-1])
    _, ys = below.apply(params, xs, carry)
    if stack.connect != "skip":
        return ys
    # The outputs of all layers below, of which the last one reads its neighbour's.
    return jnp.concatenate([xs, ys[..., -below.layers[-1].output_size(0) :]], axis=-1)


@jax.jit(static_argnums=0)
def _trace(
    cell: Cell, params: Params, xs: Array, carry: Carry | None
) -> tuple[Carry, Gates]:
    return trace(cell, params, xs, carry)[1]
