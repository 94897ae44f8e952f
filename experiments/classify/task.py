"""The classification task: labelled sequences, a network, its baselines, a report."""

import dataclasses
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments import present
from experiments.classify.baselines import Scores, score_baselines
from experiments.classify.data import DataConfig, Dataset
from experiments.classify.load import load
from experiments.classify.report import show
from experiments.config import RunConfig
from jlstm.data.words import UNK
from jlstm.models.classify import Classifier, ClassifierConfig
from jlstm.options import Count
from jlstm.train.classify import BatchConfig, ClassifyTask, Examples, confusion
from jlstm.train.loop import Result
from jlstm.train.program import take


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a classification run.

    Attributes:
        data: which labelled sequences, and how they are cut.
        model: hyper-parameters of the model.
        batches: how examples are put into batches.
        baselines: fit naive Bayes, or softmax regression, to compare with.
        examples: texts of the report that show which words moved the decision.
    """

    task: str = "classify"
    data: DataConfig = DataConfig()
    model: ClassifierConfig = ClassifierConfig()
    batches: BatchConfig = BatchConfig()
    baselines: bool = True
    examples: Count = 8


@dataclass(frozen=True, eq=False)
class Job:
    """A run that was checked and can start; see ``experiments/tasks.py``.

    Attributes:
        config: what to run, with an absolute path to the user's text.
        data: the labelled sequences.
    """

    config: Config
    data: Dataset

    def identity(self) -> dict[str, Any]:
        """Return what must not change between the start of a run and its resumption."""
        data = self.data
        parts = {"train": data.train, "valid": data.valid, "test": data.test}
        return {name: _identity(part) for name, part in parts.items()}

    def run(self, folder: Path) -> dict[str, Any]:
        """Train, score and report in ``folder``."""
        config, data = self.config, self.data
        if data.vocab is not None:
            data.vocab.save(folder / "vocab.json")
        scores = score_baselines(config.data, data) if config.baselines else {}
        task = make_task(config, data)
        result = present.fit(task, config, folder)
        model = first_member(result.model, config.train.seeds)
        logits = task.logits(model, data.test)
        summary = summarize(config, data, result, scores, logits)
        show(folder, config, model, data, summary, logits)
        return summary


def prepare(config: Config) -> Job:
    """Read the sequences."""
    data = load(config.data)
    paths = {  # absolute, so that the run can go on from elsewhere
        key: str(Path(path).absolute())
        for key in ("path", "valid_path", "test_path")
        if (path := getattr(config.data, key)) is not None
    }
    own = dataclasses.replace(config.data, **paths)
    return Job(dataclasses.replace(config, data=own), data)


def make_task(config: Config, data: Dataset) -> ClassifyTask:
    """Return what the trainer trains."""
    return ClassifyTask(
        config.model,
        len(data.classes),
        data.train,
        data.valid,
        data.test,
        vocab_size=data.vocab and len(data.vocab),
        input_size=data.input_size,
        unknown=data.vocab and data.vocab.index[UNK],
        cut=config.batches,
        seed=config.train.seed,
    )


def first_member(model: Classifier, seeds: int) -> Classifier:
    """Return the model of the first seed."""
    return model if seeds == 1 else take(model, 0)


def summarize(
    config: Config,
    data: Dataset,
    result: Result,
    scores: Scores,
    logits: np.ndarray,
) -> dict[str, Any]:
    """Return the numbers of a finished run, for ``result.json``.

    Args:
        config: what was run.
        data: the labelled sequences.
        result: of the trainer.
        scores: of the baselines.
        logits: of the test, by the model of the first seed.
    """
    common = present.summarize(config, result)
    counts = confusion(data.test.labels, logits.argmax(axis=1), len(data.classes))
    return common | {
        "parameters": common["parameters"] // config.train.seeds,
        "baselines": scores,
        "examples": {
            "train": len(data.train.labels),
            "valid": len(data.valid.labels),
            "test": len(data.test.labels),
        },
        "classes": data.classes,
        "confusion": counts.tolist(),
        "vocabulary": data.vocab and len(data.vocab),
        "unknown": data.unknown,
    }


def _identity(part: Examples) -> list[int]:
    """Return the number of sequences and of steps, and checksums."""
    steps = sum(map(len, part.sequences))
    sums = [zlib.crc32(np.ascontiguousarray(one)) for one in part.sequences]
    labels = np.asarray(part.labels, np.int64)
    return [len(labels), steps, zlib.crc32(np.array(sums)), zlib.crc32(labels)]
