"""The tagging task: sentences, a network, its baselines, a report."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flax import nnx

from jlstm._internal.options import Count
from jlstm.data import Vocab
from jlstm.data.batch_config import BatchConfig
from jlstm.data.words import UNK
from jlstm.tasks.tagging.baselines import score_baselines
from jlstm.tasks.tagging.data import Data, Prep, Sentences, load, read_new
from jlstm.tasks.tagging.model import Tagger, TaggerConfig
from jlstm.tasks.tagging.objective import TagTask, all_tags
from jlstm.tasks.tagging.overview import make_overview
from jlstm.tasks.tagging.read import DataConfig
from jlstm.tasks.tagging.report import make_report
from jlstm.training.checksum import checksum
from jlstm.training.config.class_loss import ClassLossConfig
from jlstm.training.config.run import RunConfig
from jlstm.training.experiment import Experiment, Finished, Loaded, Report, Row, Scores
from jlstm.training.overview import Overview


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a tagging run.

    Attributes:
        data: which tagged sentences.
        model: hyper-parameters of the model.
        batches: how sentences are put into batches.
        loss: how the tags count in training; of a softmax only.
        examples: tagged sentences in the report.
    """

    task: str = "tagging"
    data: DataConfig = DataConfig()
    model: TaggerConfig = TaggerConfig()
    batches: BatchConfig = BatchConfig()
    loss: ClassLossConfig = ClassLossConfig()
    examples: Count = 12

    def __post_init__(self) -> None:
        if self.model.answer == "crf" and not self.loss.is_plain:
            raise ValueError(
                "loss: class_weights and label_smoothing are of single words, and "
                "model.answer=crf scores a sentence as one: set model.answer=softmax, "
                "or leave them out."
            )


class TagExperiment(Experiment[Config, Prep, Sentences]):
    """A tag for each word of a sentence: parts of speech, chunks, names."""

    Config = Config
    Prep = Prep

    def load(self) -> Data:
        """Read the sentences."""
        return load(self.config.data)

    def make_model(self, prep: Prep, rngs: nnx.Rngs) -> Tagger:
        """Draw a model."""
        unknown = prep.words.index[UNK]
        return Tagger(self.config.model, prep.sizes, unknown=unknown, rngs=rngs)

    def task(self, data: Data, baselines: Scores) -> TagTask:
        """Return what the trainer trains."""
        config, prep = self.config, data.prep
        return TagTask(
            config.model,
            prep.sizes,
            prep.tags.symbols,
            *(part.numbers for part in (data.train, data.valid, data.test)),
            unknown=prep.words.index[UNK],
            cut=config.batches,
            aim=config.loss.of(prep.tags.symbols, all_tags(data.train.numbers)),
            seed=config.train.seed,
        )

    def vocabularies(self, prep: Prep) -> dict[str, Vocab | None]:
        """Return words, letters, tags and marks."""
        return prep._asdict()

    def baselines(self, data: Data) -> Scores:
        """Return the scores of the baselines."""
        return score_baselines(data)

    def identity(self, data: Data) -> dict[str, Any]:
        """Return how many sentences and words a part has, and a checksum."""
        return {name: checksum(part.numbers) for name, part in data.parts.items()}

    def overview(self, data: Data) -> Overview:
        """Say what the data holds."""
        return make_overview(data)

    def report(self, run: Finished[Prep, Sentences]) -> Report:
        """Tag the test, and say which words are tagged wrong."""
        return make_report(self.config, run)

    def read(self, source: str | Path, prep: Prep, *, labelled: bool) -> Sentences:
        """Read a file with tags, or else a sentence in each line."""
        return read_new(source, prep, self.config.data, labelled)

    def predict(self, model: Tagger, new: Sentences, prep: Prep) -> Iterator[Row]:
        """Yield the words and the tags of each sentence."""
        cut = self.config.batches.for_new(len(new.numbers))
        task = replace(self.task(Loaded.of_one(prep, new), {}), cut=cut)
        return _rows(task, model, new)

    def held_out(
        self, task: TagTask, model: Tagger, part: Sentences, prep: Prep
    ) -> Iterator[Row]:
        """Yield the words, the tags and the right tags of each sentence."""
        right = part.words.tagged.tags
        for row, tags in zip(_rows(task, model, part), right, strict=True):
            yield row | {"right": list(tags)}


def _rows(task: TagTask, model: Tagger, new: Sentences) -> Iterator[Row]:
    found = task.names(task.tag(model, new.numbers).tags)
    for words, tags in zip(new.words.tagged.sentences, found, strict=True):
        yield {"words": list(words), "tags": list(tags)}
