"""The flat weights of ``jax.experimental.rnn``, which runs cuDNN's LSTM, in and out.

One float32 vector holds, for each layer and direction in turn, ``W_ih`` and ``W_hh``,
and after all of these ``b_ih`` and ``b_hh``, again for each in turn; each is stacked by
rows in our order of gates.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jlstm._internal.types import Params
from jlstm.cell import Cell
from jlstm.cells import LSTMCell
from jlstm.interop._check import check_bias, check_kind, check_options
from jlstm.interop._gates import Layout, Stacked, read_params, write_params
from jlstm.interop._layers import Part, from_levels, uniform_levels
from jlstm.interop._weights import check_floats
from jlstm.layers import Layer, Stack

ROWS = Layout("ifgo", rows=True)
TARGET = "jax.experimental.rnn"


class Sizes(NamedTuple):
    """The numbers that the vector does not tell, as ``jax.experimental.rnn`` has them.

    They are its arguments ``input_size, hidden_size, num_layers, bidirectional``.
    """

    input_size: int
    hidden_size: int
    num_layers: int = 1
    bidirectional: bool = False


def from_cudnn(weights: Any, sizes: Sizes) -> tuple[Stack, Params]:
    """Return the LSTM stack that a flat weight vector holds, and its parameters.

    Args:
        weights: as ``init_lstm_weight`` draws them.
        sizes: of the stack; they must account for every number of ``weights``.

    Raises:
        TypeError: ``weights`` is no array of floats, or ``sizes`` no :class:`Sizes`.
        ValueError: the length of ``weights`` does not fit, or a size is not positive.

    Example:
        >>> layer, params = from_cudnn(jnp.arange(72.0), Sizes(1, 3))
        >>> layer, params[0].w_hh.shape
        (Stack(layers=(Recurrent(cell=LSTMCell(hidden_size=3)),)), (3, 4, 3))
    """
    check_floats(f"{TARGET}: weights", weights)
    _check_sizes(sizes)
    flat = np.asarray(weights)
    if flat.shape != (wanted := _count(sizes),):
        raise ValueError(
            f"The weights have shape {flat.shape}; {sizes} needs ({wanted},). "
            "Give the sizes that the weights were drawn with."
        )
    shapes = list(_shapes(sizes))
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    blocks = [
        block.reshape(shape)
        for block, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)
    ]
    cell, half = LSTMCell(sizes.hidden_size), len(blocks) // 2
    parts = [
        Part(cell, read_params(cell, ROWS, Stacked(*matrices, *biases)))
        for matrices, biases in zip(
            _pairs(blocks[:half]), _pairs(blocks[half:]), strict=True
        )
    ]
    ways = 1 + sizes.bidirectional
    return from_levels([parts[n : n + ways] for n in range(0, len(parts), ways)])


def to_cudnn(layer: Cell | Layer, params: Params) -> Float[Array, "n"]:
    """Return the flat float32 vector that ``jax.experimental.rnn.lstm`` takes.

    The second bias of each cell is zero.

    Raises:
        ValueError, TypeError: it is not a stack of equal plain LSTMs with biases.

    Example:
        >>> import jax
        >>> cell = LSTMCell(3)
        >>> to_cudnn(cell, cell.init(jax.random.key(0), input_size=1)).shape
        (72,)
    """
    levels = uniform_levels(TARGET, layer, params)
    parts = [part for level in levels for part in level]
    check_kind(TARGET, parts[0].cell, {LSTMCell})
    check_options(TARGET, parts[0].cell)
    check_bias(TARGET, parts[0].cell)
    cells = [write_params(cell, ROWS, own) for cell, own in parts]
    matrices = [w for one in cells for w in (one.w_ih, one.w_hh)]
    biases = [w for one in cells for w in (one.b_ih, one.b_hh)]
    return jnp.concatenate(
        [jnp.array(w, jnp.float32).ravel() for w in matrices + biases]
    )


def _check_sizes(sizes: Any) -> None:
    if not isinstance(sizes, Sizes):
        raise TypeError(
            f"{TARGET}: sizes is {sizes!r}; give Sizes(input_size, hidden_size)."
        )
    for name, size in zip(sizes._fields[:3], sizes, strict=False):
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{TARGET}: {name} is {size!r}; give a positive integer.")
    if sizes.bidirectional not in (False, True):
        raise ValueError(
            f"{TARGET}: bidirectional is {sizes.bidirectional!r}; give True or False."
        )


def _count(sizes: Sizes) -> int:
    """Return how many numbers the vector has, whatever the sizes."""
    h, ways = sizes.hidden_size, 1 + sizes.bidirectional
    columns = sizes.input_size + (sizes.num_layers - 1) * ways * h
    return 4 * h * ways * (columns + sizes.num_layers * (h + 2))


def _shapes(sizes: Sizes) -> Iterator[tuple[int, ...]]:
    """Yield the shapes of all blocks in the order of the vector."""
    rows, ways = 4 * sizes.hidden_size, 1 + sizes.bidirectional
    count = sizes.num_layers * ways
    for n in range(count):
        inputs = sizes.input_size if n < ways else ways * sizes.hidden_size
        yield rows, inputs
        yield rows, sizes.hidden_size
    for _ in range(2 * count):
        yield (rows,)


def _pairs(blocks: list[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    return zip(blocks[::2], blocks[1::2], strict=True)
