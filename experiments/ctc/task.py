"""The recognition task: utterances, a network, decoding, a report."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments import present
from experiments.config import RunConfig
from experiments.ctc.data import DataConfig, Dataset, checksum, load
from experiments.ctc.report import show
from jlstm.audio import AugmentConfig, LogMelConfig, leave_out
from jlstm.metrics import align
from jlstm.models.ctc import RecognizerConfig
from jlstm.options import Size
from jlstm.train.classify import BatchConfig
from jlstm.train.ctc import Recognized, RecognizeTask, Utterances
from jlstm.train.loop import Result
from jlstm.train.program import take


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a recognition run.

    Attributes:
        data: which utterances.
        front: how sound becomes features.
        augment: what becomes of training sounds.
        model: hyper-parameters of the model.
        batches: how utterances are put into batches.
        beam: prefixes that the beam search keeps.
    """

    task: str = "ctc"
    data: DataConfig = DataConfig()
    front: LogMelConfig = LogMelConfig()
    augment: AugmentConfig = AugmentConfig()
    model: RecognizerConfig = RecognizerConfig()
    batches: BatchConfig = BatchConfig()
    beam: Size = 16


@dataclass(frozen=True, eq=False)
class Job:
    """A run that was checked and can start; see ``experiments/tasks.py``.

    Attributes:
        config: what to run.
        data: the utterances.
        task: what the trainer trains.
    """

    config: Config
    data: Dataset
    task: RecognizeTask

    def identity(self) -> dict[str, Any]:
        """Return what must not change between the start of a run and its resumption."""
        data = self.data
        parts = {"train": data.train, "valid": data.valid, "test": data.test}
        return {name: checksum(part) for name, part in parts.items()}

    def run(self, folder: Path) -> dict[str, Any]:
        """Train, recognize and report in ``folder``."""
        config, task = self.config, self.task
        result = present.fit(task, config, folder)
        model = result.model if config.train.seeds == 1 else take(result.model, 0)
        heard = task.recognize(model, self.data.test)
        summary = summarize(config, self.data, result, heard)
        show(folder, config, model, self.data, heard, summary)
        return summary


def prepare(config: Config) -> Job:
    """Make the utterances, and check that each is long enough for what is said."""
    data = load(config.data, config.front, config.augment)

    def masked(said: Utterances, rng: np.random.Generator) -> Utterances:
        return said._replace(features=leave_out(said.features, config.augment, rng))

    task = RecognizeTask(
        config.model,
        len(data.symbols),
        data.train,
        data.valid,
        data.test,
        config.batches,
        config.beam,
        masked if config.augment.masks else None,
        config.train.seed,
    )
    return Job(config, data, task)


def summarize(
    config: Config, data: Dataset, result: Result, heard: Recognized
) -> dict[str, Any]:
    """Return the numbers of a finished run, for ``result.json``.

    ``confusion`` is that of the beam search by the model of the first seed; its last
    row counts what was invented, its last column what was missed.
    """
    common = present.summarize(config, result)
    return common | {
        "parameters": common["parameters"] // config.train.seeds,
        "utterances": {
            "train": len(data.train.targets),
            "valid": len(data.valid.targets),
            "test": len(data.test.targets),
        },
        "symbols": data.symbols,
        "confusion": count_pairs(data.test, heard.beam, len(data.symbols)).tolist(),
    }


def count_pairs(said: Utterances, heard: list[list[int]], symbols: int) -> np.ndarray:
    """Count which symbol was taken for which; the last index stands for nothing.

    Example:
        >>> said = Utterances([], [np.array([1, 2])])
        >>> count_pairs(said, [[1]], 2).tolist()
        [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    """
    counts = np.zeros((symbols + 1, symbols + 1), int)
    for target, answer in zip(said.targets, heard, strict=True):
        for pair in align(target.tolist(), answer):
            row, column = (symbols if each is None else each - 1 for each in pair)
            counts[row, column] += 1
    return counts
