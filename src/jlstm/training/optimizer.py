"""From a configuration to an optax transformation; the learning rate stays outside.

The transformation yields a direction; the step multiplies it by the learning rate of
the train state. So a schedule that looks at validation is plain data in the state, and
a resumed run needs no second copy of it.
"""

import optax

from jlstm.training.config.train import OptimizerConfig


def make_optimizer(config: OptimizerConfig) -> optax.GradientTransformation:
    """Return clipping, weight decay and the update rule, in this order.

    Example:
        >>> import jax.numpy as jnp
        >>> rule = make_optimizer(OptimizerConfig("sgd", clip=1.0))
        >>> grads = {"w": jnp.array([3.0, 4.0])}
        >>> updates, _ = rule.update(grads, rule.init(grads))
        >>> [round(float(u), 6) for u in updates["w"]]
        [0.6, 0.8]
    """
    coupled = config.weight_decay if config.name != "adamw" else 0.0
    decoupled = config.weight_decay if config.name == "adamw" else 0.0
    return optax.chain(
        _clip(config),
        optax.add_decayed_weights(coupled) if coupled else optax.identity(),
        _rule(config),
        optax.add_decayed_weights(decoupled) if decoupled else optax.identity(),
    )


def _clip(config: OptimizerConfig) -> optax.GradientTransformation:
    if config.clip is None:
        return optax.identity()
    if config.clip_kind == "value":
        return optax.clip(config.clip)
    return optax.clip_by_global_norm(config.clip)


def _rule(config: OptimizerConfig) -> optax.GradientTransformation:
    if config.name == "sgd":
        return optax.identity()
    if config.name == "momentum":
        return optax.trace(config.momentum)
    if config.name == "rmsprop":
        return optax.scale_by_rms(config.decay, eps=1e-8, eps_in_sqrt=False)
    return optax.scale_by_adam(config.beta1, config.beta2)
