"""The spoken-word task: recordings, a classifier, its baselines, a report."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.classify.data import Dataset
from experiments.classify.task import Job as ClassifyJob
from experiments.classify.task import first_member, summarize
from experiments.config import RunConfig
from experiments.present import fit
from experiments.speech.baselines import score_baselines
from experiments.speech.data import DataConfig, load
from experiments.speech.report import show
from jlstm.audio import AugmentConfig, LogMelConfig, leave_out
from jlstm.models.classify import ClassifierConfig
from jlstm.train.classify import BatchConfig, ClassifyTask, Examples


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a run on spoken words.

    Attributes:
        data: which recordings, and how they are split.
        front: how sound becomes features.
        augment: what becomes of training sounds.
        model: hyper-parameters of the model.
        batches: how recordings are put into batches.
        baselines: fit what needs no network, to compare with.
    """

    task: str = "speech"
    data: DataConfig = DataConfig()
    front: LogMelConfig = LogMelConfig()
    augment: AugmentConfig = AugmentConfig()
    model: ClassifierConfig = ClassifierConfig()
    batches: BatchConfig = BatchConfig()
    baselines: bool = True


@dataclass(frozen=True, eq=False)
class Job:
    """A run that was checked and can start; see ``experiments/tasks.py``.

    Attributes:
        config: what to run, with an absolute path to the user's recordings.
        data: the recordings.
    """

    config: Config
    data: Dataset

    def identity(self) -> dict[str, Any]:
        """Return what must not change between the start of a run and its resumption."""
        return ClassifyJob(self.config, self.data).identity()

    def run(self, folder: Path) -> dict[str, Any]:
        """Train, score and report in ``folder``."""
        config, data = self.config, self.data
        scores = score_baselines(data) if config.baselines else {}
        task = make_task(config, data)
        result = fit(task, config, folder)
        model = first_member(result.model, config.train.seeds)
        logits = task.logits(model, data.test)
        summary = summarize(config, data, result, scores, logits)
        summary["speaker"] = config.data.speaker
        show(folder, config, config.front, model, data, summary, logits)
        return summary


def prepare(config: Config) -> Job:
    """Read the recordings."""
    data = load(config.data, config.front, config.augment)
    if config.data.path is not None:  # so that the run can go on from elsewhere
        path = str(Path(config.data.path).absolute())
        own = dataclasses.replace(config.data, path=path)
        config = dataclasses.replace(config, data=own)
    return Job(config, data)


def make_task(config: Config, data: Dataset) -> ClassifyTask:
    """Return what the trainer trains."""

    def masked(examples: Examples, rng: np.random.Generator) -> Examples:
        features = leave_out(examples.sequences, config.augment, rng)
        return examples._replace(sequences=features)

    return ClassifyTask(
        config.model,
        len(data.classes),
        data.train,
        data.valid,
        data.test,
        input_size=config.front.num_features,
        cut=config.batches,
        change=masked if config.augment.masks else None,
        seed=config.train.seed,
    )
