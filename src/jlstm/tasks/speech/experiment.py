"""The spoken-word task: recordings, a classifier, its baselines, a report."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jlstm.data.audio import AugmentConfig, LogMelConfig, leave_out
from jlstm.data.batch_config import BatchConfig
from jlstm.tasks.classification.data import Data, Part, Prep
from jlstm.tasks.classification.experiment import ClassifyExperiment
from jlstm.tasks.classification.model import Classifier, ClassifierConfig
from jlstm.tasks.classification.objective import ClassifyTask, Examples
from jlstm.tasks.speech.baselines import score_baselines
from jlstm.tasks.speech.data import DataConfig, load
from jlstm.tasks.speech.new_sound import Heard, read_labelled, read_new
from jlstm.tasks.speech.report import make_report
from jlstm.training.config.class_loss import ClassLossConfig
from jlstm.training.config.run import RunConfig
from jlstm.training.experiment import Finished, Report, Row, Scores
from jlstm.training.overview import Overview


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a run on spoken words.

    Attributes:
        data: which recordings, and how they are split.
        front: how sound becomes features.
        augment: what becomes of training sounds.
        model: hyper-parameters of the model.
        batches: how recordings are put into batches.
        loss: how the classes count in training.
        baselines: fit simpler methods, to compare with.
    """

    task: str = "speech"
    data: DataConfig = DataConfig()
    front: LogMelConfig = LogMelConfig()
    augment: AugmentConfig = AugmentConfig()
    model: ClassifierConfig = ClassifierConfig()
    batches: BatchConfig = BatchConfig()
    loss: ClassLossConfig = ClassLossConfig()
    baselines: bool = True


class SpeechExperiment(ClassifyExperiment):
    """Which word is spoken in a recording: a classification of log-mel frames."""

    Config = Config
    values = "recordings, each a list of samples from -1 to 1"

    def load(self) -> Data:
        """Read the recordings."""
        config = self.config
        return load(config.data, config.front, config.augment)

    def task(self, data: Data, baselines: Scores) -> ClassifyTask:
        """Return what the trainer trains; each epoch leaves out other spans."""
        task, augment = super().task(data, baselines), self.config.augment

        def masked(examples: Examples, rng: np.random.Generator) -> Examples:
            features = leave_out(examples.sequences, augment, rng)
            return examples._replace(sequences=features)

        return replace(task, change=masked) if augment.masks else task

    def baselines(self, data: Data) -> Scores:
        """Return the accuracy of the baselines."""
        return score_baselines(data) if self.config.baselines else {}

    def overview(self, data: Data) -> Overview:
        """Say what the recordings hold, each at one speed alone."""
        speeds, train = self.config.augment.speeds, data.train
        count = len(train.labels) // len(speeds)
        first = count * (speeds.index(1.0) if 1.0 in speeds else 0)
        rows = slice(first, first + count)
        once = Part(train.sequences[rows], train.labels[rows])
        return super().overview(replace(data, parts={**data.parts, "train": once}))

    def report(self, run: Finished[Prep, Part]) -> Report:
        """Say how many answers are right, and show what the network reads."""
        return make_report(self.config, run)

    def read(self, source: Any, prep: Prep, *, labelled: bool) -> Any:
        """Read a recording or a folder of them; to be scored, one for each class."""
        if labelled:
            return read_labelled(source, prep.classes, self.config.front)
        return read_new(source, self.config.front)

    def predict(self, model: Classifier, new: Heard, prep: Prep) -> Iterator[Row]:
        """Yield the most likely word of each recording, and its probability."""
        part = Part(new.features, np.zeros(len(new.features), int))
        rows = super().predict(model, part, prep)
        return ({"file": name} | row for name, row in zip(new.names, rows, strict=True))
