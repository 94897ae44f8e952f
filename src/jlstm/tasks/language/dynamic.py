"""Dynamic evaluation: a language model goes on learning from the text that it scores.

Every stretch of text is scored first and learned from afterwards, so no token is
predicted with weights that have seen it. The weights are drawn back to the trained ones
all the while.

Source: B. Krause, E. Kahembwe, I. Murray and S. Renals, "Dynamic evaluation of neural
sequence models", 2018 (arXiv:1709.07432).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from jlstm._internal.types import Carry
from jlstm.data import TokenStream, Window
from jlstm.nnx.tokens import TokenModel


class Rule(NamedTuple):
    """How the weights follow the text.

    Attributes:
        rate: learning rate η.
        decay: λ, the share of the way back to the trained weights after every stretch.
    """

    rate: float
    decay: float = 0.0


def dynamic_nll(
    model: TokenModel,
    stream: TokenStream,
    rule: Rule,
    scale: nnx.Module | None = None,
) -> float:
    """Return the mean nats per token of a text that the model learns from as it goes.

    Args:
        model: a trained model; it is not changed.
        stream: the text, of which a window is a stretch to learn from; the paper reads
            it as one stream, in windows of five tokens for words and 20 for characters.
        rule: rate and decay, of the gradient of the mean loss of a window.
        scale: :func:`gradient_scale` of the model for the paper's RMS form, where the
            gradient of each weight is divided by it and its decay multiplied; ``None``
            is the SGD form.

    Raises:
        ValueError: rate or decay is out of range.
    """
    if rule.rate < 0 or not 0 <= rule.decay <= 1:
        raise ValueError(
            f"rate is {rule.rate} and decay {rule.decay}; give a rate of 0 or more and "
            "a decay from 0 to 1."
        )
    carry, total = model.init_carry((stream.batch_size,)), 0.0
    moved = model
    for window in stream:
        moved, carry, nll = _follow(moved, model, scale, carry, window, rule)
        total += float(nll) * window.targets.size
    return total / stream.num_predictions


def gradient_scale(
    model: TokenModel, stream: TokenStream, windows: int, epsilon: float = 2e-3
) -> nnx.Module:
    """Return the root of the mean square of each weight's gradient, plus ``epsilon``.

    Args:
        model: a trained model.
        stream: of its training text, cut as in :func:`dynamic_nll`.
        windows: how many of its first windows to look at.
        epsilon: keeps what hardly has a gradient from moving far; the authors' value.
    """
    carry = model.init_carry((stream.batch_size,))
    total = jax.tree.map(jnp.zeros_like, model)
    count = min(windows, len(stream))
    for number in range(count):
        total, carry = _square(total, model, carry, stream[number])
    return jax.tree.map(lambda square: jnp.sqrt(square / count) + epsilon, total)


def _loss(
    model: TokenModel, carry: Carry, window: Window
) -> tuple[Float[Array, ""], Carry]:
    carry, features = model.features(window.inputs, carry)
    return jnp.mean(model.nll(features, window.targets)), carry


_gradient = jax.value_and_grad(_loss, has_aux=True)


@jax.jit
def _square(
    total: nnx.Module, model: TokenModel, carry: Carry, window: Window
) -> tuple[nnx.Module, Carry]:
    (_, carry), grads = _gradient(model, carry, window)
    return jax.tree.map(lambda sum_, g: sum_ + jnp.square(g), total, grads), carry


@jax.jit
def _follow(
    model: TokenModel,
    trained: TokenModel,
    scale: nnx.Module | None,
    carry: Carry,
    window: Window,
    rule: Rule,
) -> tuple[TokenModel, Carry, Float[Array, ""]]:
    (nll, carry), grads = _gradient(model, carry, window)
    if scale is None:
        scale = jax.tree.map(jnp.ones_like, model)
        mean = 1.0
    else:
        leaves = jax.tree.leaves(scale)
        mean = sum(jnp.sum(leaf) for leaf in leaves) / sum(leaf.size for leaf in leaves)

    def move(weight: Array, old: Array, gradient: Array, size: Array) -> Array:
        back = jnp.minimum(rule.decay * size / mean, 1.0)
        return weight - rule.rate * gradient / size + back * (old - weight)

    return jax.tree.map(move, model, trained, grads, scale), carry, nll
