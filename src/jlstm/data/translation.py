"""Pairs of sentences in two languages: Multi30k, or files with one sentence per line.

Scores of these words are not those of the raw text: say next to a BLEU whether it is of
lower-cased words or of detokenized text, for the two differ by points.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Int32, Integer

from jlstm._internal.options import Options, Size
from jlstm.data.archive import read_lines
from jlstm.data.bpe import Pieces, fit_pieces, join_pieces
from jlstm.data.bucket import BucketedBatches
from jlstm.data.fetch import fetch
from jlstm.data.share import WHOLE, OwnRows, Share
from jlstm.data.tokenize import tokenize
from jlstm.data.vocab import EOS, Vocab
from jlstm.data.words import BOS, PAD, UNK, Words, encode_words, word_vocab

LANGUAGES = ("de", "en", "fr")
Units = Literal["words", "bpe"]
PARTS = ("train", "val", "test_2016_flickr", "test_2017_flickr", "test_2017_mscoco")
Sides = tuple[Sequence[str], Sequence[str]]
"""Sentences, and their translations."""
SPECIALS = (PAD, BOS, EOS, UNK)


@dataclass(frozen=True)
class TranslationConfig(Options):
    """Which languages of Multi30k, in which words.

    Args:
        source: language to translate from: ``"de"``, ``"en"`` or ``"fr"``.
        target: language to translate into.
        lowercase: turn capital letters into small ones.
        min_count: keep words that training has at least so often; of each language.
        max_vocab: keep at most so many symbols of each language.
        limit_train: use only so many of the training pairs, from the first.
        units: what a symbol is: ``"words"``, or ``"bpe"`` for pieces of words, whose
            vocabulary then has no rare words to lose.
        pieces: how many pieces of each language, about.

    Raises:
        ValueError: a field is out of range.

    Example:
        >>> TranslationConfig("de", "de")
        Traceback (most recent call last):
        ValueError: source and target must be two of de, en, fr, got 'de' and 'de'.
    """

    source: str = "de"
    target: str = "en"
    lowercase: bool = True
    min_count: Size = 2
    max_vocab: Size | None = None
    limit_train: Size | None = None
    units: Units = "words"
    pieces: Size = 8000

    def __post_init__(self):
        pair = {self.source, self.target}
        if len(pair) < 2 or not pair <= set(LANGUAGES):
            raise ValueError(
                f"source and target must be two of {', '.join(LANGUAGES)}, got "
                f"{self.source!r} and {self.target!r}."
            )


class Pairs(NamedTuple):
    """Sentence pairs: words, and ids; every target's ids end in ``<eos>``.

    The ids are those of the words, or of their pieces.
    """

    source_words: tuple[Words, ...]
    target_words: tuple[Words, ...]
    sources: tuple[Int32[np.ndarray, " n"], ...]
    targets: tuple[Int32[np.ndarray, " m"], ...]
    references: tuple[str, ...]
    """The targets as they were, before any cutting into words."""


@dataclass(frozen=True, eq=False)
class Translation:
    """The parts of a parallel corpus, and the vocabularies that read them.

    ``units`` tells whether the symbols are words or pieces of them, as of
    :class:`TranslationConfig`; then the two ``pieces`` say how words are cut.
    """

    parts: dict[str, Pairs]
    source_vocab: Vocab
    target_vocab: Vocab
    units: Units = "words"
    source_pieces: Pieces | None = None
    target_pieces: Pieces | None = None


class PairBatch(NamedTuple):
    """Sentence pairs side by side, time first; source and target have one length.

    ``inputs`` are the targets one step later, after ``<bos>``: teacher forcing.
    ``rows`` tells which pair a column is, -1 one that only fills the batch.
    """

    sources: Int32[np.ndarray, "t b"]
    source_lengths: Integer[np.ndarray, " b"]
    inputs: Int32[np.ndarray, "t b"]
    targets: Int32[np.ndarray, "t b"]
    target_lengths: Integer[np.ndarray, " b"]
    rows: Integer[np.ndarray, " b"]

    @property
    def weights(self) -> Bool[np.ndarray, "t b"]:
        """Which targets are to be predicted: all up to ``<eos>``."""
        return np.arange(len(self.targets))[:, None] < self.target_lengths


def load_multi30k(config: TranslationConfig) -> Translation:
    """Fetch, cut and encode Multi30k; the vocabularies are those of training.

    Raises:
        FileNotFoundError, ValueError: as ``jlstm.data.fetch``.
    """
    wanted = [f"{part}.{lang}" for part in PARTS for lang in _languages(config)]
    paths = fetch("multi30k", *wanted)
    lines = {name: read_lines(path) for name, path in paths.items()}
    texts: dict[str, Sides] = {
        part: (lines[f"{part}.{config.source}"], lines[f"{part}.{config.target}"])
        for part in PARTS
    }
    train = texts["train"]
    texts["train"] = train[0][: config.limit_train], train[1][: config.limit_train]
    return encode_pairs(texts, config)


def encode_pairs(texts: Mapping[str, Sides], config: TranslationConfig) -> Translation:
    """Cut and encode the sentences of a parallel corpus.

    Args:
        texts: for each part the source sentences and their translations; the
            vocabularies are built from ``"train"``.
        config: languages and words.

    Raises:
        ValueError: a part has more sentences in one language than in the other.

    Example:
        >>> config = TranslationConfig("de", "en", min_count=1)
        >>> corpus = encode_pairs({"train": (["Ein Hund."], ["A dog."])}, config)
        >>> corpus.parts["train"].targets
        (array([5, 6, 4, 2], dtype=int32),)
    """
    sides = {part: _cut(part, pair, config) for part, pair in texts.items()}
    pieces = _fitted(sides["train"], config)
    symbols = {part: _symbols(own, pieces) for part, own in sides.items()}
    source_vocab, target_vocab = (
        word_vocab(
            symbols["train"][side],
            min_count=config.min_count,
            max_size=config.max_vocab,
            specials=SPECIALS,
        )
        for side in (0, 1)
    )
    parts = {
        part: Pairs(
            *sides[part],
            tuple(encode_words(source_vocab, words) for words in sources),
            tuple(encode_words(target_vocab, (*words, EOS)) for words in targets),
            tuple(texts[part][1]),
        )
        for part, (sources, targets) in symbols.items()
    }
    return Translation(parts, source_vocab, target_vocab, config.units, *pieces)


def cut_words(sentences: tuple[Words, ...], pieces: Pieces | None) -> tuple[Words, ...]:
    """Return the symbols of sentences: their words, or pieces of them."""
    return sentences if pieces is None else pieces.cut(sentences)


def whole_words(symbols: Words, pieces: Pieces | None) -> Words:
    """Return the words that symbols stand for."""
    return symbols if pieces is None else join_pieces(symbols)


@dataclass(frozen=True, eq=False)
class PairBatches(OwnRows):
    """Batches of sentence pairs of like length; each pair is in one of them.

    A pair is as long as the longer of its sides, and both are padded to one boundary:
    a shape for each boundary, not for each two of them.

    Args:
        pairs: the pairs.
        batch_size: columns of every batch.
        boundaries: the lengths to pad to, as in ``BucketedBatches``.
        seed: shuffles, as in ``BucketedBatches``.
        share: of the columns, as in ``BucketedBatches``.
    """

    pairs: Pairs
    batch_size: int
    boundaries: tuple[int, ...]
    seed: int | None = None
    share: Share = WHOLE

    def __len__(self) -> int:
        return len(self._bucketed)

    def __iter__(self) -> Iterator[PairBatch]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, number: int) -> PairBatch:
        both, _, rows = self._bucketed[number]
        sources, targets = np.moveaxis(both, -1, 0)
        source_lengths, target_lengths = (ends[rows] for ends in self._lengths)
        return PairBatch(
            sources, source_lengths, _shifted(targets), targets, target_lengths, rows
        )

    @cached_property
    def _lengths(self) -> tuple[np.ndarray, np.ndarray]:
        """Lengths of sources and targets; row -1, a filler, meets the 0 at the end."""
        sides = self.pairs.sources, self.pairs.targets
        source_lengths, target_lengths = (np.array([*map(len, s), 0]) for s in sides)
        return source_lengths, target_lengths

    @cached_property
    def _bucketed(self) -> BucketedBatches:
        sides = zip(self.pairs.sources, self.pairs.targets, strict=True)
        return BucketedBatches(
            [_beside(*pair) for pair in sides],
            self.batch_size,
            self.boundaries,
            self.seed,
            self.share,
        )


def pair_lengths(pairs: Pairs) -> Integer[np.ndarray, " n"]:
    """Return the length of the longer side of each pair, for ``boundaries_of``."""
    sides = zip(pairs.sources, pairs.targets, strict=True)
    return np.array([max(len(source), len(target)) for source, target in sides])


def _languages(config: TranslationConfig) -> tuple[str, str]:
    return config.source, config.target


def _cut(
    part: str, pair: Sides, config: TranslationConfig
) -> tuple[tuple[Words, ...], tuple[Words, ...]]:
    if len(pair[0]) != len(pair[1]):
        raise ValueError(
            f"{part} has {len(pair[0])} sentences in {config.source} and "
            f"{len(pair[1])} in {config.target}: give one translation a sentence."
        )
    source, target = (
        tuple(tokenize(line, language, config.lowercase) for line in lines)
        for lines, language in zip(pair, _languages(config), strict=True)
    )
    return source, target


def _fitted(
    train: tuple[tuple[Words, ...], tuple[Words, ...]], config: TranslationConfig
) -> tuple[Pieces | None, Pieces | None]:
    """Return how words of each language are cut: None where they are not."""
    if config.units == "words":
        return None, None
    return fit_pieces(train[0], config.pieces), fit_pieces(train[1], config.pieces)


def _symbols(
    sides: tuple[tuple[Words, ...], tuple[Words, ...]],
    pieces: tuple[Pieces | None, Pieces | None],
) -> tuple[tuple[Words, ...], tuple[Words, ...]]:
    return cut_words(sides[0], pieces[0]), cut_words(sides[1], pieces[1])


def _beside(
    source: Int32[np.ndarray, " n"], target: Int32[np.ndarray, " m"]
) -> Int32[np.ndarray, "k 2"]:
    """Put the two sides of a pair side by side, ``<pad>`` after the shorter."""
    both = np.zeros((max(len(source), len(target)), 2), np.int32)
    both[: len(source), 0] = source
    both[: len(target), 1] = target
    return both


def _shifted(targets: Int32[np.ndarray, "t b"]) -> Int32[np.ndarray, "t b"]:
    """Return the targets one step later, after ``<bos>``."""
    first = np.full_like(targets[:1], SPECIALS.index(BOS))
    return np.concatenate([first, targets[:-1]])
