"""A stack of recurrent layers one step at a time: what it says decides what is next."""

from typing import Any

from jaxtyping import Array, Float

from jlstm.layers import Stack


def advance(
    stack: Stack, params: tuple[Any, ...], carries: tuple[Any, ...],
    x: Float[Array, "*b x"],
) -> tuple[tuple[Any, ...], Float[Array, "*b h"]]:  # fmt: skip
    """Return the carries after one step, and what the last layer says.

    Nothing is dropped. The layers are plain :class:`jlstm.layers.Recurrent` ones.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jlstm import GRUCell, Recurrent
        >>> stack = Stack((Recurrent(GRUCell(3)),))
        >>> params = stack.init(jax.random.key(0), 2)
        >>> start = stack.init_carry((5,))
        >>> carries, h = advance(stack, params, start, jnp.ones((5, 2)))
        >>> h.shape
        (5, 3)
    """
    after = []
    for layer, own, carry in zip(stack.layers, params, carries, strict=True):
        carry, _ = layer.cell.step(own, carry, layer.cell.project(own, x))
        after.append(carry)
        x = carry.h
    return tuple(after), x
