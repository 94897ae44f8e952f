"""What a configuration can name, and objects made of it: the library's own lists.

A class that its package exports can be named; nothing is registered twice. Names and
options are checked here, values by the class itself.
"""

import collections.abc
import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

from jlstm import activations, cells, initializers, wrappers
from jlstm._internal.options import (
    Component,
    OptionMap,
    Options,
    hints_of,
    nearest,
    read_numbers,
    rule_of,
    unknown,
    wrong_value,
)
from jlstm._internal.options.rules import Rule
from jlstm.cell import Cell
from jlstm.initializers import Initializer
from jlstm.training.config.imported import imported

T = TypeVar("T")


def _classes(module: Any, base: type) -> dict[str, type]:
    """Return the classes below ``base`` that a module has and that can be made."""
    return {
        name: each
        for name, each in vars(module).items()
        if isinstance(each, type)
        and issubclass(each, base)
        and dataclasses.is_dataclass(each)
        and not inspect.isabstract(each)
    }


CELLS: dict[str, type[Cell]] = _classes(cells, Cell)
WRAPPERS: dict[str, type[Cell]] = _classes(wrappers, Cell)
INITIALIZERS = _classes(initializers, Options)
ACTIVATIONS = _classes(activations, Options)


def make(cls: type[T], options: Mapping[str, Any], *, clear: str = "", **own: Any) -> T:
    """Make an object of a class from options as a configuration has them.

    Args:
        cls: a dataclass, such as a cell.
        options: its fields by name; see :class:`jlstm._internal.options.OptionMap`.
        clear: the key of the options, for the advice to clear one that ``cls`` lacks.
        own: fields that are no options, such as ``hidden_size``.

    Raises:
        ValueError: an option that there is not or that is missing, or a value that the
            class refuses.

    Example:
        >>> from jlstm import RNNCell
        >>> make(RNNCell, {"w_hh_init": "Identity"}, hidden_size=4)
        RNNCell(hidden_size=4, w_hh_init=Identity(gain=1.0))
        >>> make(RNNCell, {"use_bia": False}, hidden_size=4)
        Traceback (most recent call last):
        ValueError: RNNCell has no option use_bia: did you mean use_bias?
    """
    fields = [f for f in dataclasses.fields(cls) if f.init and f.name not in own]
    _check_names(cls, options, fields, clear)
    hints = hints_of(cls)
    try:
        values = {
            name: _taken(hints[name], value, f"{cls.__name__}: {name}")
            for name, value in options.items()
        }
        return cls(**own, **values)
    except TypeError as error:
        raise ValueError(str(error)) from None


def find(known: Mapping[str, type[T]], name: str, place: str) -> type[T]:
    """Return the class of a name, or raise ValueError with the nearest one."""
    if name not in known:
        raise ValueError(unknown(place, name, tuple(known)))
    return known[name]


class CellByName:
    """The annotation of a field that names a cell."""

    choices = tuple(CELLS)

    @classmethod
    def option_rule(cls) -> Rule:
        """Return the rule of the field: a cell of jlstm, or ``MODULE.CLASS``."""
        return Rule("the name of a cell", lambda v: isinstance(v, str), _cell_name)


def cell_class(name: str) -> type[Cell]:
    """Return the class of a cell, of jlstm or by its import path.

    Raises:
        ValueError: it cannot be imported, or is no cell.

    Example:
        >>> cell_class("GRUCell") is cell_class("jlstm.cells.GRUCell")
        True
        >>> cell_class("jlstm.layers.Stack")
        Traceback (most recent call last):
        ValueError: cell is jlstm.layers.Stack, which is no cell: give a dataclass below
        jlstm.Cell, as docs/adding-a-cell.md writes one.
    """
    return _class_of(CELLS, name, "cell", "docs/adding-a-cell.md writes one")


def wrapper_class(name: str) -> type[Cell]:
    """Return the class of a wrapper, of jlstm or by its import path.

    Raises:
        ValueError: it cannot be imported, or is no wrapper.

    Example:
        >>> wrapper_class("Zoneout").__name__
        'Zoneout'
    """
    return _class_of(WRAPPERS, name, "wrapper", "those of jlstm.wrappers are")


def _class_of(
    known: Mapping[str, type[Cell]], name: str, what: str, like: str
) -> type[Cell]:
    if "." not in name:
        return find(known, name, "cell" if what == "cell" else "name")
    wanted = f"a dataclass below jlstm.Cell, as {like}"
    found = imported(name, what, Cell, wanted)
    if not dataclasses.is_dataclass(found):
        raise ValueError(f"{what} is {name}, which is no {what}: give {wanted}.")
    return found


def _cell_name(value: Any, place: str, wanted: str) -> str:
    if "." not in value and value not in CELLS:
        raise ValueError(unknown(place, value, tuple(CELLS)))
    return str(value)


def _check_names(
    cls: type, options: Mapping[str, Any], fields: list[Any], clear: str
) -> None:
    known = [field.name for field in fields]
    for name in options:
        if name not in known:
            raise ValueError(_no_option(cls, name, known, clear))
    for field in fields:
        if _has_default(field) or field.name in options:
            continue
        raise ValueError(f"{cls.__name__} needs the option {field.name}: give it.")


def _no_option(cls: type, name: str, known: list[str], clear: str) -> str:
    said = f"{cls.__name__} has no option {name}"
    near = nearest(name, known)
    if near is not None:
        return f"{said}: did you mean {near}?"
    advice = f" If it is of another cell, ~{clear}.{name} clears it." if clear else ""
    return f"{said}; it has {', '.join(known) or 'none'}.{advice}"


def _has_default(field: Any) -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


def _taken(hint: Any, value: Any, place: str) -> Any:
    """Return the value of a field, checked as the class itself checks it."""
    made, rule = _object(hint, value, place), rule_of(hint)
    return made if rule is None else rule.take(made, place)


def _object(hint: Any, value: Any, place: str) -> Any:
    """Return what an annotation asks for: a component as an object, else the value."""
    if isinstance(value, tuple | list):
        items = enumerate(value)
        return tuple(_object(hint, each, f"{place}[{n}]") for n, each in items)
    value, known = read_numbers(hint, value), _components(hint)
    if isinstance(value, Component):
        cls = find(known, value.name, place) if known else None
        if cls is None:
            raise ValueError(wrong_value(place, value.as_plain(), rule_of(hint).wanted))
        return make(cls, value.options)
    if not known or not isinstance(value, str):
        return value
    return _named(hint, known, value, place)


def _named(hint: Any, known: Mapping[str, type], text: str, place: str) -> Any:
    """Return what a text stands for where components can be named."""
    if text in known:
        return make(known[text], OptionMap())
    names = (*_literals(hint), *known)
    if text not in names:
        raise ValueError(unknown(place, text, names))
    return text


def _components(hint: Any) -> dict[str, type]:
    """Return the classes that can be named where an annotation stands."""
    if hint is Initializer:
        return INITIALIZERS
    if collections.abc.Callable in (hint, get_origin(hint)):
        return ACTIVATIONS
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return {hint.__name__: hint}
    return {k: v for part in get_args(hint) for k, v in _components(part).items()}


def _literals(hint: Any) -> tuple[Any, ...]:
    """Return the texts that an annotation allows."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(text for part in get_args(hint) for text in _literals(part))
