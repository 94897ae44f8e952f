"""The likelihood of a sequence of symbols, summed over all ways to spread it in time.

Graves, Fernández, Gomez and Schmidhuber, 2006, "Connectionist temporal classification".
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer

from jlstm._internal.arrays import check_array
from jlstm._internal.labels import (
    check_blank,
    check_integers,
    check_range,
    check_scores,
    in_range,
    lengths_or_all,
)
from jlstm._internal.tree import zero_unless
from jlstm.masking import last_step, steps_within


def ctc_loss(
    logits: Float[Array, "t b v"],
    targets: Integer[Array | np.ndarray, "n b"],
    lengths: Integer[Array | np.ndarray, " b"] | None = None,
    target_lengths: Integer[Array | np.ndarray, " b"] | None = None,
    *,
    blank: int = 0,
) -> Float[Array, " b"]:
    """Return the negative log-likelihood of each target in nats, summed over time.

    A path names one class per step; without repetitions and then without blanks it is a
    sequence of symbols. The likelihood of a target is that of all paths that give it.
    What follows the end of a row, or of its target, changes nothing.

    The sums are ``optax.ctc_loss``; this adds time as the leading axis, lengths, and
    the check that there is a path at all.

    Without ``target_lengths`` negative numbers at the end of a target, such as -1 or
    -100, are padding. A symbol that is no class, the blank, or a negative number
    inside a target is refused; under ``jax.jit``, where they are not known, the loss of
    such a row is NaN, and that of a row too short for its target is infinite.

    Args:
        logits: unnormalised log-probabilities, time first.
        targets: symbols of each row; ``blank`` is none of them.
        lengths: steps of each row; all of them by default.
        target_lengths: symbols of each target; up to its padding by default.
        blank: the class that stands for no symbol.

    Raises:
        TypeError: an array has another dtype.
        ValueError: shapes do not fit, a length is out of range, a row is too short for
            its target, or a target holds the blank or what is no class (values are
            checked where they are known, which under ``jax.jit`` they are not: see
            :func:`check_alignable`).

    Example:
        >>> logits = jnp.zeros((2, 1, 3))  # aa, a- and -a of nine paths give "a"
        >>> loss = ctc_loss(logits, jnp.array([[1]]))
        >>> bool(jnp.allclose(loss, jnp.log(9 / 3)))
        True
    """
    import optax

    check_scores("logits", logits, axes=3)
    logits = jnp.asarray(logits)
    steps, rows, classes = logits.shape
    if not steps:
        raise ValueError(f"logits has shape {logits.shape}; give one step at least.")
    check_blank(blank, classes)
    check_array("targets", targets)
    check_integers("targets", targets, (*targets.shape[:1], rows), "one column per row")
    if not len(targets):  # optax wants a symbol: one of padding
        targets = jnp.full((1, rows), -1, jnp.int32)
    if target_lengths is None:
        target_lengths = last_step(targets >= 0) + 1
    lengths = lengths_or_all("lengths", lengths, (rows,), steps)
    sizes = lengths_or_all("target_lengths", target_lengths, (rows,), len(targets))
    known = targets, lengths, sizes
    if not any(isinstance(each, jax.core.Tracer) for each in known):
        check_alignable(*map(np.asarray, known), blank=blank, classes=classes)
    live = steps_within(lengths, steps)
    inside = steps_within(sizes, len(targets))
    wrong = inside & (~in_range(targets, classes) | (targets == blank))
    symbols = jnp.where(inside & ~wrong, targets, blank).astype(jnp.int32)
    losses = optax.ctc_loss(
        jnp.swapaxes(zero_unless(live, logits), 0, 1),
        (~live).T.astype(logits.dtype),
        symbols.T,
        (~inside).T.astype(logits.dtype),
        blank_id=blank,
    ).astype(logits.dtype)
    short = lengths < steps_needed(symbols, sizes)
    losses = jnp.where(short, jnp.asarray(jnp.inf, losses.dtype), losses)
    return jnp.where(wrong.any(axis=0), jnp.asarray(jnp.nan, losses.dtype), losses)


def check_alignable(
    targets: Integer[np.ndarray, "n b"],
    lengths: Integer[np.ndarray, " b"],
    target_lengths: Integer[np.ndarray, " b"],
    *,
    blank: int = 0,
    classes: int | None = None,
) -> None:
    """Raise ValueError unless every row has a path that gives its target.

    With ``classes`` every symbol must also be one of them.

    Example:
        >>> check_alignable(np.array([[3], [3]]), np.array([2]), np.array([2]))
        Traceback (most recent call last):
        ValueError: Row 0 has 2 steps, and its target of 2 symbols needs 3, with a
        blank between equal neighbors: give longer inputs or leave it out.
    """
    needed = steps_needed(targets, target_lengths)
    if (short := np.flatnonzero(lengths < needed)).size:
        row = short[0]
        raise ValueError(
            f"Row {row} has {lengths[row]} steps, and its target of "
            f"{target_lengths[row]} symbols needs {needed[row]}, with a blank between "
            "equal neighbors: give longer inputs or leave it out."
        )
    inside = np.arange(len(targets))[:, None] < target_lengths
    if classes is not None:
        advice = "pad after the end, or give target_lengths"
        check_range("targets", targets, classes - 1, advice, inside)
    if (inside & (targets == blank)).any():
        row = np.flatnonzero((inside & (targets == blank)).any(axis=0))[0]
        raise ValueError(
            f"The target of row {row} holds {blank}, which is the blank: number the "
            "symbols without it."
        )


def steps_needed(
    targets: Integer[Array | np.ndarray, "n b"],
    target_lengths: Integer[Array | np.ndarray, " b"],
) -> Integer[Array | np.ndarray, " b"]:
    """Return the fewest steps of a path: one per symbol, and one between equal ones.

    Example:
        >>> steps_needed(np.array([[1, 1], [1, 2], [2, 0]]), np.array([3, 2])).tolist()
        [4, 2]
    """
    inside = np.arange(1, len(targets))[:, None] < target_lengths[None]
    repeated = inside & (targets[1:] == targets[:-1])
    return target_lengths + repeated.sum(axis=0)
