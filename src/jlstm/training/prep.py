"""What outlives the training of a model, as JSON and arrays, and back again.

A prep is a dataclass or NamedTuple of numbers, texts, None, arrays, tuples, and more
dataclasses and NamedTuples of these, such as a ``Vocab``. The annotations of its fields
say what to make of the JSON.
"""

import dataclasses
from collections.abc import Mapping
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")

ARRAY = "array of"
"""The key of what stands in the JSON for an array: its name."""

Arrays = dict[str, np.ndarray]


def pack(prep: Any) -> tuple[Any, Arrays]:
    """Return a prep as what ``json.dumps`` takes, and its arrays by name.

    Raises:
        TypeError: a value is of a kind that has no place in a prep; names it.

    Example:
        >>> from jlstm.data import Vocab
        >>> pack(Vocab(("a", "b"), "char"))
        ({'symbols': ['a', 'b'], 'level': 'char'}, {})
        >>> pack((np.ones(2), 0.5))
        ([{'array of': '0'}, 0.5], {'0': array([1., 1.])})
    """
    arrays: Arrays = {}
    return _packed(prep, "", arrays), arrays


def unpack(cls: type[T], data: Any, arrays: Mapping[str, np.ndarray]) -> T:
    """Return the prep of a class that :func:`pack` took apart.

    Example:
        >>> from jlstm.data import Vocab
        >>> unpack(Vocab, {"symbols": ["a", "b"], "level": "char"}, {})
        Vocab(symbols=('a', 'b'), level='char')
    """
    return _unpacked(cls, data, arrays)


def _packed(value: Any, name: str, arrays: Arrays) -> Any:
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {ARRAY: name}
    if _has_fields(type(value)):
        return {
            each: _packed(getattr(value, each), _below(name, each), arrays)
            for each in _hints(type(value))
        }
    if isinstance(value, tuple):
        return [_packed(v, _below(name, n), arrays) for n, v in enumerate(value)]
    if not isinstance(value, str | int | float | NoneType):
        raise TypeError(
            f"{name or 'A prep'} is {value!r}: give a number, a text, None, an array, "
            "or a tuple or dataclass of these."
        )
    return value


def _unpacked(hint: Any, data: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(data, dict) and ARRAY in data:
        return arrays[data[ARRAY]]
    if data is None:
        return None
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    if NoneType in get_args(hint):
        return _unpacked(kinds[0], data, arrays)
    if isinstance(data, dict):
        hints = _hints(hint)
        return hint(**{n: _unpacked(hints[n], v, arrays) for n, v in data.items()})
    if get_origin(hint) is tuple:
        each = kinds[:-1] * len(data) if kinds[-1] is Ellipsis else kinds
        return tuple(_unpacked(*pair, arrays) for pair in zip(each, data, strict=True))
    return data


def _has_fields(cls: Any) -> bool:
    return dataclasses.is_dataclass(cls) or hasattr(cls, "_fields")


def _hints(cls: Any) -> dict[str, Any]:
    """Return the annotation of each field."""
    hints = get_type_hints(cls)
    named = getattr(cls, "_fields", None)
    names = [f.name for f in dataclasses.fields(cls)] if named is None else named
    return {name: hints[name] for name in names}


def _below(name: str, own: object) -> str:
    return f"{name}.{own}" if name else str(own)
