"""The language-model task: a corpus, a model, its baselines, samples and a report."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from flax import nnx

from jlstm.data import CorpusConfig, Vocab, load_corpus
from jlstm.data.lines import Texts
from jlstm.nnx.tokens import TokenModel
from jlstm.tasks.language.data import (
    Data,
    Prep,
    check_streams,
    corpus_of,
    described,
    loaded,
)
from jlstm.tasks.language.held_out import token_rows
from jlstm.tasks.language.model import LanguageConfig
from jlstm.tasks.language.new_text import read_prompts, read_tokens
from jlstm.tasks.language.ngrams import count_ngrams
from jlstm.tasks.language.objective import LanguageTask, StreamConfig
from jlstm.tasks.language.overview import make_overview
from jlstm.tasks.language.report import make_report
from jlstm.tasks.language.show import SampleConfig, continued
from jlstm.tasks.language.stream import TextStream
from jlstm.training.checksum import array_checksum
from jlstm.training.config.run import RunConfig
from jlstm.training.experiment import Experiment, Finished, Report, Row, Scores
from jlstm.training.overview import Overview


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


class LanguageExperiment(Experiment[Any, Prep, np.ndarray]):
    """Each symbol of a text from those before it."""

    Config = Config
    Prep = Prep
    values = "texts to continue"

    def load(self) -> Data:
        """Read the text, and check that it fills the streams and holds the prompt."""
        config = self.config
        corpus = load_corpus(config.data)
        source = config.data.path or config.data.function
        if source is not None:
            print(described(corpus, source), flush=True)
        check_streams(corpus, config.stream)
        config.sample.prompt_for(corpus)
        return loaded(corpus)

    def make_model(self, prep: Prep, rngs: nnx.Rngs) -> TokenModel:
        """Draw a model."""
        return self.config.model.make(len(prep.vocab), rngs)

    def task(self, data: Data, baselines: Scores) -> LanguageTask:
        """Return what the trainer trains."""
        config = self.config
        valid = {name: parts["valid"] for name, parts in baselines.items()}
        return LanguageTask(corpus_of(data), config.model, config.stream, valid)

    def vocabularies(self, prep: Prep) -> dict[str, Vocab | None]:
        """Return the symbols."""
        return {"vocab": prep.vocab}

    def baselines(self, data: Data) -> Scores:
        """Return the nats per symbol of n-gram models."""
        return count_ngrams(corpus_of(data)) if self.config.baselines else {}

    def identity(self, data: Data) -> dict[str, Any]:
        """Return how many symbols a part has, and checksums."""
        parts = [data.parts.get(name) for name in ("train", "valid", "test")]
        sizes = [0 if part is None else len(part) for part in parts]
        sums = [0 if part is None else array_checksum(part) for part in parts]
        vocabulary = zlib.crc32("".join(data.prep.vocab.symbols).encode())
        return {"tokens": sizes, "checksums": [*sums, vocabulary]}

    def overview(self, data: Data) -> Overview:
        """Say what the data holds."""
        return make_overview(data)

    def report(self, run: Finished[Prep, np.ndarray]) -> Report:
        """Let the model write, and compare it with n-grams."""
        return make_report(self.config, run)

    def held_out(
        self, task: LanguageTask, model: TokenModel, part: np.ndarray, prep: Prep
    ) -> Iterator[Row]:
        """Yield how likely each token was, and how many were likelier."""
        streams = task.streams("test" if part is task.corpus.test else "valid")
        return token_rows(model, streams, prep.vocab)

    def read(self, source: Texts, prep: Prep, *, labelled: bool) -> Any:
        """Read prompts, one in each line; or, to be scored, a text as a whole."""
        read = read_tokens if labelled else read_prompts
        return read(source, prep.vocab)

    def stream(self, model: TokenModel, prep: Prep) -> TextStream:
        """Return a text that is read as it comes."""
        return TextStream(model, prep.vocab)

    def predict(
        self, model: TokenModel, new: tuple[str, ...], prep: Prep
    ) -> Iterator[Row]:
        """Yield continuations of the prompts, as ``sample`` says."""
        for prompt in new:
            for one in continued(model, prep.vocab, prompt, self.config.sample):
                yield {
                    "prompt": prompt, "temperature": one.temperature, "text": one.text
                }  # fmt: skip
