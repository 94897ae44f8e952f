"""New sentences for a trained translator."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from jlstm.data.batch_config import SHORTEST
from jlstm.data.bucket import powers_of_two, rows_for
from jlstm.data.lines import Texts, read_lines_of
from jlstm.data.tokenize import detokenize, tokenize
from jlstm.data.translation import Pairs, TranslationConfig
from jlstm.data.vocab import EOS, Vocab
from jlstm.data.words import Words, decode_words, encode_words
from jlstm.decoding.beam import Search
from jlstm.tasks.translation.data import Prep
from jlstm.tasks.translation.model import Seq2Seq
from jlstm.tasks.translation.translate import Sources, translate


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
        ValueError: a line is empty, a sentence lacks its translation, or the run has
            pieces of words, which are not kept with a model.
    """
    if prep.units != "words":
        raise ValueError(
            f"data.units is {prep.units}: how words are cut into pieces is not kept "
            "with a model, so it reads no new text; train one on words."
        )
    given, wanted = _sides(source) if labelled else (source, None)
    words = _words(given, config)
    lines = ("",) * len(words) if wanted is None else read_lines_of(wanted)[0]
    if len(lines) != len(words):
        raise ValueError(
            f"There are {len(words)} sentences and {len(lines)} translations: give one "
            "for each."
        )
    targets = tuple(tokenize(one, config.target, config.lowercase) for one in lines)
    return Pairs(
        words,
        targets,
        tuple(encode_words(prep.source, one) for one in words),
        tuple(encode_words(prep.target, (*one, EOS)) for one in targets),
        lines,
    )


def translated(
    model: Seq2Seq, vocab: Vocab, given: Sources, search: Search
) -> list[Words]:
    """Return the words of the best translation of each sentence."""
    return [decode_words(vocab, ids) for ids in translate(model, given, search)]


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
    lines, place = read_lines_of(source)
    found = tuple(tokenize(one, config.source, config.lowercase) for one in lines)
    if not all(found):
        raise ValueError(f"{place} {1 + found.index(())} has no word: give a sentence.")
    return found
