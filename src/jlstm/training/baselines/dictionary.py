"""Translation word by word: each word becomes the one that it most often stands with.

Word order stays that of the source, and a word that is written as nothing, or as two,
is not known. It tells how much of a score is vocabulary alone.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Integer

Ids = Integer[np.ndarray, " _"]  # sentences differ in length


def fit_dictionary(
    sources: Sequence[Ids], targets: Sequence[Ids], source_vocab: int, target_vocab: int
) -> Integer[np.ndarray, " v"]:
    """Return for each source word the target word of the largest Dice coefficient.

    It is twice the number of sentence pairs that have both words, divided by the number
    of those that have the one plus the number of those that have the other.

    Args:
        sources: word ids of each sentence.
        targets: word ids of its translation.
        source_vocab: how many source words there are.
        target_vocab: how many target words there are.

    Returns:
        An id of a target word for each source word; -1 for one that never occurs.

    Raises:
        ValueError: there is not one translation a sentence.

    Example:
        >>> sources = [np.array([0, 1]), np.array([0, 2])]  # ein Hund, ein Mann
        >>> targets = [np.array([3, 4]), np.array([3, 5])]  # a dog, a man
        >>> fit_dictionary(sources, targets, source_vocab=4, target_vocab=6).tolist()
        [3, 4, 5, -1]
    """
    if len(sources) != len(targets):
        raise ValueError(
            f"There are {len(sources)} sentences and {len(targets)} translations; give "
            "one translation a sentence."
        )
    sides = [
        (np.unique(s), np.unique(t)) for s, t in zip(sources, targets, strict=True)
    ]
    in_source = _occurrences([s for s, _ in sides], source_vocab)
    in_target = _occurrences([t for _, t in sides], target_vocab)
    keys = np.concatenate(
        [(s[:, None].astype(np.int64) * target_vocab + t).ravel() for s, t in sides]
    )
    pairs, together = np.unique(keys, return_counts=True)
    s, t = np.divmod(pairs, target_vocab)
    dice = 2 * together / (in_source[s] + in_target[t])
    best = np.full(source_vocab, -1)
    order = np.argsort(dice, kind="stable")  # what is written last, the best, stays
    best[s[order]] = t[order]
    return best


def _occurrences(words: Sequence[Ids], size: int) -> Integer[np.ndarray, " v"]:
    """Return in how many sentences each word occurs."""
    return np.bincount(np.concatenate(words), minlength=size)
