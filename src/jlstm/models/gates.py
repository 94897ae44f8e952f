"""What the gates of a language model did while it read."""

import jax
from jaxtyping import Array, Integer

from jlstm._types import Carry, Gates
from jlstm.layers import Stack
from jlstm.models.language import LanguageModel
from jlstm.unroll import trace


def trace_top(
    model: LanguageModel,
    tokens: Integer[Array, "t *b"],
    carry: Carry | None = None,
) -> tuple[Carry, Gates]:
    """Return the carries and the gates of the uppermost layer over time.

    Nothing is dropped.

    Args:
        model: the model.
        tokens: what it reads.
        carry: of all layers, before the first token; None is the zero carry.

    Example:
        >>> import jax.numpy as jnp
        >>> from flax import nnx
        >>> from jlstm.models.language import LanguageConfig
        >>> config = LanguageConfig(hidden_sizes=(8, 6), embedding_size=4)
        >>> model = LanguageModel(10, config, rngs=nnx.Rngs(0))
        >>> carries, gates = trace_top(model, jnp.array([3, 1, 4]))
        >>> carries.c.shape, gates.f.shape
        ((3, 6), (3, 6))
    """
    params = model.layer_params()
    carry = model.init_carry(tokens.shape[1:]) if carry is None else carry
    return _trace(model.stack, params, model.embed(tokens), carry)


@jax.jit(static_argnums=0)
def _trace(stack: Stack, params: tuple, xs: Array, carry: Carry) -> tuple[Carry, Gates]:
    if below := stack.layers[:-1]:
        _, xs = Stack(below).apply(params[:-1], xs, carry[:-1])
    return trace(stack.layers[-1].cell, params[-1], xs, carry[-1])[1]
