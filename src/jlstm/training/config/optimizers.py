"""From the keys of an optimizer to a function of optax with its options, checked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import optax

from jlstm._internal.options import (
    Decay,
    GivenOptions,
    NotNegative,
    OptionMap,
    Options,
    Positive,
)
from jlstm.training.config.by_name import (
    OPTIMIZERS,
    RATE,
    OptimizerByName,
    check_options,
    options_of,
)

OptimizerName: TypeAlias = Annotated[str, OptimizerByName]
Maker: TypeAlias = Callable[[Any], optax.GradientTransformation]
"""Makes the transformation for a learning rate."""

DECAY = "weight_decay"
OWN_KEYS = {
    "momentum": {"momentum": "momentum"},
    "rmsprop": {"decay": "decay"},
    "adam": {"b1": "beta1", "b2": "beta2"},
    "adamw": {"b1": "beta1", "b2": "beta2"},
}
"""Options with a key of their own, by the name of the rule."""
OWN_RULES = {
    "momentum": ("sgd", {}),
    "rmsprop": ("rmsprop", {"eps": 1e-8, "eps_in_sqrt": False}),  # as torch has it
}
"""Rules that are another one of optax, or have other defaults than there."""


@dataclass(frozen=True)
class OptimizerConfig(Options):
    """How gradients become updates.

    Attributes:
        name: the rule, any optimizer of optax by its name; ``rmsprop`` is torch's,
            without a bias correction, and ``momentum`` is ``sgd`` with one.
        learning_rate: at the start; the schedule changes it.
        options: of the rule, any number, text or boolean that its function in optax
            takes, such as ``{nesterov: true}`` or ``{eps: 1e-6}``.
        momentum: of ``momentum``.
        decay: of the squared gradients in ``rmsprop``.
        beta1: of the gradients in ``adam`` and ``adamw``; 0 is RMSprop with a bias
            correction.
        beta2: of the squared gradients there.
        weight_decay: decoupled where the rule of optax has it, as in ``adamw``,
            ``lion`` or ``lamb``; else coupled (L2).
        clip: limit of the gradient; ``None`` does not clip.
        clip_kind: ``"norm"`` scales the whole gradient, ``"value"`` cuts each entry.
    """

    name: OptimizerName = "sgd"
    learning_rate: Positive = 1.0
    momentum: Decay = 0.9
    decay: Decay = 0.95
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    weight_decay: NotNegative = 0.0
    clip: Positive | None = 5.0
    clip_kind: Literal["norm", "value"] = "norm"
    options: GivenOptions = OptionMap()

    def __post_init__(self) -> None:
        check_optimizer(self)


def maker_of(config: OptimizerConfig) -> Maker:
    """Return what makes the rule of a configuration for a learning rate.

    Example:
        >>> rule = maker_of(OptimizerConfig("lion", options={"b1": 0.5}))(0.1)
        >>> grads = {"w": jnp.array([3.0, -4.0])}
        >>> rule.update(grads, rule.init(grads), grads)[0]["w"]
        Array([-0.1,  0.1], dtype=float32)
    """
    name, fixed = OWN_RULES.get(config.name, (config.name, {}))
    function, keys = OPTIMIZERS[name], OWN_KEYS.get(config.name, {})
    told = {option: getattr(config, key) for option, key in keys.items()}
    decay = {DECAY: config.weight_decay} if has_decay(config) else {}
    options = fixed | told | decay | dict(config.options)
    return lambda rate: function(**{RATE: rate} | options)


def has_decay(config: OptimizerConfig) -> bool:
    """Whether the rule itself knows a weight decay, and so decouples it."""
    name, _ = OWN_RULES.get(config.name, (config.name, {}))
    return DECAY in options_of(OPTIMIZERS[name])


def check_optimizer(config: OptimizerConfig) -> None:
    """Raise ValueError for options that the rule does not have or refuses."""
    name, _ = OWN_RULES.get(config.name, (config.name, {}))
    own = OWN_KEYS.get(config.name, {}) | {RATE: RATE, DECAY: DECAY}
    known = options_of(OPTIMIZERS[name])
    check_options(config.name, config.options, known, own)
    if not config.options:
        return
    tree = {"w": jnp.zeros((2, 3), jnp.float32), "b": jnp.zeros(3, jnp.float32)}
    try:
        with jax.numpy_dtype_promotion("standard"):
            jax.eval_shape(lambda: _once(maker_of(config)(config.learning_rate), tree))
    except Exception as error:  # whatever optax makes of a wrong value
        said = " ".join(str(error).split())[:120]
        raise ValueError(
            f"options: {config.name} refuses {dict(config.options)}: {said}"
        ) from None


def _once(rule: optax.GradientTransformation, tree: Any) -> Any:
    return rule.update(tree, rule.init(tree), tree)
