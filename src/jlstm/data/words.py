"""Sentences as tuples of words, and their ids.

A ``Vocab`` from here begins with special symbols, so that their ids are the same in
every run; id 0 is ``<pad>``, which is also what padded batches hold after the end of
a sequence.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Integer, Real

from jlstm.data.vocab import EOS, Vocab

PAD = "<pad>"
BOS = "<bos>"
UNK = "<unk>"
Words = tuple[str, ...]


class Labelled(NamedTuple):
    """Sentences and the class of each, or its number."""

    sentences: tuple[Words, ...]
    labels: Real[np.ndarray, " n"]

    def take(self, rows: Integer[np.ndarray, " k"]) -> "Labelled":
        """Return the sentences at ``rows``."""
        return Labelled(tuple(self.sentences[row] for row in rows), self.labels[rows])


def word_vocab(
    sentences: Iterable[Sequence[str]],
    *,
    min_count: int = 1,
    max_size: int | None = None,
    specials: Words = (PAD, UNK),
) -> Vocab:
    """Build a vocabulary of words: the special ones, then by frequency.

    Build it from the training sentences only: words that only the held-out ones have
    then become ``<unk>``, as those of new text will.

    Args:
        sentences: tuples of words.
        min_count: keep words that occur at least so often.
        max_size: keep at most so many symbols, the special ones included.
        specials: the first symbols.

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> word_vocab([("a", "rose", "is"), ("a", "rose")], min_count=2).symbols
        ('<pad>', '<unk>', 'a', 'rose')
    """
    if min_count < 1:
        raise ValueError(f"min_count must be at least 1, got {min_count}.")
    if max_size is not None and max_size <= len(specials):
        raise ValueError(
            f"max_size must be more than the {len(specials)} special symbols, got "
            f"{max_size}."
        )
    counts = Counter(word for words in sentences for word in words)
    kept = (w for w, n in counts.items() if n >= min_count and w not in specials)
    ranked = sorted(kept, key=lambda word: (-counts[word], word))
    return Vocab((*specials, *ranked)[:max_size], "word")


def encode_words(vocab: Vocab, words: Sequence[str]) -> Int32[np.ndarray, " n"]:
    """Return the ids of words; a word that the vocabulary lacks is ``<unk>``.

    Raises:
        ValueError: such a word, and the vocabulary has no ``<unk>``.

    Example:
        >>> vocab = word_vocab([("a", "rose")])
        >>> encode_words(vocab, ("a", "red", "rose"))
        array([2, 1, 3], dtype=int32)
    """
    unknown = vocab.index.get(UNK, -1)
    ids = np.fromiter(
        (vocab.index.get(word, unknown) for word in words), np.int32, len(words)
    )
    if len(ids) and ids.min() < 0:
        raise ValueError(
            f"{words[int(ids.argmin())]!r} is not among the {len(vocab)} symbols of "
            f"the vocabulary, which has no {UNK!r} to stand for it."
        )
    return ids


def decode_words(vocab: Vocab, ids: Iterable[int] | Integer[np.ndarray, " n"]) -> Words:
    """Return the words of ids up to the first ``<eos>``, without ``<pad>``, ``<bos>``.

    Example:
        >>> vocab = word_vocab([("a", "rose")], specials=(PAD, BOS, "<eos>", UNK))
        >>> decode_words(vocab, [1, 4, 5, 2, 0, 0])
        ('a', 'rose')
    """
    words = []
    for id_ in ids:
        word = vocab.symbols[id_]
        if word == EOS:
            break
        if word not in (PAD, BOS):
            words.append(word)
    return tuple(words)


def unknown_share(vocab: Vocab, sentences: Iterable[Sequence[str]]) -> float:
    """Return the share of words that the vocabulary lacks.

    Example:
        >>> unknown_share(word_vocab([("a", "rose")]), [("a", "red", "rose", "is")])
        0.5
    """
    words = [word for sentence in sentences for word in sentence]
    return sum(word not in vocab.index for word in words) / max(len(words), 1)
