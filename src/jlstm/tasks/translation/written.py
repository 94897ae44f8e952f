"""Translations of whole parts of the corpus: made, scored, and written to files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from jlstm._internal.files import write_atomically
from jlstm._internal.options import NotNegative, Options, Size
from jlstm.data.translation import (
    PARTS,
    Pairs,
    Translation,
    TranslationConfig,
    whole_words,
)
from jlstm.data.words import Words, decode_words
from jlstm.decoding.beam import Search
from jlstm.tasks.translation.baselines import write_by_dictionary
from jlstm.tasks.translation.bleu import score
from jlstm.tasks.translation.model import Seq2Seq
from jlstm.tasks.translation.objective import TranslateTask
from jlstm.tasks.translation.translate import Sources, translate
from jlstm.training.rows import PREDICTIONS, rows_text

Written = dict[str, dict[str, list[Words]]]
"""Translations, by part of the corpus and how they were made."""


@dataclass(frozen=True)
class SearchConfig(Options):
    """How translations are searched for.

    Attributes:
        beams: hypotheses kept a sentence; greedy search is always scored next to it.
        alpha: of the length penalty; see :class:`jlstm.decoding.beam.Search`.
        limit: words of a translation at most.
        parts: parts of the corpus that are translated and scored.
    """

    beams: Size = 5
    alpha: NotNegative = 1.0
    limit: Size = 50
    parts: tuple[str, ...] = ("val", "test_2016_flickr")

    def __post_init__(self) -> None:
        try:
            self.search(self.beams).check()
        except ValueError as error:
            raise ValueError(f"search: {error}") from None
        if not self.parts or not set(self.parts) <= set(PARTS):
            raise ValueError(
                f"search.parts is {list(self.parts)}; choose some of "
                f"{', '.join(PARTS)}."
            )

    def search(self, beams: int) -> Search:
        """Return the search with so many beams."""
        return Search(beams, self.alpha, self.limit)


def write_all(
    model: Seq2Seq, task: TranslateTask, config: SearchConfig, dictionary: bool
) -> Written:
    """Translate the parts, greedily and by beam search."""
    ways = {"greedy": 1, f"beam {config.beams}": config.beams}
    written: Written = {}
    for part in config.parts:
        sentences = task.corpus.parts[part].sources
        given = Sources(sentences, task.cut.eval_batch, task.boundaries)
        symbols = {
            name: [
                decode_words(task.corpus.target_vocab, ids)
                for ids in translate(model, given, config.search(beams))
            ]
            for name, beams in ways.items()
        }
        if dictionary:
            symbols["word by word"] = write_by_dictionary(task.corpus, part)
        written[part] = {
            name: [whole_words(one, task.corpus.target_pieces) for one in every]
            for name, every in symbols.items()
        }
    return written


def score_all(
    corpus: Translation, data: TranslationConfig, written: Written
) -> dict[str, dict[str, Any]]:
    """Return the BLEU of every part, of each way to translate and of the source."""

    def scores(pairs: Pairs, words: list[Words]) -> dict[str, Any]:
        sides = pairs.target_words, pairs.references
        return score(words, *sides, data.target, data.lowercase)._asdict()

    found = {}
    for part, ways in written.items():
        pairs = corpus.parts[part]
        every = ways | {"source copied": list(pairs.source_words)}
        found[part] = {name: scores(pairs, words) for name, words in every.items()}
    return found


def files_of(written: Written) -> dict[str, Callable[[Path], object]]:
    """Return what writes the translations of a part and way to a file, by its name."""
    return {
        f"{part}.{name.replace(' ', '-')}.txt": partial(_write_lines, words=words)
        for part, ways in written.items()
        for name, words in ways.items()
    }


def tables_of(
    corpus: Translation, written: Written
) -> dict[str, Callable[[Path], object]]:
    """Return what writes each part as a table: sources, translations, references."""
    return {
        PREDICTIONS.format(part=part): partial(_write_table, corpus.parts[part], ways)
        for part, ways in written.items()
    }


def _write_table(pairs: Pairs, ways: dict[str, list[Words]], path: Path) -> None:
    columns = {"source": pairs.source_words, **ways, "right": pairs.target_words}
    rows = zip(*columns.values(), strict=True)
    texts = (dict(zip(columns, map(" ".join, row), strict=True)) for row in rows)
    write_atomically(path, rows_text(texts, path.suffix))


def _write_lines(path: Path, words: list[Words]) -> None:
    """Write one sentence per line, for other scorers."""
    path.write_text("".join(" ".join(one) + "\n" for one in words), encoding="utf-8")
