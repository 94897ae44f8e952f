"""The loss of classes that are rare, or whose labels are not quite sure."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer

from jlstm._internal.labels import check_integers, check_scores
from jlstm.losses.tokens import class_index, token_nll


def class_nll(
    logits: Float[Array, "*b v"],
    targets: Integer[Array, "*b"],
    weights: Float[Array, " v"] | None = None,
    smoothing: float = 0.0,
) -> tuple[Float[Array, "*b"], Float[Array, "*b"]]:
    """Return the weighted loss of each target in nats, and the weight of its class.

    The mean of several is the sum of the losses over the sum of the weights, as PyTorch
    has it. With ``smoothing`` that share of each label is spread over all classes
    (Szegedy et al., 2016, arXiv:1512.00567, section 7).

    Args:
        logits: a row for each target.
        targets: classes; one that is none has the loss NaN.
        weights: of the classes, None for 1 each.
        smoothing: the share of each label that is spread, 0 or more and below 1.

    Raises:
        TypeError: ``logits`` are no floats, or ``targets`` no integers.
        ValueError: shapes do not go together, or ``smoothing`` is no such share.

    Example:
        >>> logits, weights = jnp.zeros((2, 4)), jnp.array([1.0, 3.0, 1.0, 1.0])
        >>> loss, own = class_nll(logits, jnp.array([0, 1]), weights)
        >>> bool(jnp.allclose(loss, own * jnp.log(4.0))), own.tolist()
        (True, [1.0, 3.0])
    """
    check_scores("logits", logits)
    check_integers("targets", targets, logits.shape[:-1], "one for each row of logits")
    classes = logits.shape[-1]
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing is {smoothing}; give a share in [0, 1).")
    if weights is None:
        weights = jnp.ones((classes,), logits.dtype)
    if weights.shape != (classes,):
        raise ValueError(
            f"weights have shape {weights.shape}; give one for each of {classes} "
            "classes."
        )
    weights = weights.astype(logits.dtype)
    own = weights.at[class_index(targets, classes)].get(mode="fill", fill_value=0)
    loss = own * token_nll(logits, targets)
    if not smoothing:
        return loss, own
    spread = -jax.nn.log_softmax(logits, axis=-1) @ weights / classes
    return (1 - smoothing) * loss + smoothing * spread, own
