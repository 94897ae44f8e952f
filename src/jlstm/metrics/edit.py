"""How far a recognized sequence is from what was said."""

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Integer

Symbol = TypeVar("Symbol", bound=Hashable)


def edit_distance(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> int:
    """Return how many insertions, deletions and substitutions lead from one to other.

    Source: V. Levenshtein, 1966; R. Wagner and M. Fischer, 1974.

    Raises:
        TypeError: one is no sequence of symbols.

    Example:
        >>> edit_distance("kitten", "sitting")
        3
    """
    return int(_distances(reference, hypothesis)[-1, -1])


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
    table = _distances(reference, hypothesis)
    row, column = len(reference), len(hypothesis)
    pairs: list[tuple[Symbol | None, Symbol | None]] = []
    while row or column:
        here = table[row, column]
        if (
            row
            and column
            and here
            == table[row - 1, column - 1]
            + (reference[row - 1] != hypothesis[column - 1])
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


def _distances(
    reference: Sequence[Hashable], hypothesis: Sequence[Hashable]
) -> Integer[np.ndarray, "n m"]:
    """Return the distance between all beginnings of the two."""
    for name, symbols in (("reference", reference), ("hypothesis", hypothesis)):
        check_symbols(name, symbols)
    rows, columns = len(reference) + 1, len(hypothesis) + 1
    table = np.zeros((rows, columns), int)
    table[:, 0], table[0] = np.arange(rows), np.arange(columns)
    for n, said in enumerate(reference, start=1):
        for m, heard in enumerate(hypothesis, start=1):
            table[n, m] = min(
                table[n - 1, m] + 1,
                table[n, m - 1] + 1,
                table[n - 1, m - 1] + (said != heard),
            )
    return table
