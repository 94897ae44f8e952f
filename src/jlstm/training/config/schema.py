"""From a plain nested mapping to frozen dataclasses, strictly, with one-line errors.

A dataclass is the single definition of its options: names, types, ranges, defaults; its
``__post_init__`` compares them. A mapping may come from YAML, JSON or a command line.
Whatever is wrong with it is one ValueError that names the key in full.
"""

import dataclasses
import difflib
import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from jlstm._internal.options import (
    OptionMap,
    hints_of,
    read_numbers,
    rule_of,
    wrong_value,
)
from jlstm.training.config.moved import moved

T = TypeVar("T")


def build(cls: type[T], mapping: Mapping[str, Any], where: str = "") -> T:
    """Turn a nested mapping into a dataclass; absent keys keep their defaults.

    An int counts as a float, a list as a tuple. So does a text such as ``1e-3`` as a
    float, which YAML 1.1 does not read as a number. Nothing else is converted.

    Args:
        cls: a dataclass whose fields are numbers, texts, booleans, Literals, tuples of
            one type, dataclasses, options, components, or
            any of these or None.
        mapping: the values by name.
        where: the key of the mapping itself, for messages.

    Raises:
        ValueError: an unknown or missing key, a wrong type, a value out of range.

    Example:
        >>> from jlstm.training.config.train import OptimizerConfig
        >>> build(OptimizerConfig, {"name": "adam", "clip": None}).clip is None
        True
        >>> build(OptimizerConfig, {"learning_rat": 1}, "optimizer")
        Traceback (most recent call last):
        ValueError: There is no key optimizer.learning_rat: did you mean \
optimizer.learning_rate?
    """
    _check_keys(cls, mapping, where)
    return _build(cls, mapping, where)


def defaults(cls: type) -> dict[str, Any]:
    """Return the default values of a dataclass as a plain nested mapping.

    Fields without a default are left out, unless they are dataclasses themselves.

    Example:
        >>> from jlstm.training.config.train import ScheduleConfig
        >>> defaults(ScheduleConfig)
        {'name': 'constant', 'hold_epochs': 0, 'factor': 0.5, 'patience': 0,
         'warmup': 0, 'options': {}}
    """
    found, hints = {}, _hints(cls)
    for field in dataclasses.fields(cls):
        if field.default is not dataclasses.MISSING:
            found[field.name] = plain(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            found[field.name] = plain(field.default_factory())
        elif dataclasses.is_dataclass(hints[field.name]):
            found[field.name] = defaults(hints[field.name])
    return found


def plain(value: Any) -> Any:
    """Return a value with dataclasses as dicts and tuples as lists, as YAML has them.

    ``build(type(config), plain(config)) == config``.

    Example:
        >>> from jlstm.tasks.language.model import LanguageConfig
        >>> plain(LanguageConfig())["stack"]["hidden_sizes"]
        [200, 200]
    """
    if hasattr(value, "as_plain"):
        return value.as_plain()
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields}
    return [plain(each) for each in value] if isinstance(value, tuple) else value


def dotted_keys(cls: type, where: str = "") -> tuple[str, ...]:
    """Return the full names of all keys, those of nested dataclasses included.

    Example:
        >>> from jlstm.training.config.train import ScheduleConfig
        >>> dotted_keys(ScheduleConfig, "schedule")
        ('schedule.name', 'schedule.hold_epochs', 'schedule.factor',
         'schedule.patience', 'schedule.warmup', 'schedule.options')
    """
    keys = []
    for name, hint in _hints(cls).items():
        keys.append(_join(where, name))
        if dataclasses.is_dataclass(hint):
            keys.extend(dotted_keys(hint, keys[-1]))
    return tuple(keys)


def open_keys(cls: type, where: str = "") -> tuple[str, ...]:
    """Return the keys below which there are others: those of the options of a class.

    Example:
        >>> from jlstm.training.config.stack import StackConfig
        >>> open_keys(StackConfig, "model.stack")
        ('model.stack.options',)
    """
    keys = []
    for name, hint in _hints(cls).items():
        if OptionMap in get_args(hint):
            keys.append(_join(where, name))
        elif dataclasses.is_dataclass(hint):
            keys.extend(open_keys(hint, _join(where, name)))
    return tuple(keys)


def unknown_key(key: str, known: tuple[str, ...]) -> ValueError:
    """Return the error for a key that is not known, with the nearest one that is.

    Nearest is, in this order: what the key was moved to, a key of the same last name, a
    similar sister, a similar key.

    Example:
        >>> known = ("model.tied", "train.epochs", "train.seed")
        >>> print(unknown_key("model.epochs", known))
        There is no key model.epochs: did you mean train.epochs?
        >>> print(unknown_key("train.colour", known))
        There is no key train.colour: train has epochs, seed.
    """
    if new := moved(key, known):
        return ValueError(f"There is no key {key}: it is now {new}.")
    parent, _, leaf = key.rpartition(".")
    sisters = [each for each in known if each.rpartition(".")[0] == parent]
    same = [each for each in known if each.rpartition(".")[2] == leaf]
    near = same or _near(key, sisters) or _near(key, list(known), 0.85)
    if near:
        return ValueError(f"There is no key {key}: did you mean {near[0]}?")
    names = ", ".join(each.rpartition(".")[2] for each in sisters)
    hint = f"{parent or 'the top level'} has {names}." if sisters else "see --help."
    return ValueError(f"There is no key {key}: {hint}")


def _near(key: str, known: list[str], cutoff: float = 0.6) -> list[str]:
    """Compare last names among sisters, so that a long parent does not count."""
    parent = key.rpartition(".")[0]
    if any(each.rpartition(".")[0] != parent for each in known):
        return difflib.get_close_matches(key, known, 1, cutoff)
    leaves = {each.rpartition(".")[2]: each for each in known}
    leaf = key.rpartition(".")[2]
    return [leaves[n] for n in difflib.get_close_matches(leaf, leaves, 1, cutoff)]


def _hints(cls: type) -> dict[str, Any]:
    hints = hints_of(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _join(where: str, name: object) -> str:
    return f"{where}.{name}" if where else str(name)


def _check_keys(cls: type, mapping: Mapping[str, Any], where: str) -> None:
    """Raise for the first unknown key, at whatever depth."""
    known = dotted_keys(cls, where)

    def check(cls: type, mapping: Any, where: str) -> None:
        if not isinstance(mapping, Mapping):
            raise _wrong(where, mapping, "keys and values")
        hints = _hints(cls)
        for name, value in mapping.items():
            if name not in hints:
                raise unknown_key(_join(where, name), known)
            if dataclasses.is_dataclass(hints[name]):
                check(hints[name], value, _join(where, name))

    check(cls, mapping, where)


def _build(cls: type[T], mapping: Mapping[str, Any], where: str) -> T:
    values = {
        name: _convert(hint, mapping[name], _join(where, name))
        for name, hint in _hints(cls).items()
        if name in mapping
    }
    for name in set(_hints(cls)) - set(values) - set(defaults(cls)):
        raise ValueError(f"{_join(where, name)} is missing: give a value.")
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(_located(str(error), where, tuple(_hints(cls)))) from None


def _located(message: str, where: str, names: tuple[str, ...]) -> str:
    """Put the key before the message of a range check, without naming a part twice.

    A key that the message advises to clear, ``~options.x``, gets it too.
    """
    parent, _, leaf = where.rpartition(".")
    if not where:
        return message
    message = message.replace("~", f"~{where}.")
    if message.startswith((f"{leaf}.", f"{leaf}:")):
        return f"{parent}.{message}" if parent else message
    first = re.split(r"[\[:\s]", message, maxsplit=1)[0]
    return f"{where}.{message}" if first in names else f"{where}: {message}"


def _convert(hint: Any, value: Any, where: str) -> Any:
    """Return ``value`` as an option of type ``hint`` keeps it, or raise ValueError."""
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, where)
    try:
        return rule_of(hint).take(read_numbers(hint, value), where)
    except TypeError as error:
        raise ValueError(str(error)) from None


def _wrong(where: str, value: Any, wanted: str) -> ValueError:
    return ValueError(wrong_value(where, value, wanted, show_type=True))
