"""How the layers of a stack are connected next to the way through each of them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key, Params
from jlstm.initializers import Glorot
from jlstm.layers.layer import Layer

Connect = Literal["plain", "residual", "highway", "skip"]
AnyArray = Array | np.ndarray
"""Of JAX or of NumPy: a stream runs on either."""


class HighwayParams(NamedTuple):
    """Parameters of a layer and of the gate around it."""

    layer: Params
    w: Float[Array, "h h"]
    b: Float[Array, "h"]

    __repr__ = shapes_repr


def init_highway(layer: Params, key: Key, size: int, dtype: DType) -> HighwayParams:
    """Draw the gate around a layer; its bias of -2 lets most of the input past.

    Source: R. K. Srivastava et al., "Highway networks", 2015 (arXiv:1505.00387).
    """
    w = Glorot()(key, (size, size), dtype)
    return HighwayParams(layer, w, jnp.full((size,), -2.0, dtype))


def highway(
    params: HighwayParams, xs: Float[Array, "*b h"], ys: Float[Array, "*b h"]
) -> Float[Array, "*b h"]:
    r"""Mix a layer's output with its input: :math:`\tau y + (1 - \tau) x`.

    The gate :math:`\tau = \sigma(W x + b)` reads the input of the layer.

    Example:
        >>> xs, ys = jnp.zeros((7, 3)), jnp.ones((7, 3))
        >>> params = init_highway((), jax.random.key(0), 3, jnp.float32)
        >>> highway(params, xs, ys)[0, 0]  # sigmoid(-2)
        Array(0.119..., dtype=float32)
    """
    gate = jax.nn.sigmoid(affine(xs, params.w, params.b))
    return gate * ys + (1 - gate) * xs


def entering(connect: Connect, n: int, x: AnyArray, below: AnyArray) -> AnyArray:
    """Return what layer ``n`` reads: of the layer below, and of the stack's input."""
    return _side_by_side(x, below) if n and connect == "skip" else below


def passing(
    connect: Connect, n: int, params: Params, below: AnyArray, y: AnyArray
) -> AnyArray:
    """Return what layer ``n`` gives upwards, with what passes by it."""
    if n == 0 or connect in ("plain", "skip"):
        return y
    return below + y if connect == "residual" else highway(params, below, y)


def leaving(connect: Connect, outputs: Sequence[AnyArray]) -> AnyArray:
    """Return the output of a stack, from those of its layers."""
    return _side_by_side(*outputs) if connect == "skip" else outputs[-1]


def _side_by_side(*arrays: AnyArray) -> AnyArray:
    xp = arrays[-1].__array_namespace__()  # the first may be as a user gave it
    return xp.concatenate(arrays, axis=-1)


def check_widths(connect: str, layers: Sequence[Layer], widths: Sequence[int]) -> None:
    """Raise ValueError unless layers of these output sizes can be connected so."""
    if connect in ("plain", "skip") or len(set(widths)) == 1:
        return
    twice = [
        n for n, layer in enumerate(layers) if getattr(layer, "merge", "") == "concat"
    ]
    advice = 'give all layers one width, or connect="skip".'
    if twice:
        advice = (
            f"layers[{twice[0]}] puts two outputs side by side: halve the units of its "
            f'cells or give it merge="sum"; else {advice}'
        )
    raise ValueError(
        f"Stack: connect={connect!r} needs layers of one width; they have "
        f"{list(widths)}: {advice}"
    )
