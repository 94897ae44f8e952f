"""Sentences with a tag a word: CoNLL-U files, column files, and two data sets.

``load_tagged`` gives UD English-EWT (parts of speech) and CoNLL-2000 (chunks);
``read_conllu`` and ``read_columns`` read files of your own.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32

from jlstm.data.fetch import fetch
from jlstm.data.sheet.words import (
    Sentences,
    check_columns,
    check_tags,
    is_conllu,
    read_conllu_rows,
    read_rows,
)
from jlstm.data.vocab import Vocab
from jlstm.data.words import Words, encode_words

NAMES = ("ud_english_ewt", "conll2000")
_CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel")


class Tagged(NamedTuple):
    """Sentences and the tags of their words."""

    sentences: tuple[Words, ...]
    tags: tuple[Words, ...]

    @property
    def num_words(self) -> int:
        """How many words there are."""
        return sum(map(len, self.sentences))


def load_tagged(name: str) -> dict[str, Tagged]:
    """Return the parts of a tagged data set.

    ``"ud_english_ewt"`` has universal parts of speech and the parts train, dev and
    test; ``"conll2000"`` has chunks as IOB2 tags and the parts train and test.

    Raises:
        FileNotFoundError, ValueError: as ``jlstm.data.fetch``.
    """
    if name not in NAMES:
        raise ValueError(f"name must be one of {', '.join(NAMES)}, got {name!r}.")
    read = read_conllu if name == "ud_english_ewt" else read_columns
    return {part: read(path) for part, path in fetch(name).items()}


def read_conllu(path: str | Path, column: str = "upos") -> Tagged:
    r"""Read the words of a CoNLL-U file and one column of tags.

    Comments, multi-word tokens (``3-4``) and empty nodes (``5.1``) are skipped.

    Args:
        path: the file; it may be gzipped.
        column: ``"upos"``, ``"xpos"``, ``"deprel"`` or another column's name.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: lines differ in their number of columns, there is no such column,
            it holds nothing but ``_``, or the file has no sentence.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "a.conllu")
        >>> _ = Path(name).write_text("# new\n1\ta\ta\tDET\n2\tdog\tdog\tNOUN\n")
        >>> read_conllu(name)
        Tagged(sentences=(('a', 'dog'),), tags=(('DET', 'NOUN'),))
    """
    if column not in _CONLLU:
        raise ValueError(f"column must be one of {', '.join(_CONLLU)}, got {column!r}.")
    rows = read_conllu_rows(path)
    place = _CONLLU.index(column)
    width = len(rows[0][0].cells)
    if place >= width:
        raise ValueError(f"{path} has {width} columns and none of {column}.")
    tagged = _tagged(rows, 1, place)
    check_tags([tag for some in tagged.tags for tag in some], path, column)
    return tagged


def read_columns(path: str | Path, word: int = 0, tag: int = -1) -> Tagged:
    r"""Read a file with one word per line, and empty lines between sentences.

    Columns stand between tabs, or between blanks where lines have no tabs. All lines
    must have the same number of them; ``-DOCSTART-`` lines are left out.

    Args:
        path: the file; it may be gzipped.
        word: number of the column with the words, from 0.
        tag: number of the column with the tags; -1 is the last one.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: lines differ in their number of columns, there is no such column,
            words stand with their tags (``dog/NN``), nearly each word has a tag of its
            own, the file is CoNLL-U, or has no sentence.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "a.txt")
        >>> _ = Path(name).write_text("the DT B-NP\ndog NN I-NP\n\nGo VB B-VP\n")
        >>> read_columns(name).tags
        (('B-NP', 'I-NP'), ('B-VP',))
    """
    if is_conllu(path):
        raise ValueError(f"{path} is CoNLL-U: read it by read_conllu.")
    rows = read_rows(path)
    places = check_columns(rows, path, word=word, tag=tag)
    tagged = _tagged(rows, places["word"], places["tag"])
    if places["word"] != places["tag"]:
        check_tags([t for some in tagged.tags for t in some], path, str(tag))
    return tagged


def tag_vocab(tags: Sequence[Words]) -> Vocab:
    """Return the tags in alphabetical order; no special one is among them.

    Example:
        >>> tag_vocab([("O", "B-NP"), ("B-NP", "I-NP")]).symbols
        ('B-NP', 'I-NP', 'O')
    """
    return Vocab(tuple(sorted({tag for sentence in tags for tag in sentence})), "word")


def encode_tagged(
    tagged: Tagged, words: Vocab, tags: Vocab
) -> tuple[Int32[np.ndarray, "_ 2"], ...]:
    """Return, for each sentence, the ids of its words and of its tags side by side.

    One array per sentence is what ``BucketedBatches`` takes.

    Raises:
        ValueError: a held-out tag does not occur in training.

    Example:
        >>> from jlstm.data.words import word_vocab
        >>> tagged = Tagged((("a", "dog"),), (("DET", "NOUN"),))
        >>> encode_tagged(tagged, word_vocab(tagged.sentences), tag_vocab(tagged.tags))
        (array([[2, 0], [3, 1]], dtype=int32),)
    """
    pairs = zip(tagged.sentences, tagged.tags, strict=True)
    return tuple(
        np.stack([encode_words(words, some), encode_words(tags, theirs)], axis=1)
        for some, theirs in pairs
    )


def most_frequent_tags(train: Tagged, sentences: Sequence[Words]) -> tuple[Words, ...]:
    """Tag each word as training mostly does, an unseen one by the commonest tag.

    The baseline next to which a tagger's accuracy is to be printed.

    Example:
        >>> train = Tagged((("a", "dog", "a"),), (("DET", "NOUN", "DET"),))
        >>> most_frequent_tags(train, [("dog", "cat")])
        (('NOUN', 'DET'),)
    """
    counts: dict[str, Counter[str]] = {}
    for word, tag in _pairs(train):
        counts.setdefault(word, Counter())[tag] += 1
    best = {word: of.most_common(1)[0][0] for word, of in counts.items()}
    commonest = Counter(tag for _, tag in _pairs(train)).most_common(1)[0][0]
    return tuple(tuple(best.get(w, commonest) for w in words) for words in sentences)


def _pairs(tagged: Tagged) -> Iterator[tuple[str, str]]:
    """Yield each word and its tag."""
    for words, tags in zip(tagged.sentences, tagged.tags, strict=True):
        yield from zip(words, tags, strict=True)


def _tagged(sentences: Sentences, word: int, tag: int) -> Tagged:
    return Tagged(
        tuple(tuple(row.cells[word] for row in group) for group in sentences),
        tuple(tuple(row.cells[tag] for row in group) for group in sentences),
    )
