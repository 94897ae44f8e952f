"""The translation task: a parallel corpus, a model, BLEU and a report."""

import importlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments import present
from experiments.config import RunConfig
from experiments.translation.baselines import count_ngrams
from experiments.translation.report import Examples, show
from experiments.translation.written import (
    SearchConfig,
    score_all,
    write_all,
    write_lines,
)
from jlstm.data.translation import Translation, TranslationConfig, load_multi30k
from jlstm.models.seq2seq_config import Seq2SeqConfig
from jlstm.train.loop import Result
from jlstm.train.translate import PairBatchConfig, TranslateTask


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a translation run.

    Attributes:
        data: which languages, in which words.
        model: hyper-parameters of the model.
        batches: how sentence pairs are put into batches.
        search: how translations are searched for.
        dictionary: score translation word by word beside the model.
    """

    task: str = "translation"
    data: TranslationConfig = TranslationConfig()
    model: Seq2SeqConfig = Seq2SeqConfig()
    batches: PairBatchConfig = PairBatchConfig()
    search: SearchConfig = SearchConfig()
    dictionary: bool = True


@dataclass(frozen=True, eq=False)
class Job:
    """A run that was checked and can start; see ``experiments/tasks.py``.

    Attributes:
        config: what to run.
        corpus: the sentence pairs.
    """

    config: Config
    corpus: Translation

    def identity(self) -> dict[str, Any]:
        """Return what must not change between the start of a run and its resumption."""
        sums = {
            part: [zlib.crc32(np.concatenate(side)) for side in pairs[2:4]]
            for part, pairs in self.corpus.parts.items()
        }
        vocabs = self.corpus.source_vocab, self.corpus.target_vocab
        words = [zlib.crc32("\n".join(vocab.symbols).encode()) for vocab in vocabs]
        return {"checksums": sums, "vocabularies": words}

    def run(self, folder: Path) -> dict[str, Any]:
        """Train, translate, score and report in ``folder``."""
        config, corpus = self.config, self.corpus
        for side, vocab in (
            ("source", corpus.source_vocab), ("target", corpus.target_vocab)
        ):  # fmt: skip
            vocab.save(folder / f"{side}.json")
        ngrams = count_ngrams(corpus, "val")
        task = TranslateTask(
            corpus, config.model, config.batches, baselines=ngrams,
            seed=config.train.seed,
        )  # fmt: skip
        result = present.fit(task, config, folder)
        written = write_all(result.model, task, config.search, config.dictionary)
        bleu = score_all(corpus, config.data, written)
        summary = summarize(config, task, result, bleu)
        last = config.search.parts[-1]
        write_lines(folder, written)
        examples = Examples(corpus, last, written[last])
        show(folder, config, result.model, summary, examples)
        return summary


def prepare(config: Config) -> Job:
    """Read the corpus, once it is sure that the end can be scored."""
    importlib.import_module("sacrebleu")
    if config.train.seeds > 1:
        raise ValueError(
            f"train.seeds is {config.train.seeds}: translations are those of one "
            "model; run the seeds one by one with train.seed."
        )
    return Job(config, load_multi30k(config.data))


def summarize(
    config: Config, task: TranslateTask, result: Result, bleu: dict[str, Any]
) -> dict[str, Any]:
    """Return the numbers of a finished run, for ``result.json``."""
    common = present.summarize(config, result)
    words = sum(map(len, task.corpus.parts["train"].targets)) * common["epochs"]
    return common | {
        "model": config.model.title,
        "languages": [config.data.source, config.data.target],
        "vocabularies": [len(task.corpus.source_vocab), len(task.corpus.target_vocab)],
        "baselines": task.baselines,
        "bleu": bleu,
        "words_per_second": round(words / result.place.seconds),
    }
