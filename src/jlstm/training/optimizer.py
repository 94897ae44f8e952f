"""From a configuration to an optax transformation; the learning rate stays outside.

The rate of each update is an argument: the train state has it. So a schedule that looks
at validation is plain data in the state, and a resumed run needs no second copy of it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import optax
from jaxtyping import Array, Int

from jlstm.training.config.optimizers import has_decay, maker_of
from jlstm.training.config.schedules import Factor
from jlstm.training.config.train import OptimizerConfig

Rule = optax.GradientTransformationExtraArgs


def make_optimizer(config: OptimizerConfig, factor: Factor | None = None) -> Rule:
    """Return clipping, coupled weight decay and the update rule, in this order.

    Args:
        config: how gradients become updates.
        factor: what the rate is multiplied by, from the number of updates made.

    Example:
        >>> rule = make_optimizer(OptimizerConfig("sgd", clip=1.0))
        >>> grads = {"w": jnp.array([3.0, 4.0])}
        >>> updates, _ = rule.update(grads, rule.init(grads), learning_rate=0.5)
        >>> [round(float(u), 6) for u in updates["w"]]
        [-0.3, -0.4]
    """
    coupled = 0.0 if has_decay(config) else config.weight_decay
    rule = optax.chain(
        _clip(config),
        optax.add_decayed_weights(coupled) if coupled else optax.identity(),
        _at_rate(maker_of(config), config.learning_rate),
    )
    return rule if factor is None else scheduled(rule, factor)


class Scheduled(NamedTuple):
    """How many updates were made, and the state of the rule."""

    count: Int[Array, "..."]
    inner: Any


def scheduled(rule: Rule, factor: Factor) -> Rule:
    """Return a rule whose rate is multiplied by a function of the updates made."""

    def init(params: Any) -> Scheduled:
        return Scheduled(jnp.zeros((), jnp.int32), rule.init(params))

    def update(
        grads: Any, state: Scheduled, params: Any = None, *, learning_rate: Any,
        **more: Any,
    ) -> tuple[Any, Scheduled]:  # fmt: skip
        rate = learning_rate * factor(state.count)
        updates, inner = rule.update(
            grads, state.inner, params, learning_rate=rate, **more
        )
        return updates, Scheduled(state.count + jnp.ones_like(state.count), inner)

    return Rule(init, update)


def _at_rate(make: Callable[[Any], optax.GradientTransformation], start: float) -> Rule:
    """Return a rule that is made for the rate of each update; its state is the same.

    Args:
        make: the rule for a rate.
        start: the rate for those that keep it in their state.
    """

    def update(
        grads: Any, state: Any, params: Any = None, *, learning_rate: Any, **more: Any
    ) -> tuple[Any, Any]:
        return make(learning_rate).update(grads, state, params)

    return Rule(make(start).init, update)


def _clip(config: OptimizerConfig) -> optax.GradientTransformation:
    if config.clip is None:
        return optax.identity()
    if config.clip_kind == "value":
        return optax.clip(config.clip)
    return optax.clip_by_global_norm(config.clip)
