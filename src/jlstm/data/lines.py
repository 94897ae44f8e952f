"""New texts to read with a trained model: the lines of a file, or a list."""

import os
import reprlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from jlstm.data.text import read_table_text

Texts: TypeAlias = str | os.PathLike[str] | Iterable[str]
"""The path of a file with a text in each line, or the texts themselves."""


def path_only(source: Any) -> Path:
    """Return the path that new data is given as, where values are not read.

    Raises:
        TypeError: it is no path.

    Example:
        >>> path_only(["a fine film"])
        Traceback (most recent call last):
        TypeError: A list was given: this is read from a file only, give its path.
    """
    if not isinstance(source, str | os.PathLike):
        raise TypeError(
            f"A {type(source).__name__} was given: this is read from a file only, "
            "give its path."
        )
    return Path(source)


def read_lines_of(source: Texts) -> tuple[tuple[str, ...], str]:
    r"""Return texts, and what to call the place of each in a message.

    Args:
        source: the path of a text file, which may be gzipped, or the texts.

    Raises:
        FileNotFoundError: nothing is at the path.
        ValueError: there is no text at all, or one of them is empty.
        TypeError: the source is something else.

    Example:
        >>> read_lines_of(["to be", "or not"])
        (('to be', 'or not'), 'text')
        >>> read_lines_of(["to be", " "])
        Traceback (most recent call last):
        ValueError: text 2 is empty: leave it out.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        lines, place = read_table_text(path).rstrip("\n").split("\n"), f"{path}, line"
    else:
        lines, place = _values(source), "text"
    for number, line in enumerate(lines, 1):
        if not isinstance(line, str):
            raise TypeError(
                f"{place} {number} is {reprlib.repr(line)}: give the path of a file, "
                "or texts."
            )
        if not line.strip():
            raise ValueError(f"{place} {number} is empty: leave it out.")
    if not lines:
        raise ValueError("There is no text: give at least one.")
    return tuple(lines), place


def _values(source: Any) -> list[Any]:
    """Return texts given as values; a table would yield the names of its columns."""
    table = isinstance(source, Mapping) or hasattr(source, "columns")
    if table or isinstance(source, bytes) or not isinstance(source, Iterable):
        raise TypeError(
            f"A {type(source).__name__} was given: give the path of a file, or texts, "
            "such as a list or one column of a table."
        )
    return list(source)
