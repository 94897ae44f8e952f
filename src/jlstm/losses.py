"""Losses: what is minimised, per element, unreduced unless the name says otherwise."""

from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer

Reduction = Literal["mean", "sum_time"]


def token_nll(
    logits: Float[Array, "t *b v"], targets: Integer[Array, "t *b"]
) -> Float[Array, "t *b"]:
    """Return the negative log-likelihood of each target in nats.

    Example:
        >>> nll = token_nll(jnp.zeros((3, 8)), jnp.array([0, 5, 7]))
        >>> bool(jnp.allclose(nll, jnp.log(8.0)))
        True
    """
    targets = targets.astype(jnp.int32)[..., None]
    picked = jnp.take_along_axis(logits, targets, axis=-1)[..., 0]
    return jax.nn.logsumexp(logits, axis=-1) - picked


def reduce_tokens(nll: Float[Array, "t *b"], reduction: Reduction) -> Float[Array, ""]:
    """Average over all tokens, or sum over time and average over the batch.

    The two differ by the factor t, which the learning rate and the gradient clip of a
    recipe
    absorb: ``"sum_time"`` is that of Zaremba et al. (2014) and char-rnn, ``"mean"``
    that of
    the PyTorch example and of AWD-LSTM.

    Example:
        >>> nll = jnp.ones((5, 2))
        >>> reduce_tokens(nll, "mean").item(), reduce_tokens(nll, "sum_time").item()
        (1.0, 5.0)
    """
    mean = jnp.mean(nll)
    return mean if reduction == "mean" else mean * nll.shape[0]
