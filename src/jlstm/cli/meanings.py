"""What each key means, read from the docstrings of the dataclasses: one source."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from jlstm.training.config.schema import defaults


class Key(NamedTuple):
    """A key of the command line.

    Attributes:
        name: in full, such as ``train.epochs``.
        default: its value where nothing is given.
        choices: what it can be, empty where that is open.
        meaning: a text of the docstring, empty where there is none.
    """

    name: str
    default: Any
    choices: tuple[Any, ...]
    meaning: str


def keys_of(cls: type, where: str = "") -> Iterator[Key]:
    """Yield the keys of a dataclass, those of the dataclasses in it too.

    Example:
        >>> from jlstm.training.config.train import TrainConfig
        >>> next(keys_of(TrainConfig, "train."))
        Key(name='train.epochs', default=1, choices=(), \
meaning='passes over the training data.')
    """
    values, told = defaults(cls), meanings(cls)
    hints = get_type_hints(cls, include_extras=True)
    for field in dataclasses.fields(cls):
        hint, name = hints[field.name], where + field.name
        if dataclasses.is_dataclass(hint):
            yield from keys_of(hint, f"{name}.")
            continue
        default = values.get(field.name)
        yield Key(name, default, _choices(hint), told.get(field.name, ""))


def _choices(hint: Any) -> tuple[Any, ...]:
    """Return what a Literal lists, or what names a class of the library."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    said = getattr(hint, "__metadata__", ())
    return next((each.choices for each in said if hasattr(each, "choices")), ())


def groups_of(cls: type) -> dict[str, str]:
    """Return the groups of keys in a dataclass, with what each is about."""
    told, hints = meanings(cls), get_type_hints(cls)
    return {
        field.name: told.get(field.name, "")
        for field in dataclasses.fields(cls)
        if dataclasses.is_dataclass(hints[field.name])
    }


def meanings(cls: type) -> dict[str, str]:
    """Return what "Attributes:" of a class and of those it extends say, by name.

    Example:
        >>> from jlstm.training.config.train import ScheduleConfig
        >>> meanings(ScheduleConfig)["factor"]
        'what the rate is multiplied by.'
    """
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        found |= _attributes(each.__doc__ or "")
    return found


def _attributes(text: str) -> dict[str, str]:
    """Read the section of a docstring in Google style that says what fields are."""
    section = re.search(
        r"^ *(?:Attributes|Args):\n(.*?)(?=\n\s*\n|\Z)", text, re.M | re.S
    )
    if section is None:
        return {}
    indent = re.match(r" *", section[1])
    start = indent[0] if indent else ""
    entries = re.split(rf"\n?^{start}(?=\w+:)", section[1], flags=re.M)
    pairs = (entry.partition(":") for entry in entries if entry.strip())
    return {name.strip(): _one_line(meaning) for name, _, meaning in pairs}


def _one_line(text: str) -> str:
    """Return a text without line breaks and without the marks of a docstring."""
    text = re.sub(r":\w+:`~?([^`]*)`", r"\1", " ".join(text.split()))
    return text.replace("``", "")
