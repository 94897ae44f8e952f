"""What a label is, a class or a number, and all that differs between the two."""

import abc
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from jlstm.tasks.classification.baselines import score_baselines
from jlstm.tasks.classification.data import Data, DataConfig, Part, Prep
from jlstm.tasks.classification.objective import ClassifyTask, Examples, LabelledTask
from jlstm.tasks.classification.regression import RegressTask, scaled
from jlstm.tasks.classification.regression_baselines import score_ridge
from jlstm.tasks.classification.regression_report import make_number_report
from jlstm.tasks.classification.report import make_report
from jlstm.tasks.classification.words import shares
from jlstm.training.experiment import Finished, Report, Row, Scores

Logits = Float[np.ndarray, "n k"]


class Answers(abc.ABC):
    """What a model is asked for."""

    @abc.abstractmethod
    def task(self, config: Any, data: Data) -> LabelledTask:
        """Return what the trainer trains."""

    @abc.abstractmethod
    def baselines(self, config: DataConfig, data: Data) -> Scores:
        """Return the scores of the baselines."""

    @abc.abstractmethod
    def report(self, config: Any, run: Finished[Prep, Part]) -> Report:
        """Say how good the answers are."""

    @abc.abstractmethod
    def rows(self, prep: Prep, logits: Logits) -> Iterator[Row]:
        """Yield what outputs of a model say."""

    @abc.abstractmethod
    def right(self, prep: Prep, label: Any) -> str | float:
        """Return the right answer, as ``rows`` would have it."""


class _Classes(Answers):
    def task(self, config: Any, data: Data) -> ClassifyTask:
        classes = data.prep.classes
        aim = config.loss.of(classes, data.train.labels)
        return ClassifyTask(
            config.model, len(classes), **_common(config, data), aim=aim
        )

    def baselines(self, config: DataConfig, data: Data) -> Scores:
        return score_baselines(config, data)

    def report(self, config: Any, run: Finished[Prep, Part]) -> Report:
        return make_report(config, run)

    def rows(self, prep: Prep, logits: Logits) -> Iterator[Row]:
        for own in shares(logits):
            best = int(own.argmax())
            yield {"class": prep.classes[best], "probability": float(own[best])}

    def right(self, prep: Prep, label: Any) -> str:
        return prep.classes[label]


class _Numbers(Answers):
    def task(self, config: Any, data: Data) -> RegressTask:
        if not config.loss.is_plain:
            raise ValueError(
                "loss.class_weights and loss.label_smoothing are of classes, and the "
                "labels are numbers to predict: leave them out."
            )
        target, common = data.prep.target, _common(config, data)
        assert target is not None  # so numbers are predicted
        common |= {name: scaled(common[name], target) for name in data.parts}
        return RegressTask(config.model, 1, **common, target=target)

    def baselines(self, config: DataConfig, data: Data) -> Scores:
        return score_ridge(config, data)

    def report(self, config: Any, run: Finished[Prep, Part]) -> Report:
        return make_number_report(config, run)

    def rows(self, prep: Prep, logits: Logits) -> Iterator[Row]:
        assert prep.target is not None  # so numbers are predicted
        for own in prep.target.unscale(logits.astype(np.float64)):
            yield {"value": float(own[0])}

    def right(self, prep: Prep, label: Any) -> float:
        return float(label)


def answers_of(prep: Prep) -> Answers:
    """Return what the labels of some data are."""
    return _Classes() if prep.target is None else _Numbers()


def _common(config: Any, data: Data) -> dict[str, Any]:
    """Return the arguments that both tasks have."""
    parts: dict[str, Examples] = {n: part.examples for n, part in data.parts.items()}
    made = {"cut": config.batches, "seed": config.train.seed}
    return parts | data.prep.inputs | made
