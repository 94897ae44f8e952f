"""How far a recognized sequence is from what was said."""

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Integer

from jlstm._internal.extras import brought_by

Symbol = TypeVar("Symbol", bound=Hashable)


def edit_distance(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> int:
    """Return how many insertions, deletions and substitutions lead from one to other.

    Symbols are alike as the keys of a ``dict`` are. Source: V. Levenshtein, 1966.

    Raises:
        TypeError: one is no sequence of symbols.

    Example:
        >>> edit_distance("kitten", "sitting")
        3
    """
    with brought_by("train"):
        from rapidfuzz.distance import Levenshtein
    return Levenshtein.distance(*_numbered(reference, hypothesis))


def error_rate(
    references: Sequence[Sequence[Hashable]], hypotheses: Sequence[Sequence[Hashable]]
) -> float:
    """Return all edits of all sequences over all symbols of the references.

    It is the word, phone or digit error rate, and may be above 1.

    Raises:
        TypeError: the references or the hypotheses are one text.
        ValueError: there is not one hypothesis for each reference, or the references
            have no symbols.

    Example:
        >>> error_rate([[1, 2, 3], [4]], [[1, 2], [4]])
        0.25
    """
    for name, texts in (("references", references), ("hypotheses", hypotheses)):
        if isinstance(texts, str):
            raise TypeError(f"The {name} are one text; give a list of sequences.")
    if len(references) != len(hypotheses):
        raise ValueError(
            f"{len(references)} references came with {len(hypotheses)} hypotheses; "
            "give one for each."
        )
    symbols = sum(map(len, references))
    if not symbols:
        raise ValueError("The references have no symbols: there is nothing to miss.")
    pairs = zip(references, hypotheses, strict=True)
    return sum(edit_distance(*pair) for pair in pairs) / symbols


def align(
    reference: Sequence[Symbol], hypothesis: Sequence[Symbol]
) -> list[tuple[Symbol | None, Symbol | None]]:
    """Pair the symbols of two sequences with as few edits as possible.

    ``None`` stands for nothing: ``(a, None)`` was missed and ``(None, b)`` invented. Of
    several best alignments, one that substitutes late is taken.

    Example:
        >>> align("cat", "cut"), align("at", "hat")
        ([('c', 'c'), ('a', 'u'), ('t', 't')], [(None, 'h'), ('a', 'a'), ('t', 't')])
    """
    said, heard = _numbered(reference, hypothesis)
    table = _distances(said, heard)
    row, column = len(said), len(heard)
    pairs: list[tuple[Symbol | None, Symbol | None]] = []
    while row or column:
        here = table[row, column]
        both = bool(row and column)
        if both and here == table[row - 1, column - 1] + (
            said[row - 1] != heard[column - 1]
        ):
            row, column = row - 1, column - 1
            pairs.append((reference[row], hypothesis[column]))
        elif row and here == table[row - 1, column] + 1:
            row -= 1
            pairs.append((reference[row], None))
        else:
            column -= 1
            pairs.append((None, hypothesis[column]))
    return pairs[::-1]


def check_symbols(name: str, symbols: Any) -> None:
    """Require one sequence of symbols; of an array, one axis.

    Raises:
        TypeError: it has no length, or is an array of several axes.
    """
    axes = getattr(symbols, "ndim", 1)
    if axes != 1 or not hasattr(symbols, "__len__"):
        what = f"an array of {axes} axes" if axes != 1 else f"{symbols!r}"
        raise TypeError(f"The {name} is {what}; give one sequence of symbols.")


def _numbered(
    reference: Sequence[Hashable], hypothesis: Sequence[Hashable]
) -> tuple[list[int], list[int]]:
    """Return a number for each symbol: rapidfuzz itself takes "a" for 97."""
    numbers: dict[Hashable, int] = {}
    found = []
    for name, symbols in (("reference", reference), ("hypothesis", hypothesis)):
        check_symbols(name, symbols)
        plain = (
            symbols if isinstance(symbols, Sequence) else np.asarray(symbols).tolist()
        )
        found.append([numbers.setdefault(each, len(numbers)) for each in plain])
    return found[0], found[1]


def _distances(
    reference: list[int], hypothesis: list[int]
) -> Integer[np.ndarray, "n m"]:
    """Return the distance between all beginnings of the two."""
    starts = [
        [symbols[:end] for end in range(len(symbols) + 1)]
        for symbols in (reference, hypothesis)
    ]
    with brought_by("train"):
        from rapidfuzz import distance, process
    return process.cdist(*starts, scorer=distance.Levenshtein.distance)
