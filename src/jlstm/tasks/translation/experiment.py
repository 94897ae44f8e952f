"""The translation task: a parallel corpus, a model, BLEU and a report."""

import importlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from flax import nnx

from jlstm.data import Vocab
from jlstm.data.translation import (
    PARTS,
    Pairs,
    TranslationConfig,
    load_multi30k,
)
from jlstm.data.words import Words
from jlstm.tasks.translation.baselines import count_ngrams
from jlstm.tasks.translation.bleu import score as bleu
from jlstm.tasks.translation.data import Data, Prep, corpus_of, loaded
from jlstm.tasks.translation.model import Seq2Seq
from jlstm.tasks.translation.model_config import Seq2SeqConfig
from jlstm.tasks.translation.new_text import (
    in_few_shapes,
    read_pairs,
    rows,
    translated,
)
from jlstm.tasks.translation.objective import PairBatchConfig, TranslateTask
from jlstm.tasks.translation.report import make_report
from jlstm.tasks.translation.translate import Sources
from jlstm.tasks.translation.written import SearchConfig
from jlstm.training.config.run import RunConfig
from jlstm.training.experiment import Experiment, Finished, Loaded, Report, Row, Scores


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a translation run.

    Attributes:
        data: which languages, in which words.
        model: hyper-parameters of the model.
        batches: how sentence pairs are put into batches.
        search: how translations are searched for.
        dictionary: score translation word by word next to the model.
    """

    task: str = "translation"
    data: TranslationConfig = TranslationConfig()
    model: Seq2SeqConfig = Seq2SeqConfig()
    batches: PairBatchConfig = PairBatchConfig()
    search: SearchConfig = SearchConfig()
    dictionary: bool = True


class TranslateExperiment(Experiment[Config, Prep, Pairs]):
    """Sentences of one language in another."""

    answers_apart = True
    Config = Config
    Prep = Prep
    values = "sentences"

    def load(self) -> Data:
        """Read the corpus, once it is sure that the end can be scored."""
        importlib.import_module("sacrebleu")
        seeds = self.config.train.seeds
        if seeds > 1:
            raise ValueError(
                f"train.seeds is {seeds}: translations are those of one model; run the "
                "seeds one by one with train.seed."
            )
        return loaded(load_multi30k(self.config.data))

    def make_model(self, prep: Prep, rngs: nnx.Rngs) -> Seq2Seq:
        """Draw a model."""
        return Seq2Seq(self.config.model, len(prep.source), len(prep.target), rngs=rngs)

    def task(self, data: Data, baselines: Scores) -> TranslateTask:
        """Return what the trainer trains."""
        config = self.config
        return TranslateTask(
            corpus_of(data), config.model, config.batches, baselines=dict(baselines),
            seed=config.train.seed,
        )  # fmt: skip

    def vocabularies(self, prep: Prep) -> dict[str, Vocab | None]:
        """Return those of both languages."""
        return {"source": prep.source, "target": prep.target}

    def baselines(self, data: Data) -> dict[str, float]:
        """Return the nats per word of what never sees the source, on validation."""
        return count_ngrams(corpus_of(data), "val")

    def identity(self, data: Data) -> dict[str, Any]:
        """Return checksums of the sentences and of the vocabularies."""
        sums = {
            part: [zlib.crc32(np.concatenate(side)) for side in pairs[2:4]]
            for part, pairs in data.parts.items()
        }
        vocabs = data.prep.source, data.prep.target
        words = [zlib.crc32("\n".join(vocab.symbols).encode()) for vocab in vocabs]
        return {"checksums": sums, "vocabularies": words}

    def report(self, run: Finished[Prep, Pairs]) -> Report:
        """Translate parts of the corpus, score them, and show some."""
        return make_report(self.config, run)

    def read(self, source: Any, prep: Prep, *, labelled: bool) -> Pairs:
        """Read a sentence in each line; to be scored, a pair of such files."""
        return read_pairs(source, prep, self.config.data, labelled)

    def predict(self, model: Seq2Seq, new: Pairs, prep: Prep) -> Iterator[Row]:
        """Yield each sentence with its translation, found as ``search`` says."""
        given = in_few_shapes(new.sources, self.config.batches.eval_batch)
        written = self._translated(model, prep, given)
        return rows(new, written, self.config.data)

    def score(self, model: Seq2Seq, new: Pairs, prep: Prep) -> dict[str, float]:
        """Return nats per word and BLEU, found as ``search`` says."""
        task, data = self._task_of(new, prep), self.config.data
        given = Sources(new.sources, task.cut.eval_batch, task.boundaries)
        written = self._translated(model, prep, given)
        sides = new.target_words, new.references
        found = bleu(written, *sides, data.target, data.lowercase)
        scores = {"bleu": found.words, "bleu_detokenized": found.detokenized}
        scores["chrf"] = found.chrf
        return task.evaluate(model, "test") | scores

    def _task_of(self, new: Pairs, prep: Prep) -> TranslateTask:
        """Return a task whose parts are all the same new sentences."""
        return self.task(Loaded(prep, dict.fromkeys(PARTS, new)), {})

    def _translated(self, model: Seq2Seq, prep: Prep, given: Sources) -> list[Words]:
        search = self.config.search
        return translated(model, prep, given, search.search(search.beams))
