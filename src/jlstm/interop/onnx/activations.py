"""The activation functions of ONNX's recurrent operators, as jlstm has them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from jaxtyping import Array

from jlstm.activations import (
    ELU,
    NAMES,
    Activation,
    Affine,
    HardSigmoid,
    LeakyReLU,
    ScaledTanh,
    ThresholdedReLU,
    resolve,
)


class OnnxActivation(NamedTuple):
    """An activation as a node names it; ``None`` where it has no such number."""

    name: str
    alpha: float | None
    beta: float | None


class _Kind(NamedTuple):
    """A function of the operators: what makes it, and its numbers' defaults."""

    make: Callable[..., Callable[[Array], Array]]
    defaults: dict[str, float | None]  # None: the definition gives no default


_PLAIN = {
    "Relu": "relu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Softsign": "softsign",
    "Softplus": "softplus",
}
_WITH_NUMBERS = {
    "Affine": _Kind(Affine, {"alpha": 1.0, "beta": 0.0}),
    "LeakyRelu": _Kind(LeakyReLU, {"alpha": 0.01}),
    "ThresholdedRelu": _Kind(ThresholdedReLU, {"alpha": 1.0}),
    "ScaledTanh": _Kind(ScaledTanh, {"alpha": None, "beta": None}),
    "HardSigmoid": _Kind(HardSigmoid, {"alpha": 0.2, "beta": 0.5}),
    "Elu": _Kind(ELU, {"alpha": 1.0}),
}


def read_activations(
    names: Sequence[str], alphas: Sequence[float], betas: Sequence[float]
) -> tuple[Activation, ...]:
    """Return the activations that a node names.

    Each function that takes an ``alpha`` takes the next one of the list, and its
    default where the list has ended; ``beta`` likewise.

    Raises:
        ValueError: a name is unknown, a number without default is missing, or numbers
            are left over.

    Example:
        >>> read_activations(["HardSigmoid", "Tanh", "LeakyRelu"], [0.25, 0.1], [])
        (HardSigmoid(alpha=0.25, beta=0.5), 'tanh', LeakyReLU(alpha=0.1))
    """
    left = {"alpha": list(alphas), "beta": list(betas)}
    made = tuple(_read(name, left) for name in names)
    for number, values in left.items():
        if values:
            raise ValueError(
                f"The node's activation_{number} has {len(values)} more than its "
                f"activations {list(names)} take: which belongs to which is not "
                f"clear. Give one for each activation that has an {number}, in order."
            )
    return made


def write_activation(activation: Activation) -> OnnxActivation:
    """Return how a node names an activation.

    Raises:
        ValueError: the operators have no such function.

    Example:
        >>> write_activation("hard_sigmoid")
        OnnxActivation(name='HardSigmoid', alpha=0.2, beta=0.5)
    """
    function = resolve(activation)
    for name, ours in _PLAIN.items():
        if function is NAMES[ours]:
            return OnnxActivation(name, None, None)
    if function is NAMES["identity"]:
        return OnnxActivation("Affine", 1.0, 0.0)
    for name, kind in _WITH_NUMBERS.items():
        if type(function) is kind.make:
            alpha, beta = (getattr(function, n, None) for n in ("alpha", "beta"))
            return OnnxActivation(name, alpha, beta)
    raise ValueError(
        f"ONNX has no activation {activation!r}: its recurrent operators take "
        f"{', '.join([*_PLAIN, *_WITH_NUMBERS])}. Use one of these."
    )


def _read(name: str, left: dict[str, list[float]]) -> Activation:
    if name in _PLAIN:
        return _PLAIN[name]
    if name not in _WITH_NUMBERS:
        raise ValueError(
            f"The node's activation {name!r} is not one that ONNX defines: "
            f"{', '.join([*_PLAIN, *_WITH_NUMBERS])}."
        )
    kind = _WITH_NUMBERS[name]
    numbers = {
        number: left[number].pop(0) if left[number] else default
        for number, default in kind.defaults.items()
    }
    missing = [number for number, value in numbers.items() if value is None]
    if missing:
        raise ValueError(
            f"The node's activation {name} has no {' and no '.join(missing)}, and ONNX "
            "defines no default. Write activation_alpha and activation_beta into the "
            "node."
        )
    return kind.make(**numbers)
