"""Values of Python as the command line spells them."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

PLAIN = re.compile(r"[A-Za-z_][\w./-]*\Z")
WORDS = {"true", "false", "null", "nan", "inf", "none"}
"""What the command line reads as something other than a text."""


def spelled(overrides: Mapping[str, Any]) -> Iterator[str]:
    """Yield each key and value as an override; a mapping is keys below its key.

    Example:
        >>> list(spelled({"train": {"epochs": 3, "seed": 1}, "name": "a b"}))
        ['train.epochs=3', 'train.seed=1', "name='a b'"]
        >>> list(spelled({"model.stack.hidden_sizes": (64, 64), "data.path": None}))
        ['model.stack.hidden_sizes=[64,64]', 'data.path=null']
    """
    for key, value in overrides.items():
        if isinstance(value, Mapping):
            yield from spelled({f"{key}.{own}": one for own, one in value.items()})
        else:
            yield f"{key}={spell(value)}"


def spell(value: Any) -> str:
    r"""Return a value as the command line spells it.

    Raises:
        TypeError: a configuration holds no such value.

    Example:
        >>> print(spell(True), spell(1e-4), spell("it's"), spell({"name": "Chrono"}))
        true 0.0001 'it\'s' {name: Chrono}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(spell, value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{key}: {spell(one)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if hasattr(value, "__fspath__"):
        value = value.__fspath__()
    if isinstance(value, str):
        return _text(value)
    raise TypeError(
        f"A {type(value).__name__} was given: a configuration holds numbers, texts, "
        "booleans, None, lists and mappings."
    )


def _text(value: str) -> str:
    if PLAIN.match(value) and value.lower() not in WORDS:
        return value
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", value)
    if escaped.endswith("\\"):
        escaped += "\\" * (len(escaped) - len(escaped.rstrip("\\")))
    return f"'{escaped}'"
