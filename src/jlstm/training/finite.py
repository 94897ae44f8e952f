"""Whether numbers are finite, and the error that ends a run where they are not."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool

from jlstm.training.task import Metrics

ADVICE = "lower the learning rate or the clip"


class NonFiniteError(RuntimeError):
    """The loss, the gradient or a weight became NaN or infinite."""


def check_steps(metrics: Sequence[Metrics], first: int, kept: str) -> None:
    """Raise NonFiniteError naming the first step whose metrics are not finite.

    Of several members, one may go on.

    Args:
        metrics: of consecutive steps.
        first: the number of the first of them.
        kept: what the error says about what is kept.

    Example:
        >>> check_steps([{"loss": 1.0}, {"loss": float("nan")}], 41, "Nothing is kept")
        Traceback (most recent call last):
        jlstm.training.finite.NonFiniteError: Step 42: loss is nan. Nothing is kept; \
lower the learning rate or the clip.
    """
    for step, values in enumerate(metrics, first):
        for name, value in values.items():
            _require(np.isfinite(value).any(), f"Step {step}: {name} is {value}", kept)


def check_loss(metrics: Metrics, step: int, part: str, kept: str) -> None:
    """Raise NonFiniteError where the loss of an evaluation is not finite.

    Example:
        >>> check_loss({"loss": float("inf")}, 7, "validation", "Nothing is kept")
        Traceback (most recent call last):
        jlstm.training.finite.NonFiniteError: Step 7: validation loss is inf. \
Nothing is kept; lower the learning rate or the clip.
    """
    finite = np.isfinite(metrics.get("loss_members", metrics["loss"])).any()
    _require(finite, f"Step {step}: {part} loss is {metrics['loss']}", kept)


def check_weights(model: Any, step: int, members: int, kept: str) -> None:
    """Raise NonFiniteError where no member has finite weights any more.

    A loss shows only what the weights were before its update, so that without this the
    last update of a run, or of a checkpoint, would be seen by nobody.
    """
    leaves = [leaf for leaf in jax.tree.leaves(model) if _is_inexact(leaf)]
    alive = np.asarray(_members_alive(leaves, members)) if leaves else np.True_
    _require(alive.any(), f"Step {step}: a weight is no longer finite", kept)


def not_finite(metrics: Mapping[str, Any] | None, members: Sequence[str]) -> list[str]:
    """Return which metrics are not finite, and of which members.

    Args:
        metrics: of an evaluation, None where there was none.
        members: what to call each of several that were trained side by side.

    Example:
        >>> both = {"loss": 2.0, "loss_members": [2.0, float("nan")]}
        >>> not_finite(both, ["seed 3", "seed 4"])
        ['loss of seed 4 is nan']
        >>> not_finite({"loss": 2.0, "perplexity": float("inf")}, ["seed 0"])
        ['perplexity is inf']
    """
    found = []
    for name, value in (metrics or {}).items():
        if isinstance(value, float) and not np.isfinite(value):
            found.append(f"{name} is {value}")
        elif isinstance(value, list):
            base = name.removesuffix("_members")
            found += [
                f"{base} of {member} is {each}"
                for member, each in zip(members, value, strict=False)
                if not np.isfinite(each)
            ]
    return found


def _require(finite: Any, what: str, kept: str) -> None:
    if not finite:
        raise NonFiniteError(f"{what}. {kept}; {ADVICE}.")


def _is_inexact(leaf: Any) -> bool:
    return jnp.issubdtype(getattr(leaf, "dtype", np.int32), jnp.inexact)


@partial(jax.jit, static_argnums=1)
def _members_alive(leaves: list[Any], members: int) -> Bool[Any, " n"]:
    """Whether all weights of each member are finite; a lone model is one member."""
    rows = [jnp.isfinite(leaf).reshape(members, -1).all(axis=1) for leaf in leaves]
    return jnp.stack(rows).all(axis=0)
