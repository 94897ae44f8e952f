"""Labelled sequences, of classes or of numbers: a network, baselines, a report."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flax import nnx

from jlstm._internal.options import Count
from jlstm.data import Vocab
from jlstm.data.batch_config import BatchConfig
from jlstm.data.lines import Texts
from jlstm.tasks.classification.answers import answers_of
from jlstm.tasks.classification.data import Data, DataConfig, Part, Prep
from jlstm.tasks.classification.load import load
from jlstm.tasks.classification.model import Classifier, ClassifierConfig
from jlstm.tasks.classification.objective import LabelledTask
from jlstm.tasks.classification.overview import make_overview
from jlstm.tasks.classification.own_vectors import read_new as read_sequences
from jlstm.tasks.classification.stored import read_new as read_records
from jlstm.tasks.classification.stored import skipped_of
from jlstm.tasks.classification.texts import read_new
from jlstm.training.checksum import checksum
from jlstm.training.config.class_loss import ClassLossConfig
from jlstm.training.config.run import RunConfig
from jlstm.training.experiment import Experiment, Finished, Loaded, Report, Row, Scores
from jlstm.training.overview import Overview


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a classification run.

    Attributes:
        data: which labelled sequences, and how they are cut.
        model: hyper-parameters of the model.
        batches: how examples are put into batches.
        baselines: fit naive Bayes, softmax or ridge regression, to compare with.
        loss: how classes count in training.
        examples: texts of the report that show which words moved the decision.
    """

    task: str = "classify"
    data: DataConfig = DataConfig()
    model: ClassifierConfig = ClassifierConfig()
    batches: BatchConfig = BatchConfig()
    loss: ClassLossConfig = ClassLossConfig()
    baselines: bool = True
    examples: Count = 8

    def __post_init__(self) -> None:
        if self.baselines and self.data.name == "records":
            raise ValueError(
                "baselines is true and data.name is records: baselines are fitted in "
                "memory, so set baselines=false."
            )


class ClassifyExperiment(Experiment[Any, Prep, Part]):
    """One class, or one number, for each sequence of words or of vectors."""

    Config = Config
    Prep = Prep
    values = "texts"

    def load(self) -> Data:
        """Read the sequences."""
        return load(self.config.data)

    def make_model(self, prep: Prep, rngs: nnx.Rngs) -> Classifier:
        """Draw a model."""
        return Classifier(self.config.model, prep.outputs, **prep.inputs, rngs=rngs)

    def task(self, data: Data, baselines: Scores) -> LabelledTask:
        """Return what the trainer trains."""
        return answers_of(data.prep).task(self.config, data)

    def vocabularies(self, prep: Prep) -> dict[str, Vocab | None]:
        """Return the words."""
        return {"vocab": prep.vocab}

    def baselines(self, data: Data) -> Scores:
        """Return the scores of the baselines."""
        if not self.config.baselines:
            return {}
        return answers_of(data.prep).baselines(self.config.data, data)

    def identity(self, data: Data) -> dict[str, Any]:
        """Return how many sequences and steps a part has, and checksums."""
        return {
            name: [*checksum(part.sequences), zlib.crc32(part.labels.astype(np.int64))]
            for name, part in data.parts.items()
        }

    def overview(self, data: Data) -> Overview:
        """Say what the data holds."""
        return make_overview(data)

    def report(self, run: Finished[Prep, Part]) -> Report:
        """Say how good the answers are, and which words moved them."""
        report = answers_of(run.data.prep).report(self.config, run)
        return replace(report, numbers={**report.numbers, **skipped_of(run.data)})

    def read(self, source: Texts, prep: Prep, *, labelled: bool) -> Part:
        """Read a table of texts and labels, or else a text in each line.

        Of ``sequences`` it is a table, or a folder of tables, as the run has read it.
        """
        if prep.scaler is not None:
            return read_sequences(source, prep, self.config.data, labelled)
        if self.config.data.name == "records":
            return read_records(source, prep, self.config.data)
        if prep.vocab is None:
            return super().read(source, prep, labelled=labelled)
        return read_new(source, prep, self.config.data, labelled)

    def predict(self, model: Classifier, new: Part, prep: Prep) -> Iterator[Row]:
        """Yield the most likely class and its probability, or the number."""
        cut = self.config.batches.for_new(len(new.labels))
        task = replace(self.task(Loaded.of_one(prep, new), {}), cut=cut)
        return self._rows(task, model, new, prep)

    def held_out(
        self, task: LabelledTask, model: Classifier, part: Part, prep: Prep
    ) -> Iterator[Row]:
        """Yield the answer to each sequence, and the right one."""
        rows, answers = self._rows(task, model, part, prep), answers_of(prep)
        for row, label in zip(rows, part.labels, strict=True):
            yield row | {"right": answers.right(prep, label)}

    def _rows(
        self, task: LabelledTask, model: Classifier, new: Part, prep: Prep
    ) -> Iterator[Row]:
        texts = [{"text": " ".join(words)} for words in new.sentences or ()]
        known = texts or [{"id": name} for name in new.names or ()]
        said = answers_of(prep).rows(prep, task.logits(model, new.examples))
        for about, own in zip(known or [{}] * len(new.labels), said, strict=True):
            yield about | own
