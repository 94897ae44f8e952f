"""From an annotation to a rule that a value has to follow.

A rule either returns the value as it is kept (a numpy scalar as a plain number, a list
as a tuple, an int as a float where a float is meant) or raises one line: TypeError
where the type is wrong, ValueError where only the value is.
"""

import collections.abc
import dataclasses
import math
import types
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import numpy as np

from jlstm._internal.options.limits import Limit
from jlstm._internal.options.texts import listed, one_of, unknown, wrong_value

LARGEST_INT = 2**31 - 1
LARGEST_FLOAT = float(np.finfo(np.float32).max)
BEYOND_INT = f", beyond {LARGEST_INT}"
BEYOND_FLOAT = ", beyond what float32 can hold"


class Rule(NamedTuple):
    """What a value may be.

    Attributes:
        wanted: what to give, for people.
        admits: whether the type of a value is right.
        keep: takes a value of the right type, its place and what is wanted there;
            returns it as it is kept, or raises ValueError.
    """

    wanted: str
    admits: Callable[[Any], bool]
    keep: Callable[[Any, str, str], Any]

    def take(self, value: Any, place: str) -> Any:
        """Return the value as it is kept, or raise for what stands at ``place``."""
        if isinstance(value, np.generic):
            value = unboxed(value)
        if not self.admits(value):
            raise TypeError(wrong_value(place, value, self.wanted, show_type=True))
        return self.keep(value, place, self.wanted)


def unboxed(value: np.generic) -> Any:
    """Return a numpy scalar as a plain number or text; so it is equal and prints so."""
    plain = value.item()
    if not isinstance(plain, np.generic):
        return plain
    return float(plain) if isinstance(plain, np.floating) else plain  # longdouble


def rule_of(hint: Any) -> Rule | None:
    """Return the rule of an annotation, or None for one that says nothing checkable.

    Checked are numbers, texts, booleans, Literals, functions, runtime protocols,
    dataclasses and other options, classes with an ``option_rule`` of their own, tuples
    and unions of all these. Arrays, containers and classes of somebody else are not.

    Example:
        >>> rule_of(float | None).take(np.float32(0.5), "Cell: rate")
        0.5
        >>> rule_of(int).take("3", "Cell: size")
        Traceback (most recent call last):
        TypeError: Cell: size is '3' (str); give a whole number.
    """
    origin = get_origin(hint)
    if isinstance(hint, type) and hint in _PLAIN:
        return _PLAIN[hint]
    if hasattr(hint, "option_rule"):
        return hint.option_rule()
    if origin is Annotated:
        return _limited(hint)
    if origin is Literal:
        return _literal(get_args(hint))
    if origin in (Union, types.UnionType):
        return _union(get_args(hint))
    if origin is tuple:
        return _tuple(get_args(hint))
    if collections.abc.Callable in (hint, origin):
        return Rule("a function", _is_function, _hashable)
    if isinstance(hint, type) and _is_checkable(hint):
        return _instance(hint)
    return None


def _integer(value: Any, place: str, wanted: str) -> int:
    if abs(value) > LARGEST_INT:
        raise ValueError(wrong_value(place, value, wanted, why=BEYOND_INT))
    return int(value)


def _number(value: Any, place: str, wanted: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isnan(number) or math.isinf(number):
        raise ValueError(wrong_value(place, value, wanted))
    if abs(number) > LARGEST_FLOAT:
        raise ValueError(wrong_value(place, value, wanted, why=BEYOND_FLOAT))
    return number


def _as_it_is(value: Any, place: str, wanted: str) -> Any:
    return value


def _hashable(value: Any, place: str, wanted: str) -> Any:
    """Keep what has a hash: without it, whatever holds it has none either."""
    try:
        hash(value)
    except TypeError:
        why = ", which has no hash"
        raise ValueError(wrong_value(place, value, wanted, why=why)) from None
    return value


def _is_number(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds) and not isinstance(value, bool)


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, type)


_PLAIN: dict[Any, Rule] = {
    int: Rule("a whole number", _is_number(int), _integer),
    float: Rule("a finite number", _is_number(float, int), _number),
    bool: Rule("True or False", lambda value: type(value) is bool, _as_it_is),
    str: Rule("text in quotes", lambda v: isinstance(v, str), lambda v, *_: str(v)),
    types.NoneType: Rule("None", lambda value: value is None, _as_it_is),
}


def _limited(hint: Any) -> Rule | None:
    """Return the rule of the type, or of who has one, with each limit after it."""
    base, *extras = get_args(hint)
    own = next((each for each in extras if hasattr(each, "option_rule")), base)
    rule = rule_of(own)
    for limit in (extra for extra in extras if isinstance(extra, Limit)):
        rule = None if rule is None else _with_limit(rule, limit)
    return rule


def _with_limit(rule: Rule, limit: Limit) -> Rule:
    def keep(value: Any, place: str, wanted: str) -> Any:
        kept = rule.keep(value, place, wanted)
        if not limit.holds(kept):
            raise ValueError(wrong_value(place, kept, wanted))
        return kept

    return Rule(limit.wanted, rule.admits, keep)


def _literal(known: tuple[Any, ...]) -> Rule:
    kinds = {type(choice) for choice in known}

    def keep(value: Any, place: str, wanted: str) -> Any:
        if value not in known:
            raise ValueError(unknown(place, value, known, wanted))
        return known[known.index(value)]

    return Rule(one_of(known), lambda value: type(value) in kinds, keep)


def _union(hints: tuple[Any, ...]) -> Rule | None:
    """Return the rule of the alternatives; one that is unchecked admits anything."""
    rules = [rule_of(hint) for hint in hints]
    if None in rules:
        return None

    def keep(value: Any, place: str, wanted: str) -> Any:
        rule = next(rule for rule in rules if rule.admits(value))
        return rule.keep(value, place, wanted)

    return Rule(
        listed([rule.wanted for rule in rules]),
        lambda value: any(rule.admits(value) for rule in rules),
        keep,
    )


def _tuple(hints: tuple[Any, ...]) -> Rule:
    """Return the rule of a tuple; a list is kept as one, so that it has a hash."""
    endless = hints[-1:] == (Ellipsis,)
    rules = [rule_of(hint) for hint in (hints[:1] if endless else hints)]
    each = rules[0].wanted if endless and rules[0] else None
    counted = f"a tuple of {len(rules)}" if not endless else "a tuple or list"

    def keep(value: Any, place: str, wanted: str) -> tuple[Any, ...]:
        if not endless and len(value) != len(rules):
            raise ValueError(wrong_value(place, value, wanted))
        pairs = zip(rules * len(value) if endless else rules, value, strict=False)
        return tuple(
            item if rule is None else rule.take(item, f"{place}[{n}]")
            for n, (rule, item) in enumerate(pairs)
        )

    return Rule(
        f"{counted} with {each} in each place" if each else counted,
        lambda value: type(value) in (tuple, list) or hasattr(value, "_fields"),
        keep,
    )


def _is_checkable(hint: type) -> bool:
    """Whether ``isinstance`` says what a class means: not so for arrays."""
    is_protocol = getattr(hint, "_is_runtime_protocol", False)
    return is_protocol or hasattr(hint, "_is_options") or dataclasses.is_dataclass(hint)


def _instance(hint: type) -> Rule:
    article = "an" if hint.__name__[0] in "AEIOU" else "a"

    def admits(value: Any) -> bool:
        return isinstance(value, hint) and not isinstance(value, type)

    return Rule(f"{article} {hint.__name__}", admits, _hashable)
