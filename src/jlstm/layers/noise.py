"""What a stack draws before it runs step by step: once per sequence, and per step."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
from jaxtyping import Array, Bool

from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import Key, Params, Shape

Kept = tuple[Bool[Array, "*tbx"] | None, ...]
"""For each layer, which entries of its input are kept; ``None`` where all are."""


class PreparedStack(NamedTuple):
    """Parameters of a stack as all steps of one sequence use them.

    Attributes:
        layers: parameters of each layer, and of the gate around it.
        kept: what variational dropout keeps between layers, in every step.
    """

    layers: tuple[Params, ...]
    kept: Kept

    __repr__ = shapes_repr


class StackNoise(NamedTuple):
    """Noise of a stack in one step; in all steps, with time first.

    Attributes:
        layers: noise of each layer.
        kept: what dropout keeps between layers, unless it is variational.
    """

    layers: tuple[Any, ...]
    kept: Kept

    __repr__ = shapes_repr


def draw_kept(keys: Sequence[Key], rate: float, shapes: Sequence[Shape]) -> Kept:
    """Draw which entries of the input of each layer are kept.

    Nothing that enters the first layer is dropped.

    Args:
        keys: one per layer.
        rate: of the dropout.
        shapes: of what each layer reads of the layer below.

    Example:
        >>> keys = list(jax.random.split(jax.random.key(0), 2))
        >>> kept = draw_kept(keys, 0.5, [(7, 5, 2), (7, 5, 4)])
        >>> kept[0], kept[1].shape
        (None, (7, 5, 4))
    """
    if not rate:
        return (None,) * len(shapes)
    drawn = (
        jax.random.bernoulli(key, 1.0 - rate, shape)
        for key, shape in zip(keys[1:], shapes[1:], strict=True)
    )
    return (None, *drawn)
