"""The optimizers and the schedules of optax, by the names of their functions.

A function that optax adds is there at once; its own signature says which options it
has. What cannot be written in a configuration, such as a mask, is no option.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import optax
import optax.contrib

from jlstm._internal.options import nearest, unknown
from jlstm._internal.options.rules import Rule

RATE = "learning_rate"
MORE_THAN_GRADIENTS = {"dpsgd", "lbfgs", "momo", "momo_adam", "sophia"}
OTHER_WEIGHTS_SCORED = {"schedule_free_adamw", "schedule_free_sgd"}
DEPRECATED = {"optimistic_adam"}
OWN_RULES = ("constant", "step", "plateau")
NOT_NUMBERS = {"join_schedules", "sgdr_schedule"}


def _functions(module: Any, first: Callable[[str], bool]) -> dict[str, Any]:
    """Return the functions of a module whose first argument has a certain name."""
    found = {}
    for name, each in vars(module).items():
        if inspect.isfunction(each) and not name.startswith(
            ("_", "scale_by", "inject")
        ):
            arguments = [*inspect.signature(each).parameters]
            if arguments and first(arguments[0]):
                found[name] = each
    return dict(sorted(found.items()))


OPTIMIZERS: dict[str, Callable[..., optax.GradientTransformation]] = {
    name: function
    for module in (optax.contrib, optax)
    for name, function in _functions(module, lambda first: first == RATE).items()
    if name not in MORE_THAN_GRADIENTS | OTHER_WEIGHTS_SCORED | DEPRECATED
}
SCHEDULES: dict[str, Callable[..., optax.Schedule]] = {
    name: function
    for name, function in _functions(optax.schedules, lambda first: True).items()
    if name not in {*NOT_NUMBERS, "constant_schedule"}
}
SCHEDULES["cosine"] = optax.cosine_decay_schedule

OPTIMIZER_NAMES = ("sgd", "momentum", "rmsprop", "adam", "adamw")
OPTIMIZER_NAMES += tuple(sorted({*OPTIMIZERS} - {*OPTIMIZER_NAMES}))
SCHEDULE_NAMES = (*OWN_RULES, "cosine", *sorted({*SCHEDULES} - {"cosine"}))


def options_of(function: Callable[..., Any]) -> dict[str, bool]:
    """Return the options of a function, and whether it can do without them.

    Example:
        >>> options_of(optax.sgd)
        {'momentum': True, 'nesterov': True, 'accumulator_dtype': True}
    """
    return {
        each.name: each.default is not each.empty
        for each in inspect.signature(function).parameters.values()
        if each.name != RATE
        and not each.name.endswith(("mask", "_numbers"))
        and not _is_code(each.default)
    }


def _is_code(default: Any) -> bool:
    return inspect.isfunction(default) or isinstance(
        default, optax.GradientTransformation
    )


def check_options(
    name: str, given: Mapping[str, Any], known: Mapping[str, bool], own: dict[str, str]
) -> None:
    """Raise ValueError for an option that is not known, or one that is missing.

    Args:
        name: of what has the options.
        given: options by name.
        known: the options there are, and whether it can do without them.
        own: options that have a key of their own, and how to write it.

    Example:
        >>> check_options("sgd", {"nestrov": True}, options_of(optax.sgd), {})
        Traceback (most recent call last):
        ValueError: options: sgd has no option nestrov: did you mean nesterov?
    """
    for option in given:
        if option in own:
            raise ValueError(
                f"options.{option}: write {own[option]}, a key next to options."
            )
        if option not in known:
            near = nearest(option, tuple(known))
            hint = (
                f": did you mean {near}?"
                if near
                else f"; it has {', '.join(known) or 'none'}."
            )
            raise ValueError(f"options: {name} has no option {option}{hint}")
    for option, optional in known.items():
        if not optional and option not in given:
            raise ValueError(f"options: {name} needs the option {option}: give it.")


class _ByName:
    """The annotation of a field that names a function of optax."""

    what: str
    choices: tuple[str, ...]

    @classmethod
    def option_rule(cls) -> Rule:
        """Return the rule of the field."""
        wanted = f"the name of {cls.what}"
        return Rule(wanted, lambda value: isinstance(value, str), cls._keep)

    @classmethod
    def _keep(cls, value: Any, place: str, wanted: str) -> str:
        if value not in cls.choices:
            raise ValueError(unknown(place, value, cls.choices))
        return str(value)


class OptimizerByName(_ByName):
    """The annotation of a field that names an optimizer."""

    what, choices = "an optimizer", OPTIMIZER_NAMES


class ScheduleByName(_ByName):
    """The annotation of a field that names a schedule."""

    what, choices = "a schedule", SCHEDULE_NAMES
