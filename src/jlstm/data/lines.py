"""New texts to read with a trained model: the lines of a file, or a list."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from jlstm.data.text import read_table_text

Texts: TypeAlias = str | Path | Iterable[str]
"""The path of a file with a text in each line, or the texts themselves."""


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
    if isinstance(source, str | Path):
        lines, place = (
            read_table_text(source).rstrip("\n").split("\n"),
            f"{source}, line",
        )
    else:
        lines, place = list(source), "text"
    for number, line in enumerate(lines, 1):
        if not isinstance(line, str):
            raise TypeError(
                f"{place} {number} is {line!r}: give the path of a file, or texts."
            )
        if not line.strip():
            raise ValueError(f"{place} {number} is empty: leave it out.")
    if not lines:
        raise ValueError("There is no text: give at least one.")
    return tuple(lines), place
