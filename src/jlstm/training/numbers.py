"""JSON that every reader accepts, also where a number is not finite.

Python writes NaN and infinity as bare words, which no other reader of JSON takes. Here
they are the texts "NaN", "Infinity" and "-Infinity", and are read back as numbers.
"""

import json
import math
from typing import Any

_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def to_json(data: Any, **options: Any) -> str:
    """Return JSON; a number that is not finite is a text.

    Args:
        data: what is written; a key must be a text.
        **options: of ``json.dumps``.

    Example:
        >>> to_json({"loss": math.nan, "best": [1.5, -math.inf]})
        '{"loss": "NaN", "best": [1.5, "-Infinity"]}'
    """
    text = json.dumps(worded(data), allow_nan=False, **options)
    if any("\ud800" <= sign <= "\udfff" for sign in text):  # no UTF-8 has these
        return to_json(data, **options | {"ensure_ascii": True})
    return text


def from_json(text: str) -> Any:
    """Return what :func:`to_json` wrote.

    Raises:
        json.JSONDecodeError: the text is not JSON.

    Example:
        >>> from_json('{"loss": "NaN", "best": [1.5, "-Infinity"]}')
        {'loss': nan, 'best': [1.5, -inf]}
    """
    return numbered(json.loads(text))


def worded(data: Any) -> Any:
    """Return data with texts in the place of numbers that are not finite."""
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    return _each(worded, data)


def numbered(data: Any) -> Any:
    """Return data with numbers in the place of these texts."""
    if isinstance(data, str):
        return _WORDS.get(data, data)
    return _each(numbered, data)


def _each(change: Any, data: Any) -> Any:
    if isinstance(data, dict):
        return {key: change(value) for key, value in data.items()}
    return [change(value) for value in data] if isinstance(data, list | tuple) else data
