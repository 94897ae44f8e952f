"""Options as a configuration writes them: frozen, hashable, compared by what they say.

``{time_step: 0.5, w_hh_init: {name: Orthogonal, gain: 0.5}}`` becomes an
:class:`OptionMap`, and what has options of its own a :class:`Component`. Neither knows
a class: who makes an object of them checks the names.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import numpy as np

from jlstm._internal.options.rules import Rule, unboxed
from jlstm._internal.options.texts import wrong_value

NAMED = "a name or {name: NAME, option: value}"
_PLAIN = (bool, int, float, str, type(None))


class OptionMap(Mapping[str, Any]):
    """Options by name.

    Values are numbers, texts, booleans, None, tuples and :class:`Component`. An object
    of a dataclass, such as ``Orthogonal(0.5)``, is kept as the component that makes it.

    Example:
        >>> from jlstm.initializers import Orthogonal
        >>> given = OptionMap({"sizes": [1, 2], "w_hh_init": Orthogonal(0.5)})
        >>> given["sizes"], given.as_plain()["w_hh_init"]
        ((1, 2), {'name': 'Orthogonal', 'gain': 0.5})
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self._options = {str(k): _frozen(v) for k, v in (options or {}).items()}

    def __getitem__(self, name: str) -> Any:
        return self._options[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)

    def __hash__(self) -> int:
        return hash(frozenset(self._options.items()))

    def __repr__(self) -> str:
        return repr(self._options)

    def as_plain(self) -> dict[str, Any]:
        """Return the options as YAML has them."""
        return {name: _plain(value) for name, value in self._options.items()}

    @classmethod
    def option_rule(cls) -> Rule:
        """Return the rule of a field that holds options."""
        return Rule(
            "options by name, such as {use_bias: false}",
            lambda value: isinstance(value, Mapping),
            lambda value, place, _: _placed(cls, value, place),
        )


GivenOptions: TypeAlias = Annotated[Mapping[str, Any], OptionMap]
"""Options by name, as a field has them: kept as an :class:`OptionMap`."""


@dataclass(frozen=True)
class Component:
    """What a configuration names: a class, and the options that it gets.

    It is written ``Orthogonal``, or ``{name: Orthogonal, gain: 0.5}``.

    Attributes:
        name: of the class.
        options: of an object of it.

    Example:
        >>> Component.of({"name": "Zoneout", "h": 0.1})
        Component(name='Zoneout', options={'h': 0.1})
        >>> Component.of("LearnedCarry").as_plain()
        'LearnedCarry'
    """

    name: str
    options: GivenOptions = OptionMap()

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", OptionMap(self.options))

    @classmethod
    def of(cls, value: Any) -> "Component":
        """Read a name, or a mapping with a name and options.

        Raises:
            ValueError: it is neither, or an option is no plain value.
        """
        if isinstance(value, cls):
            return value
        options = {"name": value} if isinstance(value, str) else dict(value)
        name = options.pop("name", None)
        if not isinstance(name, str):
            raise ValueError(f"{value} names nothing; give {NAMED}.")
        return cls(name, options)

    def as_plain(self) -> str | dict[str, Any]:
        """Return it as YAML has it."""
        if not self.options:
            return self.name
        return {"name": self.name} | OptionMap(self.options).as_plain()

    @classmethod
    def option_rule(cls) -> Rule:
        """Return the rule of a field that holds a component."""
        return Rule(
            NAMED,
            lambda value: isinstance(value, str | Mapping | cls),
            lambda value, place, _: _placed(cls.of, value, place),
        )


def _placed(make: Any, value: Any, place: str) -> Any:
    try:
        return make(value)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


def _frozen(value: Any) -> Any:
    """Return a value as it is kept; a component without options is its name."""
    if isinstance(value, np.generic):
        value = unboxed(value)
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    if isinstance(value, Mapping):
        value = Component.of(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, Component | type):
        value = Component(type(value).__name__, _given(value))
    if isinstance(value, Component):
        return value if value.options else value.name
    if not isinstance(value, _PLAIN):
        raise ValueError(
            wrong_value("an option", value, "a number, a text or a component")
        )
    return value


def _given(made: Any) -> dict[str, Any]:
    """Return the fields of an object that differ from their defaults."""
    pairs = ((each, getattr(made, each.name)) for each in dataclasses.fields(made))
    return {each.name: value for each, value in pairs if value != each.default}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.as_plain() if isinstance(value, Component) else value
