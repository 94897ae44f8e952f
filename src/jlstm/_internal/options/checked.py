"""The base class of what holds hyper-parameters: it checks them when it is made."""

import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, get_args, get_origin

from jlstm._internal.options.rules import Rule, rule_of


class Options:
    """A dataclass whose fields are checked against their annotations.

    The check comes before a ``__post_init__`` of the subclass, which may so trust the
    types and is left with what concerns several fields. What is kept is normalised: a
    numpy scalar is a plain number, a list a tuple. A default is not checked.

    Raises:
        TypeError: a field has another type than its annotation says.
        ValueError: NaN, infinity, an unknown choice, a number out of range.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Noise(Options):
        ...     std: float = 0.0
        >>> Noise(float("nan"))
        Traceback (most recent call last):
        ValueError: Noise: std is nan; give a finite number.
    """

    _is_options: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        after = cls.__post_init__
        if not hasattr(after, "_checks_first"):
            cls.__post_init__ = _checks_first(after)

    def __post_init__(self) -> None:
        """Do nothing more; a subclass compares its fields here."""


def _checks_first(after: Callable[..., None]) -> Callable[..., None]:
    """Check the fields, once however many classes have a ``__post_init__``."""

    @functools.wraps(after)
    def post_init(self: Any, *args: Any, **kwargs: Any) -> None:
        if type(self).__post_init__ is post_init:
            check_fields(self)
        after(self, *args, **kwargs)

    post_init._checks_first = True
    return post_init


Options.__post_init__ = _checks_first(Options.__post_init__)


def check_fields(options: Any) -> None:
    """Check the fields that differ from their default and keep them normalised."""
    for name, place, default, rule in _plan(type(options)):
        value = getattr(options, name)
        if value is default:
            continue
        kept = rule.take(value, place)
        if kept is not value:
            object.__setattr__(options, name, kept)


@functools.lru_cache(maxsize=4096)
def _plan(cls: type) -> tuple[tuple[str, str, Any, Rule], ...]:
    """Return the name, the place, the default and the rule of each checked field."""
    hints = hints_of(cls)
    return tuple(
        (field.name, f"{cls.__name__}: {field.name}", field.default, rule)
        for field in dataclasses.fields(cls)
        if field.init and (rule := rule_of(hints[field.name])) is not None
    )


def hints_of(cls: type) -> dict[str, Any]:
    """Return the annotation of each name; one that repeats its type keeps its limits.

    An annotation in text that cannot be resolved is Any: a cell of somebody else may
    have whatever it likes.
    """
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for name, hint in inspect.get_annotations(base).items():
            hint, before = _resolved(hint, base), hints.get(name)
            repeats = get_origin(before) is Annotated and get_args(before)[0] is hint
            hints[name] = before if repeats else hint
    return hints


def _resolved(hint: Any, owner: type) -> Any:
    if not isinstance(hint, str):
        return hint
    module = sys.modules.get(owner.__module__)
    try:
        return eval(hint, dict(vars(module)), dict(vars(owner)))
    except Exception:  # whatever an expression of somebody else raises
        return Any
