"""Who hears what a run logs: boards next to TensorBoard, and a function of yours.

A listener is opened for the folder of a run, once at its start and once at each
resumption, gets every record, and is closed in the end.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from jlstm._internal.extras import brought_by
from jlstm._internal.files import write_atomically
from jlstm._internal.imported import find_function
from jlstm.training.config.train import TrainConfig
from jlstm.training.yaml_file import read_yaml

CONFIG, MLFLOW = "config.yaml", "mlflow.json"
Numbers: TypeAlias = Mapping[str, Any]


@runtime_checkable
class Listener(Protocol):
    """What hears the records of a run."""

    def write(self, kind: str, step: int, numbers: Numbers) -> None:
        """Take a record: what was measured, the updates made, the numbers by name."""

    def close(self) -> None:
        """Hand on what waits."""


Opener: TypeAlias = Callable[[Path, int | None], Listener]
"""From the folder of a run, and the step from which it goes on, to a listener."""


def openers_of(train: TrainConfig) -> tuple[Opener, ...]:
    """Return what opens the listeners that a configuration names.

    Raises:
        ModuleNotFoundError: a package is missing; says how to install it.
        ValueError: the hook cannot be imported, or is no function.
    """
    boards = tuple(BOARDS[name] for name in train.loggers)
    for board in boards:
        board.package()
    return boards if train.hook is None else (*boards, Hook.opener(train.hook))


_HOOK = "one that takes the step and the metrics"


class Hook:
    """A function of one's own, called with the step and the numbers of a record.

    The numbers have ``kind`` too: ``"train"`` or ``"valid"``.
    """

    def __init__(self, function: Callable[[int, dict[str, Any]], Any]) -> None:
        self._function = function

    @classmethod
    def opener(cls, place: str) -> Opener:
        """Import a function by its path and return what opens the hook."""
        function = find_function(place, "train.hook", _HOOK)
        return lambda folder, step: cls(function)

    def write(self, kind: str, step: int, numbers: Numbers) -> None:
        """Call the function."""
        self._function(step, {"kind": kind, **numbers})

    def close(self) -> None:
        """Do nothing."""


class WeightsAndBiases:
    """A run of W&B, which is resumed with that of the folder."""

    def __init__(self, folder: Path, step: int | None) -> None:
        wandb = self.package()
        name = f"{folder.parent.name}-{folder.name}"
        self._run = wandb.init(
            project="jlstm", id=name, name=name, dir=str(folder), resume="allow",
            config=_config(folder), settings=wandb.Settings(console="off"),
        )  # fmt: skip
        self._run.define_metric("*", step_metric="step")

    @staticmethod
    def package() -> Any:
        """Return what it needs."""
        with brought_by("loggers"):
            import wandb
        return wandb

    def write(self, kind: str, step: int, numbers: Numbers) -> None:
        """Log the numbers, by kind and name."""
        self._run.log({"step": step} | dict(_plain(kind, numbers)))

    def close(self) -> None:
        """Have all of it written."""
        self._run.finish()


class MLflow:
    """A run of MLflow, at ``MLFLOW_TRACKING_URI``; the folder keeps its number."""

    def __init__(self, folder: Path, step: int | None) -> None:
        self._client = self.package().MlflowClient()
        known = folder / MLFLOW
        if known.is_file():
            self._run = json.loads(known.read_text("utf-8"))["run"]
            return
        experiment = self._experiment(folder.parent.name or "jlstm")
        made = self._client.create_run(experiment, run_name=folder.name)
        self._run = made.info.run_id
        write_atomically(known, json.dumps({"run": self._run}))
        if (folder / CONFIG).is_file():
            self._client.log_artifact(self._run, str(folder / CONFIG))

    @staticmethod
    def package() -> Any:
        """Return what it needs."""
        with brought_by("loggers"):
            import mlflow
        return mlflow

    def _experiment(self, name: str) -> str:
        known = self._client.get_experiment_by_name(name)
        return known.experiment_id if known else self._client.create_experiment(name)

    def write(self, kind: str, step: int, numbers: Numbers) -> None:
        """Log the numbers, by kind and name."""
        for name, value in _plain(kind, numbers):
            self._client.log_metric(self._run, name, value, step=step)

    def close(self) -> None:
        """Say that the run has ended; one that goes on is the same again."""
        self._client.set_terminated(self._run)


BOARDS: dict[str, Any] = {"wandb": WeightsAndBiases, "mlflow": MLflow}


def _plain(kind: str, numbers: Numbers) -> Iterator[tuple[str, float]]:
    """Yield the numbers that a board can draw."""
    for name, value in numbers.items():
        if isinstance(value, int | float) and math.isfinite(value):
            yield f"{kind}/{name}", value


def _config(folder: Path) -> dict[str, Any]:
    return read_yaml(folder / CONFIG) if (folder / CONFIG).is_file() else {}
