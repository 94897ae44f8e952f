"""The language-model task: a corpus, a model, its n-gram baselines, samples and a report."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from experiments.config import RunConfig
from jlstm.baselines import kneser_ney_bigram_nll, unigram_nll, witten_bell_nll
from jlstm.data import Corpus, CorpusConfig, load_corpus
from jlstm.models.language import LanguageConfig
from jlstm.train.language import LanguageTask, StreamConfig
from jlstm.train.loop import Result, Trainer
from jlstm.train.run import environment, write_json


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a language-model run.

    Attributes:
        data: which text, in which symbols, split how.
        model: hyper-parameters of the model.
        stream: how the text is cut for training and evaluation.
        baselines: count n-grams to compare with; it needs the text in memory.
    """

    data: CorpusConfig = CorpusConfig()
    model: LanguageConfig = LanguageConfig()
    stream: StreamConfig = StreamConfig()
    baselines: bool = True


@dataclass(frozen=True, eq=False)
class Job:
    """A run that was checked and can start."""

    config: Config
    corpus: Corpus

    def run(self, folder: Path) -> dict[str, Any]:
        config = self.config
        scores = count_ngrams(self.corpus) if config.baselines else {}
        valid = {name: parts["valid"] for name, parts in scores.items()}
        task = LanguageTask(self.corpus, config.model, config.stream, valid)
        parts = (task, config.train, config.optimizer, config.schedule, folder)
        result = Trainer(*parts).fit()
        summary = summarize(result, task) | {"baselines": scores}
        write_json(folder / "result.json", summary | {"environment": environment()})
        print(summary)
        return summary


def prepare(config: Config) -> Job:
    """Read the corpus and check that it fills the streams."""
    corpus = load_corpus(config.data)
    return Job(config, corpus)


def count_ngrams(corpus: Corpus) -> dict[str, dict[str, float]]:
    """Return the nats a token of n-gram models, by model and held-out part."""
    size = len(corpus.vocab)
    models: dict[str, Callable[[Any, Any], float]] = {
        "unigram": lambda train, test: unigram_nll(train, test, size)
    }
    if corpus.vocab.level == "word":
        models["KN bigram"] = lambda a, b: kneser_ney_bigram_nll(a, b, size)
    else:
        for order in (2, 3, 4, 5):
            models[f"order-{order} n-gram"] = lambda a, b, order=order: witten_bell_nll(
                a, b, order, size
            )
    parts = {"valid": corpus.valid, "test": corpus.test}
    return {
        name: {p: nll(corpus.train, ids) for p, ids in parts.items() if ids is not None}
        for name, nll in models.items()
    }


def summarize(result: Result, task: LanguageTask) -> dict[str, Any]:
    """Return the numbers of a finished run."""
    batches = task.batches(1)
    tokens = sum(task.count(batch) for batch in batches) * (result.place.epoch - 1)
    return {
        "valid": result.valid,
        "test": result.test,
        "best_epoch": result.place.best_epoch,
        "epochs": result.place.epoch - 1,
        "steps": result.place.step,
        "tokens": tokens,
        "seconds": round(result.place.seconds, 1),
        "tokens_per_second": round(tokens / result.place.seconds),
        "parameters": sum(p.size for p in jax.tree.leaves(result.model)),
        "corpus": {"note": task.corpus.note, "vocabulary": len(task.corpus.vocab)},
    }
