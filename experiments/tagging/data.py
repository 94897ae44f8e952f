"""The tagged sentences of a run as numbers: words, letters, tags and marks."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from experiments.tagging.read import DataConfig, Part, read_parts
from jlstm.data import Vocab, encode_words
from jlstm.data.tagging import tag_vocab
from jlstm.data.words import Words, word_vocab
from jlstm.models.tag import TaggerSizes
from jlstm.train.tag import Sentence


class Vocabs(NamedTuple):
    """What the numbers of words, letters, tags and marks stand for.

    ``marks`` is ``None`` where none are given.
    """

    words: Vocab
    letters: Vocab
    tags: Vocab
    marks: Vocab | None

    @property
    def sizes(self) -> TaggerSizes:
        """How many there are of each."""
        marks = 0 if self.marks is None else len(self.marks)
        return TaggerSizes(len(self.words), len(self.letters), len(self.tags), marks)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Tagged sentences in three parts, as words and as numbers.

    Attributes:
        parts: train, valid and test.
        numbers: the same, as ``jlstm.train.tag`` takes them.
        vocabs: what the numbers stand for.
    """

    parts: dict[str, Part]
    numbers: dict[str, list[Sentence]]
    vocabs: Vocabs


def load(config: DataConfig) -> Dataset:
    """Read the sentences.

    Raises:
        FileNotFoundError, ValueError: they are not there, or options do not fit them.
    """
    parts = read_parts(config)
    train = parts["train"]
    plain = [_plain(words, config) for words in train.tagged.sentences]
    words = word_vocab(plain, min_count=config.min_count)
    letters = word_vocab(word for some in train.tagged.sentences for word in some)
    tags = tag_vocab([some for part in parts.values() for some in part.tagged.tags])
    marks = None if train.marks is None else word_vocab(train.marks)
    vocabs = Vocabs(words, letters, tags, marks)
    numbers = {
        name: [_numbers(row, config, vocabs) for row in _rows(part)]
        for name, part in parts.items()
    }
    return Dataset(parts, numbers, vocabs)


def spell(word: str, most: int) -> str:
    """Return the letters of a word that are read: of a long one both ends.

    Example:
        >>> spell("tagging", 16), spell("antidisestablishmentarianism", 6)
        ('tagging', 'antism')
    """
    if len(word) <= most:
        return word
    head = most // 2
    return word[:head] + word[head - most :]


def normalize(word: str) -> str:
    """Return a word without case, its digits as 0.

    Example:
        >>> normalize("Route66")
        'route00'
    """
    return re.sub(r"\d", "0", word.lower())


def _plain(words: Words, config: DataConfig) -> Words:
    return tuple(map(normalize, words)) if config.lowercase else words


def _rows(part: Part) -> Iterable[tuple[Words, Words, Words | None]]:
    marks = part.marks or [None] * len(part.tagged.sentences)
    return zip(*part.tagged, marks, strict=True)


def _numbers(
    row: tuple[Words, Words, Words | None], config: DataConfig, vocabs: Vocabs
) -> Sentence:
    """Return the columns word, tag, mark and letters of a sentence."""
    words, tags, marks = row
    table = np.zeros((len(words), 3 + config.letters), np.int32)
    table[:, 0] = encode_words(vocabs.words, _plain(words, config))
    table[:, 1] = encode_words(vocabs.tags, tags)
    if vocabs.marks is not None and marks is not None:
        table[:, 2] = encode_words(vocabs.marks, marks)
    for place, word in enumerate(words):
        letters = encode_words(vocabs.letters, spell(word, config.letters))
        table[place, 3 : 3 + len(letters)] = letters
    return table
