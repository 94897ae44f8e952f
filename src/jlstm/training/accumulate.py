"""Several batches, one update: what one large batch would make."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jlstm.training.optimizer import Rule


class Accumulated(NamedTuple):
    """What waits for the next update.

    Attributes:
        count: batches that wait.
        weight: what they hold, in units of the task.
        grads: the mean of their gradients.
        inner: the state of the rule.
    """

    count: Int[Array, "..."]
    weight: Float[Array, "..."]
    grads: Any
    inner: Any


def accumulated(rule: Rule, every: int) -> Rule:
    """Return a rule that updates with the mean gradient of ``every`` batches.

    A batch counts by its weight: the loss of a large batch is the mean over all that it
    holds, and a batch may hold less than another one.

    Example:
        >>> import optax
        >>> rule = accumulated(optax.with_extra_args_support(optax.sgd(1.0)), 2)
        >>> state, seen = rule.init(jnp.zeros(())), []
        >>> for grads, weight in ((1.0, 3.0), (5.0, 1.0)):
        ...     updates, state = rule.update(jnp.array(grads), state, weight=weight)
        ...     seen.append(float(updates))
        >>> seen
        [0.0, -2.0]
    """

    def init(params: Any) -> Accumulated:
        nothing = jax.tree.map(jnp.zeros_like, params)
        zero = jnp.zeros((), jnp.float32)
        return Accumulated(jnp.zeros((), jnp.int32), zero, nothing, rule.init(params))

    def update(
        grads: Any, state: Accumulated, params: Any = None, *, weight: Any, **more: Any
    ) -> tuple[Any, Accumulated]:
        state = _with(state, grads, jnp.asarray(weight, jnp.float32))

        def apply() -> tuple[Any, Accumulated]:
            updates, inner = rule.update(state.grads, state.inner, params, **more)
            return updates, _emptied(state)._replace(inner=inner)

        def wait() -> tuple[Any, Accumulated]:
            return jax.tree.map(jnp.zeros_like, grads), state

        return jax.lax.cond(state.count == every, apply, wait)

    return Rule(init, update)


def _with(state: Accumulated, grads: Any, weight: Float[Array, ""]) -> Accumulated:
    """Take the gradients of a batch into the mean."""
    total = state.weight + weight
    share = weight / jnp.where(total > 0, total, jnp.ones_like(total))

    def mix(mean: Array, grad: Array) -> Array:
        return mean + share.astype(mean.dtype) * (grad - mean)

    mean = jax.tree.map(mix, state.grads, grads)
    count = state.count + jnp.ones_like(state.count)
    return Accumulated(count, total, mean, state.inner)


def _emptied(state: Accumulated) -> Accumulated:
    counts = (jnp.zeros_like(state.count), jnp.zeros_like(state.weight))
    return Accumulated(*counts, jax.tree.map(jnp.zeros_like, state.grads), state.inner)
