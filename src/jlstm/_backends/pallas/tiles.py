"""Sizes, padding and packing: what the kernels' operands look like in memory.

The tensor cores multiply bfloat16. A float32 number is the sum of three of them, and of
the nine products of two such sums the six largest make a float32 product (the three
left out are below its rounding). So float32 runs by the same instruction on three
*pieces* of each operand, and bfloat16 on one.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._internal.types import DType

ROWS = 64
"""Rows of a tile: what the warpgroup's matrix product takes, no fewer."""
UNIT_MULTIPLE = 32
"""Hidden units are filled up to a multiple of this: whole tiles of units and depth."""


class Tile(NamedTuple):
    """How a kernel cuts its work: units of a block, depth and stages of the product."""

    units: int
    depth: int
    stages: int


def tile_of(pieces: int, size: int) -> Tile:
    """Return sizes that fit into the 227 KiB of shared memory of a block.

    Few units make many blocks: with 16 rows in the batch and 768 units there are 48.
    """
    if pieces > 1:
        return Tile(16, 32, 3)
    return Tile(16, 64, 4) if size % 64 == 0 else Tile(16, 32, 4)


def pieces_of(dtype: DType) -> int:
    """Return how many bfloat16 numbers add up to one of ``dtype``.

    Example:
        >>> pieces_of("float32"), pieces_of("bfloat16")
        (3, 1)
    """
    return 3 if jnp.dtype(dtype) == "float32" else 1


def split(x: Array, pieces: int) -> list[Array]:
    """Return bfloat16 arrays that add up to the float32 array ``x``, largest first.

    Example:
        >>> x = jnp.float32(1 / 3)
        >>> bool(sum(part.astype(jnp.float32) for part in split(x, 3)) == x)
        True
    """
    parts = []
    for _ in range(pieces - 1):
        # By bits, since XLA takes a cast down and up again for none at all.
        bits = jax.lax.bitcast_convert_type(x, jnp.uint32)
        bits = (bits + jnp.uint32(0x8000)) & jnp.uint32(0xFFFF0000)
        top = jax.lax.bitcast_convert_type(bits, jnp.float32)
        parts.append(top.astype(jnp.bfloat16))
        x = x - top
    # The rounding above may lose a NaN; x - top has kept it, and this cast does.
    return [*parts, x.astype(jnp.bfloat16)]


def stack_pieces(x: Array, pieces: int) -> Array:
    """Return the pieces of a matrix below each other."""
    return jnp.concatenate(split(x.astype(jnp.float32), pieces))


def pack_forward(w_hh: Array, units: int, pieces: int) -> Array:
    """Lay out ``h g h`` so that the gates of a block of units are side by side."""
    depth, gates, size = w_hh.shape
    blocks = w_hh.reshape(depth, gates, size // units, units).swapaxes(1, 2)
    return stack_pieces(blocks.reshape(depth, gates * size), pieces)


def pack_backward(w_hh: Array, pieces: int) -> Array:
    """Lay out ``h g h`` as the matrix that gradients of ``zh`` are multiplied by."""
    return stack_pieces(w_hh.reshape(w_hh.shape[0], -1).T, pieces)


def round_up(size: int, multiple: int) -> int:
    """Return the least multiple that is not below ``size``."""
    return -(-size // multiple) * multiple


def fill(x: Array, axis: int, size: int) -> Array:
    """Fill an axis up to ``size`` with zeros."""
    missing = size - x.shape[axis]
    if missing == 0:
        return x
    widths = [(0, 0)] * x.ndim
    widths[axis] = (0, missing)
    return jnp.pad(x, widths)
