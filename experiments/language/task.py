"""The language-model task: a corpus, a model, its baselines, samples and a report."""

import dataclasses
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments import present
from experiments.config import RunConfig
from experiments.language.ngrams import Scores, count_ngrams
from experiments.language.report import show
from experiments.language.show import Sample, SampleConfig, draw_samples
from jlstm.data import Corpus, CorpusConfig, TokenStream, load_corpus
from jlstm.models.language import LanguageConfig
from jlstm.train.language import LanguageTask, StreamConfig
from jlstm.train.loop import Result
from jlstm.train.program import take


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a language-model run.

    Attributes:
        data: which text, in which symbols, split how.
        model: hyper-parameters of the model.
        stream: how the text is cut for training and evaluation.
        sample: what to let the trained model write.
        baselines: count n-grams to compare with, in memory.
    """

    data: CorpusConfig = CorpusConfig()
    model: LanguageConfig = LanguageConfig()
    stream: StreamConfig = StreamConfig()
    sample: SampleConfig = SampleConfig()
    baselines: bool = True

    def __post_init__(self) -> None:
        if self.baselines and self.data.memory_map:
            raise ValueError(
                "baselines is true and data.memory_map too: n-grams are counted in "
                "memory, so set baselines=false."
            )


@dataclass(frozen=True, eq=False)
class Job:
    """A run that was checked and can start; see ``experiments/tasks.py``.

    Attributes:
        config: what to run, with an absolute path to the user's text.
        corpus: the text.
    """

    config: Config
    corpus: Corpus

    def identity(self) -> dict[str, Any]:
        """Return what must not change between the start of a run and its resumption."""
        parts = (self.corpus.train, self.corpus.valid, self.corpus.test)
        sizes = [0 if part is None else len(part) for part in parts]
        sums = [0 if part is None else zlib.crc32(part) for part in parts]
        vocabulary = zlib.crc32("".join(self.corpus.vocab.symbols).encode())
        return {"tokens": sizes, "checksums": [*sums, vocabulary]}

    def run(self, folder: Path) -> dict[str, Any]:
        """Train, score, sample and report in ``folder``."""
        config, corpus = self.config, self.corpus
        corpus.vocab.save(folder / "vocab.json")
        scores = count_ngrams(corpus) if config.baselines else {}
        valid = {name: parts["valid"] for name, parts in scores.items()}
        task = LanguageTask(corpus, config.model, config.stream, valid)
        result = present.fit(task, config, folder)
        model = result.model if config.train.seeds == 1 else take(result.model, 0)
        samples = draw_samples(model, corpus, config.sample)
        summary = summarize(config, task, result, scores, samples)
        show(folder, config, model, corpus, summary, samples)
        return summary


def prepare(config: Config) -> Job:
    """Read the corpus and check that it fills the streams and holds the prompt."""
    corpus = load_corpus(config.data)
    check_streams(corpus, config.stream)
    config.sample.prompt_for(corpus)
    if config.data.path is not None:  # so that the run can go on from elsewhere
        path = str(Path(config.data.path).absolute())
        data = dataclasses.replace(config.data, path=path)
        config = dataclasses.replace(config, data=data)
    return Job(config, corpus)


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


def summarize(
    config: Config,
    task: LanguageTask,
    result: Result,
    scores: Scores,
    samples: list[Sample],
) -> dict[str, Any]:
    """Return the numbers of a finished run, for ``result.json``."""
    common = present.summarize(config, result)
    tokens = task.batches(1).num_predictions * common["epochs"]
    return common | {
        "parameters": common["parameters"] // config.train.seeds,
        "baselines": scores,
        "tokens_per_second": round(tokens / result.place.seconds),
        "vocabulary": len(task.corpus.vocab),
        "note": task.corpus.note,
        "samples": [sample._asdict() for sample in samples],
    }
