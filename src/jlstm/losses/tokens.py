"""Losses: what is minimised, per element, unreduced unless the name says otherwise."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer

from jlstm._internal.labels import check_integers, check_scores

Reduction = Literal["mean", "sum_time"]


def token_nll(
    logits: Float[Array, "t *b v"], targets: Integer[Array, "t *b"]
) -> Float[Array, "t *b"]:
    """Return the negative log-likelihood of each target in nats.

    A target that is no class (negative, or ``v`` and more) has no likelihood: NaN.

    Raises:
        TypeError: ``logits`` are no floats, or ``targets`` no integers.
        ValueError: there is not one target for each row of logits.

    Example:
        >>> nll = token_nll(jnp.zeros((3, 8)), jnp.array([0, 5, 7]))
        >>> bool(jnp.allclose(nll, jnp.log(8.0)))
        True
    """
    check_scores("logits", logits)
    check_integers("targets", targets, logits.shape[:-1], "one for each row of logits")
    index = class_index(targets, logits.shape[-1])[..., None]
    picked = jnp.take_along_axis(logits, index, axis=-1, mode="fill")[..., 0]
    return jax.nn.logsumexp(logits, axis=-1) - picked


def class_index(
    targets: Integer[Array, "*b"] | np.ndarray, classes: int
) -> Integer[Array, "*b"]:
    """Return targets as int32; those that are no class become ``classes``.

    Casting alone would make class 1 of 2**32 + 1.

    Example:
        >>> class_index(np.array([-1, 3, 8, 2**32 + 1]), 8).tolist()
        [8, 3, 8, 8]
    """
    xp = np if isinstance(targets, np.ndarray) else jnp
    if targets.dtype.itemsize < 4:  # too narrow, perhaps, for the number of classes
        targets = targets.astype(xp.int32)
    known = (targets >= 0) & (targets < classes)
    return jnp.asarray(xp.where(known, targets, classes).astype(xp.int32))


def reduce_tokens(nll: Float[Array, "t *b"], reduction: Reduction) -> Float[Array, ""]:
    """Average over all tokens, or sum over time and average over the batch.

    The two differ by the factor t, which the learning rate and the gradient clip of a
    recipe absorb: ``"sum_time"`` is that of Zaremba et al. (2014) and char-rnn,
    ``"mean"`` that of the PyTorch example and of AWD-LSTM.

    Raises:
        ValueError: there is no token, or no reduction of this name.

    Example:
        >>> nll = jnp.ones((5, 2))
        >>> reduce_tokens(nll, "mean").item(), reduce_tokens(nll, "sum_time").item()
        (1.0, 5.0)
    """
    if reduction not in ("mean", "sum_time"):
        raise ValueError(
            f"reduce_tokens: reduction is {reduction!r}; choose mean or sum_time."
        )
    if nll.ndim == 0 or nll.size == 0:
        raise ValueError(
            f"reduce_tokens: nll has shape {nll.shape}; give one token at least, time "
            "first."
        )
    mean = jnp.mean(nll)
    return mean if reduction == "mean" else mean * nll.shape[0]
