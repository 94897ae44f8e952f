"""Parameters as Linen's tools like them: nested dicts with string keys, and back."""

from typing import Any

import jax
from flax import serialization

from jlstm._types import Params
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


def pure_params(layer: Layer, input_size: int, tree: dict[str, Any]) -> Params:
    """Turn nested dicts into the parameters that ``layer.apply`` takes.

    Raises:
        ValueError: a name is missing or too many.

    Example:
        >>> from jlstm import Recurrent, RNNCell
        >>> layer = Recurrent(RNNCell(3))
        >>> params = layer.init(jax.random.key(0), input_size=2)
        >>> type(pure_params(layer, 2, linen_params(params))).__name__
        'RNNParams'
    """
    template = jax.eval_shape(lambda: layer.init(jax.random.key(0), input_size))
    return serialization.from_state_dict(template, tree)
