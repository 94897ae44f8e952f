"""Take a layer apart into its cells with their parameters, and put one together."""

import dataclasses
from typing import Any, NamedTuple

import jax.numpy as jnp

from jlstm._internal.repr import shown
from jlstm._internal.types import Params
from jlstm.cell import Cell
from jlstm.cells import GRUCell, LSTMCell, RNNCell
from jlstm.interop._check import check_alike, check_options
from jlstm.interop._weights import check_part
from jlstm.layers import (
    Bidirectional,
    BidirectionalParams,
    HighwayParams,
    Layer,
    Recurrent,
    Stack,
)


class Part(NamedTuple):
    """One cell of a layer, with its parameters."""

    cell: Cell
    params: Params


def levels(
    target: str, layer: Cell | Layer, params: Params
) -> list[tuple[Recurrent | Bidirectional, Params]]:
    """Split a stack into its layers with their parameters; a cell is a stack of one.

    The dropout of a stack is let pass: it is no weight, and who makes the other
    library's layer sets it there.

    Raises:
        ValueError, TypeError: the stack does more, or holds other kinds of layers.
    """
    if isinstance(layer, Stack):
        check_options(target, layer, {"layers", "dropout", "variational"})
        check_count(target, layer, params)
        pairs = list(zip(layer.layers, params, strict=True))
    else:
        pairs = [(layer, params)]
    return [(_as_layer(target, one), own) for one, own in pairs]


def directions(layer: Recurrent | Bidirectional, params: Params) -> list[Part]:
    """Return the one or two cells of a layer, with parameters that are theirs.

    Raises:
        TypeError, ValueError: a parameter is missing, too much, or of another kind.
    """
    if isinstance(layer, Recurrent):
        check_part(repr(layer), layer.cell, params)
        return [Part(layer.cell, params)]
    if not isinstance(params, BidirectionalParams):
        raise ValueError(
            f"{layer!r}: params are {shown(params)}; give BidirectionalParams(forward, "
            "backward), as init makes it."
        )
    backward = layer.forward if layer.backward is None else layer.backward
    for cell, own in zip((layer.forward, backward), params, strict=True):
        check_part(repr(layer), cell, own)
    return [Part(layer.forward, params[0]), Part(backward, params[1])]


def uniform_levels(
    target: str, layer: Cell | Layer, params: Params
) -> list[list[Part]]:
    """Take a stack apart for a library whose module repeats one cell.

    All levels have one direction or all have two, joined by concatenation.

    Raises:
        ValueError, TypeError: the layer is not like that.
    """
    pairs = levels(target, layer, params)
    first, _ = pairs[0]
    for one, _ in pairs:
        check_options(target, one, {"cell", "forward", "backward"})
        if type(one) is not type(first):
            raise ValueError(
                f"{target} cannot hold {first!r} and {one!r} in one module: all its "
                "layers have one direction or all have two. Convert them one by one."
            )
    parts = [directions(*pair) for pair in pairs]
    for part in (part for level in parts for part in level):
        check_alike(target, part.cell, parts[0][0].cell)
    return parts


def from_directions(parts: list[Part]) -> tuple[Layer, Params]:
    """Make a layer of one cell, or of a forward and a backward one."""
    if len(parts) == 1:
        return Recurrent(parts[0].cell), parts[0].params
    forward, backward = parts
    other = None if forward.cell == backward.cell else backward.cell
    both = BidirectionalParams(forward.params, backward.params)
    return Bidirectional(forward.cell, other), both


def from_levels(parts: list[list[Part]], dropout: float = 0.0) -> tuple[Stack, Params]:
    """Make a stack of layers, each of one cell or of two."""
    layers, params = zip(*(from_directions(level) for level in parts), strict=True)
    return Stack(layers, dropout=dropout), params


def dense_heads(layer: Any, params: Params) -> tuple[Any, Params]:
    """Replace block-diagonal recurrent weights by the dense ones that equal them.

    Other libraries have no ``num_heads``. The result computes the same; if it is
    trained on, the zeros outside the blocks move.

    Raises:
        TypeError: a cell whose heads do more, such as ``MLSTMCell``.

    Example:
        >>> import jax
        >>> from jlstm import GRUCell
        >>> cell = GRUCell(4, num_heads=2)
        >>> params = cell.init(jax.random.key(0), input_size=3)
        >>> cell, dense = dense_heads(cell, params)
        >>> cell, params.w_hh.shape, dense.w_hh.shape
        (GRUCell(hidden_size=4), (2, 2, 3, 2), (4, 3, 4))
    """
    if isinstance(params, HighwayParams):
        layer, inner = dense_heads(layer, params.layer)
        return layer, params._replace(layer=inner)
    if isinstance(layer, Stack):
        pairs = zip(layer.layers, params, strict=True)
        layers, inner = zip(*(dense_heads(*pair) for pair in pairs), strict=True)
        return dataclasses.replace(layer, layers=layers), inner
    if isinstance(layer, Bidirectional):
        halves = [dense_heads(*part) for part in directions(layer, params)]
        cells, inner = zip(*halves, strict=True)
        layer = dataclasses.replace(layer, forward=cells[0], backward=cells[1])
        return layer, BidirectionalParams(*inner)
    if isinstance(layer, Recurrent):
        cell, params = dense_heads(layer.cell, params)
        return dataclasses.replace(layer, cell=cell), params
    return _dense_cell(layer, params)


def _dense_cell(cell: Any, params: Params) -> tuple[Any, Params]:
    if getattr(cell, "num_heads", 1) == 1:
        return cell, params
    if type(cell) not in (LSTMCell, GRUCell, RNNCell):
        raise TypeError(
            f"dense_heads: the heads of {cell!r} are more than blocks of a recurrent "
            "weight; only LSTMCell, GRUCell and RNNCell have a dense equal."
        )
    cell = dataclasses.replace(cell, num_heads=1)
    return cell, params._replace(w_hh=_block_diagonal(params.w_hh))


def _as_layer(target: str, layer: Any) -> Recurrent | Bidirectional:
    if isinstance(layer, Cell):
        return Recurrent(layer)
    if not isinstance(layer, Recurrent | Bidirectional):
        raise TypeError(
            f"{target} cannot hold {layer!r}; give Recurrent, Bidirectional or a cell, "
            "or a Stack of them."
        )
    return layer


def check_count(target: str, stack: Stack, params: Any) -> None:
    """Require a tuple of parameters, one entry a layer."""
    plain = isinstance(params, tuple) and not hasattr(params, "_fields")
    if not plain or len(params) != len(stack.layers):
        raise ValueError(
            f"{target}: params are {shown(params)}; give a tuple of "
            f"{len(stack.layers)}, one per layer of {stack!r}."
        )


def _block_diagonal(w: Any) -> Any:
    """Turn blocks ``(k, d, …, d)`` into the matrix ``(k·d, …, k·d)``."""
    heads, size = w.shape[:2]
    dense = jnp.zeros((heads, size, *w.shape[2:-1], heads, size), w.dtype)
    for n in range(heads):
        dense = dense.at[n, ..., n, :].set(w[n])
    return dense.reshape(heads * size, *w.shape[2:-1], heads * size)
