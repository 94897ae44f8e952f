"""Parameters as Linen's tools like them: nested dicts with string keys, and back."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import serialization
from flax.core import unfreeze

from jlstm._internal.types import Params
from jlstm.layers import Layer


def linen_params(params: Params) -> dict[str, Any]:
    """Turn parameters of a layer into nested dicts: what lies under ``"weights"``.

    Example:
        >>> from jlstm import GRUCell, Recurrent, Stack
        >>> layer = Stack((Recurrent(GRUCell(3)),))
        >>> tree = linen_params(layer.init(jax.random.key(0), input_size=2))
        >>> sorted(tree["0"])
        ['b', 'b_hn', 'w_hh', 'w_ih']
    """
    return serialization.to_state_dict(params)


def pure_params(layer: Layer, input_size: int, tree: Mapping[str, Any]) -> Params:
    """Turn nested dicts into the parameters that ``layer.apply`` takes.

    Raises:
        ValueError: a name is missing or too many, or ``tree`` is another level of the
            variables than what lies under ``"weights"``.

    Example:
        >>> from jlstm import Recurrent, RNNCell
        >>> layer = Recurrent(RNNCell(3))
        >>> params = layer.init(jax.random.key(0), input_size=2)
        >>> type(pure_params(layer, 2, linen_params(params))).__name__
        'RNNParams'
    """
    for inside in ("params", "weights"):
        if set(tree) == {inside}:
            raise ValueError(
                f"pure_params: the tree has {inside!r} alone; give what lies under "
                "'weights', as variables['params']['weights']."
            )
    return serialization.from_state_dict(_drawn(layer, input_size), unfreeze(tree))


def input_size_of(layer: Layer, tree: Mapping[str, Any]) -> int:
    """Return the features of the input that the parameters of ``layer`` are made for.

    Raises:
        ValueError: they are not those of ``layer``.

    Example:
        >>> from jlstm import GRUCell, Recurrent
        >>> layer = Recurrent(GRUCell(3))
        >>> params = layer.init(jax.random.key(0), input_size=2)
        >>> input_size_of(layer, linen_params(params))
        2
    """
    shapes = jax.tree.map(jnp.shape, unfreeze(tree))
    # No rule tells where a cell has its input axis, so each size that occurs is tried.
    sizes = {size for leaf in jax.tree.leaves(tree) for size in jnp.shape(leaf)}
    for size in sorted(sizes):
        if jax.tree.map(jnp.shape, linen_params(_drawn(layer, size))) == shapes:
            return size
    raise ValueError(f"The tree has shapes {shapes}, no parameters of {layer!r}.")


def _drawn(layer: Layer, input_size: int) -> Params:
    return jax.eval_shape(lambda: layer.init(jax.random.key(0), input_size))
