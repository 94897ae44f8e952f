"""A corpus: three arrays of token ids and the vocabulary that reads them.

``CorpusConfig`` says what is wanted, ``load_corpus`` fetches, checks, splits and
encodes. Symbols are counted over all parts together (a closed vocabulary, as in
char-rnn and in the PyTorch word language model): every symbol of the held-out parts has
an id, but one that training never shows is not learnt.
"""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import UInt

from jlstm._internal.options import (
    AtLeast2,
    Fraction,
    NotNegative,
    Options,
    Share,
    Size,
)
from jlstm.data.captions import caption_texts
from jlstm.data.fetch import cache_directory, data_directory, locate
from jlstm.data.registry import dataset
from jlstm.data.sheet.given import called, check_source, texts_of
from jlstm.data.split import char_rnn_split, tail_split
from jlstm.data.text import (
    check_varied,
    checked_path,
    language_reference,
    read_text,
)
from jlstm.data.tokenfile import (
    TokenFile,
    is_token_file,
    map_token_file,
    open_token_file,
)
from jlstm.data.vocab import Level, Vocab, count_symbols

Name = Literal["ptb", "wikitext2", "captions", "shakespeare", "embedded", "text"]
Split = Literal["given", "tail", "char_rnn"]
_GIVEN = ("ptb", "wikitext2", "captions")


@dataclass(frozen=True)
class CorpusConfig(Options):
    """Which corpus, in which symbols, split how.

    Args:
        name: ``"ptb"``, ``"wikitext2"``, ``"captions"`` (the English side of Multi30k),
            ``"shakespeare"``, ``"embedded"`` (the language reference that CPython
            carries) or ``"text"`` (a file of your own).
        path: the file of ``name="text"``.
        level: ``"char"`` or ``"word"``.
        split: ``"given"`` for the data sets that come in three files; ``"tail"`` holds
            out the end of the text; ``"char_rnn"`` the end of each stream, see
            ``jlstm.data.split``.
        valid_fraction: share of the tokens for validation; unused by ``"given"``.
        test_fraction: share for the test, 0 for no test part; unused by ``"given"``.
        max_vocab: keep at most so many symbols.
        min_count: keep symbols that occur at least so often.
        limit_train: use only this share of the training part, from its start.
        memory_map: keep the ids in a file instead of memory; ``name="text"`` only. The
            path may be that of a token file, see ``jlstm.data.write_tokens``.
        streams: streams of ``split="char_rnn"``: the batch size of the training.
        window: window of ``split="char_rnn"``: that of the training.
        function: of ``name="text"``, in place of ``path``: a function of yours by its
            import path, ``mymodule.function``, that returns a text, or lines of text.

    Raises:
        ValueError: a field is out of range or does not go with another.

    Example:
        >>> CorpusConfig(valid_fraction=1.5)
        Traceback (most recent call last):
        ValueError: CorpusConfig: valid_fraction is 1.5; give a share between 0 and 1, \
both excluded.
    """

    name: Name = "embedded"
    path: str | None = None
    level: Level = "char"
    split: Split = "tail"
    valid_fraction: Fraction = 0.1
    test_fraction: NotNegative = 0.0
    max_vocab: AtLeast2 | None = None
    min_count: Size = 1
    limit_train: Share = 1.0
    memory_map: bool = False
    streams: Size = 50
    window: Size = 50
    function: str | None = None

    def __post_init__(self):
        self._check_numbers()
        self._check_combination()

    def _check_numbers(self) -> None:
        if not 0 <= self.test_fraction < 1 - self.valid_fraction:
            raise ValueError(
                "test_fraction must be at least 0 and leave text to train on next to "
                f"valid_fraction={self.valid_fraction}, got {self.test_fraction}."
            )

    def _check_combination(self) -> None:
        check_source(self.path, self.function, self.name, ("text",))
        if (self.split == "given") != (self.name in _GIVEN):
            wanted = "given" if self.name in _GIVEN else "tail or char_rnn"
            raise ValueError(
                f"split must be {wanted} for name={self.name!r}, got {self.split!r}."
            )
        if self.memory_map and (self.path is None or self.split != "tail"):
            raise ValueError(
                "memory_map goes with the path of a text and split='tail', got "
                f"path={self.path!r} and split={self.split!r}: set memory_map=false."
            )


@dataclass(frozen=True, eq=False)
class Corpus:
    """The ids of a corpus in its parts.

    Args:
        name: as in the config.
        train: ids to learn from.
        valid: ids to choose a model by.
        test: ids to report on, or None where the corpus has no such part.
        vocab: the symbols.
        note: what to say next to a number measured on this corpus; may be empty.
    """

    name: str
    train: UInt[np.ndarray, " n"]
    valid: UInt[np.ndarray, " m"]
    test: UInt[np.ndarray, " k"] | None
    vocab: Vocab
    note: str = ""


def load_corpus(config: CorpusConfig) -> Corpus:
    """Fetch, check, split and encode a corpus.

    Raises:
        FileNotFoundError, IsADirectoryError: a file is not there.
        ValueError: a file is not what it should be, or too short to split.

    Example:
        >>> corpus = load_corpus(CorpusConfig(name="embedded"))
        >>> corpus.test is None, corpus.vocab.level
        (True, 'char')
        >>> corpus.vocab.decode(corpus.train[:22])
        'The "assert" statement'
    """
    if config.split == "given":
        train, valid, test, vocab, note = _given(config)
    else:
        ids, vocab, note = _single(config)
        train, valid, test = _split(ids, config)
    if len(vocab) < 2:
        raise ValueError(
            f"The corpus has one distinct {config.level}, {vocab.symbols[0]!r}: a "
            "language model needs two. Give another text, min_count or max_vocab."
        )
    train = train[: max(int(len(train) * config.limit_train), 2)]
    limit = f"train limited to {config.limit_train:.3g}" * (config.limit_train < 1)
    return Corpus(config.name, train, valid, test, vocab, _notes([note, limit]))


def _given(
    config: CorpusConfig,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Vocab, str]:
    """Read a data set that comes in three files."""
    texts, note = _given_texts(config.name)
    if config.level == "char":
        texts = {part: _stripped(text) for part, text in texts.items()}
    vocab = _vocab(list(texts.values()), config)
    train, valid, test = (vocab.encode(texts[p]) for p in ("train", "valid", "test"))
    return train, valid, test, vocab, note


def _given_texts(name: str) -> tuple[dict[str, str], str]:
    """Return the text of each part, and what to say about them."""
    if name == "captions":
        return caption_texts(), ""
    found = locate(dataset(name), data_directory(os.environ), cache_directory())
    texts = {part: read_text(path) for part, (_, path) in found.items()}
    return texts, _notes(file.note for file, _ in found.values())


def _single(config: CorpusConfig) -> tuple[np.ndarray, Vocab, str]:
    """Read a corpus that is one text; return all its ids."""
    if config.memory_map:
        assert config.path is not None  # memory_map goes with name="text"
        file = _mapped(config, config.path)
        return file.tokens, file.vocab, ""
    text, note = _text(config)
    vocab = _vocab([text], config)
    return vocab.encode(text), vocab, note


def _mapped(config: CorpusConfig, path: str) -> TokenFile:
    """Map the token file of a text, or one that is given as it is."""
    if not is_token_file(checked_path(path)):
        limits = {"max_size": config.max_vocab, "min_count": config.min_count}
        return open_token_file(path, cache_directory(), config.level, **limits)
    file = map_token_file(path)
    if file.vocab.level != config.level:
        raise ValueError(
            f"{path} has {file.vocab.level}s as tokens, data.level is "
            f"{config.level}: set data.level={file.vocab.level}."
        )
    return file


def _text(config: CorpusConfig) -> tuple[str, str]:
    """Return the text of a corpus that is one text, and what to say about it."""
    if config.path is not None:
        if is_token_file(checked_path(config.path)):
            raise ValueError(
                f"{config.path} is a token file: set data.memory_map=true."
            )
        return read_text(config.path), ""
    if config.function is not None:
        text = texts_of(called(config.function))
        check_varied(set(text), config.function)
        return text, ""
    if config.name == "embedded":
        version = platform.python_version()
        return language_reference(), f"the language reference of Python {version}"
    found = locate(dataset(config.name), data_directory(os.environ), cache_directory())
    file, path = found["text"]
    return read_text(path), file.note


def _vocab(texts: list[str], config: CorpusConfig) -> Vocab:
    """Build the vocabulary of all parts together."""
    return Vocab.from_counts(
        count_symbols(texts, config.level),
        config.level,
        max_size=config.max_vocab,
        min_count=config.min_count,
    )


def _split(
    ids: np.ndarray, config: CorpusConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Split the ids of one text as the config says."""
    if config.split == "tail":
        return tail_split(ids, config.valid_fraction, config.test_fraction)
    return char_rnn_split(
        ids,
        config.valid_fraction,
        config.test_fraction,
        streams=config.streams,
        window=config.window,
    )


def _stripped(text: str) -> str:
    """Drop the blanks around each line, as is usual for PTB in characters."""
    return "\n".join(line.strip(" ") for line in text.split("\n"))


def _notes(notes: Iterable[str]) -> str:
    """Join the notes that say something."""
    return "; ".join(note for note in notes if note)
