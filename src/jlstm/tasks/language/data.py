"""A text as an experiment has it, and as the library has it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from jlstm.data import Corpus, TokenStream, Vocab
from jlstm.tasks.language.objective import StreamConfig
from jlstm.training.experiment import Loaded


class Prep(NamedTuple):
    """What a language model knows of its text."""

    vocab: Vocab


Data = Loaded[Prep, np.ndarray]


def loaded(corpus: Corpus) -> Data:
    """Return the parts of a corpus, and what outlives them."""
    parts = {"train": corpus.train, "valid": corpus.valid, "test": corpus.test}
    given = {name: part for name, part in parts.items() if part is not None}
    return Loaded(Prep(corpus.vocab), given, corpus.note)


def corpus_of(data: Data, name: str = "") -> Corpus:
    """Return the corpus of which :func:`loaded` made the data."""
    parts = data.train, data.valid, data.parts.get("test")
    return Corpus(name, *parts, data.prep.vocab, data.note)


def described(corpus: Corpus, path: str) -> str:
    """Return one line on what was read of a user's text.

    Example:
        >>> part = np.zeros(3, np.uint8)
        >>> corpus = Corpus("text", part, part, None, Vocab(("a", "b"), "char"), "")
        >>> described(corpus, "notes/a.txt")
        'read a.txt: 6 chars of 2 kinds, train 3, valid 3'
    """
    parts = {"train": corpus.train, "valid": corpus.valid, "test": corpus.test}
    sizes = {name: len(part) for name, part in parts.items() if part is not None}
    text = f"read {Path(path).name}: {sum(sizes.values()):,} {corpus.vocab.level}s of "
    told = ", ".join(f"{name} {size:,}" for name, size in sizes.items())
    note = f"; {corpus.note}" if corpus.note else ""
    return f"{text}{len(corpus.vocab):,} kinds, {told}{note}"


def check_streams(corpus: Corpus, stream: StreamConfig) -> None:
    """Raise ValueError where a part of the corpus is too short for its streams."""
    for part, key, tokens in (
        ("train", "batch_size", corpus.train),
        ("valid", "valid_batch", corpus.valid),
        ("test", "test_batch", corpus.test),
    ):
        drop_last = stream.drop_last and part == "train"
        try:
            if tokens is not None:
                TokenStream(tokens, getattr(stream, key), stream.window, drop_last)
        except ValueError as error:
            raise ValueError(f"The {part} part, stream.{key}: {error}") from None
