"""New sentences for a trained translator."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from jlstm.data.batch_config import SHORTEST
from jlstm.data.bucket import powers_of_two, rows_for
from jlstm.data.lines import Texts, read_lines_of
from jlstm.data.tokenize import detokenize, tokenize
from jlstm.data.translation import Pairs, TranslationConfig, cut_words, whole_words
from jlstm.data.vocab import EOS
from jlstm.data.words import Words, decode_words, encode_words
from jlstm.decoding.beam import Search
from jlstm.tasks.translation.data import Prep
from jlstm.tasks.translation.model import Seq2Seq
from jlstm.tasks.translation.translate import Sources, translate

PIECE = re.compile(r"\w+@@(?=\s|$)|\u2581\w+")
"""What subword-nmt writes, and SentencePiece."""


def read_pairs(
    source: Texts | tuple[Texts, Texts],
    prep: Prep,
    config: TranslationConfig,
    labelled: bool,
) -> Pairs:
    """Read sentences with the vocabularies of a run.

    Args:
        source: the path of a file with a sentence in each line, or the sentences; with
            translations, a pair of two such.
        prep: of the run.
        config: languages and words.
        labelled: whether there are translations.

    Raises:
        FileNotFoundError: nothing is at the path.
        ImportError: the run cuts words into pieces, and tokenizers is not installed.
        ValueError: a line is empty or cut into pieces of words, a sentence lacks its
            translation, or the run is from before pieces were kept with a model.
    """
    if prep.units != "words" and prep.source_pieces is None:
        raise ValueError(
            f"data.units is {prep.units}, and this run was made before the pieces of "
            "words were kept with a model: run its experiment again."
        )
    given, right = _sides(source) if labelled else (source, None)
    words = _words(given, config)
    lines = ("",) * len(words) if right is None else _lines(right)[0]
    if len(lines) != len(words):
        raise ValueError(
            f"There are {len(words)} sentences and {len(lines)} translations: give one "
            "for each."
        )
    targets = tuple(tokenize(one, config.target, config.lowercase) for one in lines)
    sources = cut_words(words, prep.source_pieces)
    wanted = cut_words(targets, prep.target_pieces)
    return Pairs(
        words,
        targets,
        tuple(encode_words(prep.source, one) for one in sources),
        tuple(encode_words(prep.target, (*one, EOS)) for one in wanted),
        lines,
    )


def translated(
    model: Seq2Seq, prep: Prep, given: Sources, search: Search
) -> list[Words]:
    """Return the words of the best translation of each sentence."""
    found = translate(model, given, search)
    symbols = (decode_words(prep.target, ids) for ids in found)
    return [whole_words(one, prep.target_pieces) for one in symbols]


def in_few_shapes(sentences: Sequence[np.ndarray], most: int) -> Sources:
    """Return sentences in batches whose shapes come again, of ``most`` rows at most."""
    lengths = powers_of_two(max(map(len, sentences)), SHORTEST)
    return Sources(sentences, rows_for(len(sentences), most), lengths)


def rows(
    pairs: Pairs, written: list[Words], config: TranslationConfig
) -> Iterator[dict[str, Any]]:
    """Yield each sentence with its translation as running text."""
    for source, words in zip(pairs.source_words, written, strict=True):
        text = detokenize(words, config.target)
        yield {"source": " ".join(source), "translation": text}


def _sides(source: Any) -> tuple[Texts, Texts]:
    if isinstance(source, tuple) and len(source) == 2:
        return source
    raise ValueError(
        f"{source!r} is to be scored: give a pair, the sentences and their "
        "translations, each the path of a file or a list of texts."
    )


def _words(source: Texts, config: TranslationConfig) -> tuple[Words, ...]:
    lines, place = _lines(source)
    found = tuple(tokenize(one, config.source, config.lowercase) for one in lines)
    if not all(found):
        raise ValueError(f"{place} {1 + found.index(())} has no word: give a sentence.")
    return found


def _lines(source: Texts) -> tuple[tuple[str, ...], str]:
    """Return running text; pieces of another tool would be read as words."""
    lines, place = read_lines_of(source)
    for number, line in enumerate(lines, 1):
        piece = PIECE.search(line)
        if piece:
            raise ValueError(
                f"{place} {number} has {piece[0].strip()!r}, a piece of a word: join "
                "them to running text (`sed 's/@@ //g'` for subword-nmt); a run cuts "
                "words by itself."
            )
    return lines, place
