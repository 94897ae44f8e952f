"""The tagged sentences of a run as numbers: words, letters, tags and marks."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jlstm.data import Vocab, encode_words
from jlstm.data.lines import path_only
from jlstm.data.tagging import Tagged, tag_vocab
from jlstm.data.text import read_table_text
from jlstm.data.words import Words, word_vocab
from jlstm.tasks.tagging.model import TaggerSizes
from jlstm.tasks.tagging.objective import Sentence
from jlstm.tasks.tagging.read import DataConfig, Part, read_file, read_parts
from jlstm.training.experiment import Loaded


class Prep(NamedTuple):
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


class Sentences(NamedTuple):
    """Tagged sentences, as words and as the objective takes them."""

    words: Part
    numbers: list[Sentence]


Data = Loaded[Prep, Sentences]


def load(config: DataConfig) -> Data:
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
    prep = Prep(words, letters, tags, marks)
    return Loaded(prep, {n: numbered(own, config, prep) for n, own in parts.items()})


def numbered(part: Part, config: DataConfig, prep: Prep) -> Sentences:
    """Return sentences with the numbers of their words, letters, tags and marks."""
    return Sentences(part, [_numbers(row, config, prep) for row in _rows(part)])


def read_new(
    path: str | Path, prep: Prep, config: DataConfig, tagged: bool
) -> Sentences:
    """Read sentences with the vocabularies of a run.

    Args:
        path: of a file as ``tagged`` is one, or of a sentence in each line, its words
            between blanks.
        prep: of the run.
        config: how the file is read, and how words become numbers.
        tagged: whether there are tags.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: it cannot be read, lacks marks, or has a tag that the run lacks.
    """
    path = path_only(path)
    if tagged:
        part = read_file(config, path)
        _check_tags(path, part.tagged, prep.tags)
        return numbered(part, config, prep)
    if prep.marks is not None:
        raise ValueError(
            f"{path} is read as sentences alone, but the model reads marks too "
            f"(data.mark={config.mark}): give a file with their column."
        )
    sentences = _plain_sentences(path)
    unknown = tuple((prep.tags.symbols[0],) * len(words) for words in sentences)
    return numbered(Part(Tagged(sentences, unknown)), config, prep)


def _plain_sentences(path: Path) -> tuple[Words, ...]:
    """Return the words of each line; a table would be read as words and tags in one."""
    text = read_table_text(path)
    if "\t" in text:
        raise ValueError(
            f"{path} is a table: give a file with a sentence in each line, its words "
            "between blanks; a file with tags can be scored."
        )
    found = tuple(tuple(line.split()) for line in text.split("\n") if line.strip())
    if not found:
        raise ValueError(f"{path} has no word: give a sentence in each line.")
    return found


def _check_tags(path: Path, tagged: Tagged, known: Vocab) -> None:
    """Raise where a file has a tag that the run did not learn."""
    for tag in (tag for tags in tagged.tags for tag in tags):
        if tag not in known.index:
            raise ValueError(
                f"{path} has the tag {tag!r}, which the run does not know; it knows "
                f"{', '.join(known.symbols)}."
            )


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
    row: tuple[Words, Words, Words | None], config: DataConfig, prep: Prep
) -> Sentence:
    """Return the columns word, tag, mark and letters of a sentence."""
    words, tags, marks = row
    table = np.zeros((len(words), 3 + config.letters), np.int32)
    table[:, 0] = encode_words(prep.words, _plain(words, config))
    table[:, 1] = encode_words(prep.tags, tags)
    if prep.marks is not None and marks is not None:
        table[:, 2] = encode_words(prep.marks, marks)
    for place, word in enumerate(words):
        letters = encode_words(prep.letters, spell(word, config.letters))
        table[place, 3 : 3 + len(letters)] = letters
    return table
