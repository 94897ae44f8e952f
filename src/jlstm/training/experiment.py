"""The base of all tasks: what a task says of itself, and how a run goes.

A task is one class below :class:`Experiment`. It reads data, makes a model, says what
is trained (a :class:`jlstm.training.task.Task`), scores baselines and describes a
finished run. All else is the same for every task and stands here once: the trainer,
seeds side by side, the common numbers, the files of a run and their order.
"""

import abc
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, NoReturn, TypeVar, final

import jax
from flax import nnx

from jlstm.data import Vocab
from jlstm.training.backtest import Backtest
from jlstm.training.config.run import RunConfig
from jlstm.training.config.schema import plain
from jlstm.training.layout import Layout
from jlstm.training.listeners import openers_of
from jlstm.training.loop import Result, Trainer
from jlstm.training.memory import explained
from jlstm.training.model_folder import FOLDER, begin_model, write_weights
from jlstm.training.overview import Overview
from jlstm.training.program import take
from jlstm.training.report.present import Report, present, write_scores
from jlstm.training.report.running import RunningPage
from jlstm.training.rows import Row as Row
from jlstm.training.rows import write_predictions
from jlstm.training.select import selection
from jlstm.training.starts import effective_config
from jlstm.training.stream import Stream
from jlstm.training.task import DrawsRows, Task, row_axes

C = TypeVar("C", bound=RunConfig)
P = TypeVar("P")
E = TypeVar("E")

Scores = Mapping[str, Any]
"""What baselines reach, by name; mostly a number for each part."""


@dataclass(frozen=True, eq=False)
class Loaded(Generic[P, E]):
    """Data that was read.

    Attributes:
        prep: what a model needs to know of the data, and what outlives the training:
            vocabularies, classes, scales, sizes. A dataclass of plain values and
            arrays; see :mod:`jlstm.training.prep`.
        parts: what there is to learn from and to score, such as "train".
        note: what to say next to a number measured on this data; may be empty.
    """

    prep: P
    parts: Mapping[str, E]
    note: str = ""

    @classmethod
    def of_one(cls, prep: P, part: E) -> "Loaded[P, E]":
        """Return new data that stands for all parts, of which a task can be made."""
        return cls(prep, dict.fromkeys(("train", "valid", "test"), part))

    @property
    def train(self) -> E:
        """What to learn from."""
        return self.parts["train"]

    @property
    def valid(self) -> E:
        """What chooses the best epoch."""
        return self.parts["valid"]

    @property
    def test(self) -> E:
        """What is reported on."""
        return self.parts["test"]


@dataclass(frozen=True, eq=False)
class Finished(Generic[P, E]):
    """A run that was trained and scored, of which a report is made.

    Attributes:
        folder: of the run.
        data: that it was trained on.
        task: that was trained.
        baselines: scores of simpler methods, to compare with.
        result: of the trainer; its model holds all seeds.
        model: that of the first seed.
        summary: the numbers that every task has.
    """

    folder: Path
    data: Loaded[P, E]
    task: Any
    baselines: Scores
    result: Result
    model: Any
    summary: dict[str, Any]


class Experiment(abc.ABC, Generic[C, P, E]):
    """One task and its configuration; ``docs/adding-a-task.md`` builds one.

    Attributes:
        Config: a frozen dataclass that extends ``RunConfig``; its fields become the
            keys of the command line.
        Prep: the class of ``Loaded.prep``.
        answers_apart: whether new data has its answers in a file of their own; such a
            task is scored on a pair.
        values: what ``read`` takes in place of a path, such as "texts"; a row for each,
            or as many for each. Empty where it takes a path only.
        config: what to run.
    """

    answers_apart: ClassVar[bool] = False
    values: ClassVar[str] = ""
    Config: ClassVar[type[RunConfig]]
    Prep: ClassVar[type]

    def __init__(self, config: C, data: Loaded[P, E] | None = None) -> None:
        """Take a configuration; data is read when it is asked for."""
        self.config = config
        self._data = data

    @classmethod
    @final
    def from_config(cls, config: C) -> "Experiment[C, P, E]":
        """Read and check all that a run needs; its paths are absolute from then on.

        Raises:
            ValueError, OSError: something is wrong, in one line for the user.
        """
        openers_of(config.train)
        data = cls(config).load()
        made = cls(with_absolute_paths(config), data)
        task = made.task(data, {})
        selection(config.train, task)
        layout = Layout.of(config.mesh, config.train.seeds)
        if layout.mesh is not None:
            _check_rows(task, layout)
        return made

    @property
    @final
    def data(self) -> Loaded[P, E]:
        """The data, read once."""
        if self._data is None:
            self._data = self.load()
        return self._data

    @abc.abstractmethod
    def load(self) -> Loaded[P, E]:
        """Read the data and check that it fits the configuration; compile nothing.

        Raises:
            ValueError, OSError: it is not there or does not fit, in one line.
        """

    @abc.abstractmethod
    def make_model(self, prep: P, rngs: nnx.Rngs) -> nnx.Module:
        """Draw a model; the data itself is not needed."""

    @abc.abstractmethod
    def task(self, data: Loaded[P, E], baselines: Scores) -> Task:
        """Return what the trainer trains; its model is that of ``make_model``."""

    @abc.abstractmethod
    def identity(self, data: Loaded[P, E]) -> dict[str, Any]:
        """Return what must not change between a start and a resumption: checksums."""

    def vocabularies(self, prep: P) -> Mapping[str, Vocab | None]:
        """Return what is written to ``NAME.json`` before the training, by name."""
        return {}

    def baselines(self, data: Loaded[P, E]) -> Scores:
        """Return the scores of the baselines; they are computed before the training."""
        return {}

    def report(self, run: Finished[P, E]) -> Report:
        """Say what a finished run is worth knowing for; plots are drawn later."""
        return Report()

    def overview(self, data: Loaded[P, E]) -> Overview:
        """Say what data holds, for ``jlstm data check``."""
        return Overview()

    def read(self, source: Any, prep: P, *, labelled: bool) -> E:
        """Read new data as the model reads it.

        Args:
            source: a path.
            prep: of the run that the model comes from.
            labelled: whether the right answers are there too.

        Raises:
            ValueError, OSError: it is not there or does not fit, in one line.
        """
        self._lacks("reads no new data")

    def predict(self, model: Any, new: E, prep: P) -> Iterator[Row]:
        """Yield what a model makes of new data, a row for each example."""
        self._lacks("predicts nothing of new data")

    def stream(self, model: Any, prep: P) -> Stream:
        """Return an input of a model that is read as it comes."""
        self._lacks("reads its input as a whole")

    def held_out(self, task: Any, model: Any, part: E, prep: P) -> Iterator[Row]:
        """Yield what a model makes of a part of the data, with the right answers.

        A finished run has these rows of validation and test in a file.

        Args:
            task: of the run.
            model: that was trained.
            part: of the data.
            prep: of the data.
        """
        yield from ()

    def backtest(self, model: Any, new: E, prep: P, every: int | None) -> Backtest:
        """Forecast known data from every so many steps of it."""
        self._lacks("has no backtest, it forecasts no series")

    def score(self, model: Any, new: E, prep: P) -> dict[str, float]:
        """Return the metrics of a model on new data that has its answers."""
        return self.task(Loaded.of_one(prep, new), {}).evaluate(model, "test")

    @final
    def run(self, folder: Path) -> dict[str, Any]:
        """Train in a folder, or go on there; return what ``result.json`` has."""
        run = self.fit(folder)
        report = self.report(run)
        summary = {**run.summary, **report.numbers}
        for name, write in report.files.items():
            write(folder / name)
        for name in ("valid", "test"):
            if name in run.data.parts:
                part, prep = run.data.parts[name], run.data.prep
                rows = self.held_out(run.task, run.model, part, prep)
                write_predictions(folder, name, rows)
        if report.said:
            print(report.said)
        present(folder, self.config, summary, report)
        return summary

    @final
    def fit(self, folder: Path) -> Finished[P, E]:
        """Train; write the scores as soon as there are any.

        So whatever fails later, of samples, plots or the report, no number is lost.
        """
        data = self.data
        for name, vocab in self.vocabularies(data.prep).items():
            if vocab is not None:
                vocab.save(folder / f"{name}.json")
        config = effective_config(folder) or plain(self.config)
        begin_model(folder / FOLDER, config, data.prep)
        baselines = self.baselines(data)
        task = self.task(data, baselines)
        result = self.train(task, folder)
        seeds = self.config.train.seeds
        model = result.model if seeds == 1 else take(result.model, 0)
        write_weights(folder / FOLDER, model, self.config.train.test_weights)
        summary = self._summary(result)
        write_scores(folder, summary)
        return Finished(folder, data, task, baselines, result, model, summary)

    @final
    def train(self, task: Task, folder: Path) -> Result:
        """Train a task in a folder, or go on there; write no scores."""
        config = self.config
        texts = effective_config(folder) or plain(config)
        page = RunningPage(folder, str(config.name), config.train.epochs, texts)
        how = config.train, config.optimizer, config.schedule
        trainer = Trainer(task, *how, folder, watch=page, mesh=config.mesh)
        with explained(config, trainer.plan):
            return trainer.fit()

    def _summary(self, result: Result) -> dict[str, Any]:
        """Return the numbers that every task has."""
        place, train = result.place, self.config.train
        sizes = sum(leaf.size for leaf in jax.tree.leaves(result.model))
        return {
            "name": self.config.name,
            "valid": result.valid,
            "test": result.test,
            "weights": train.test_weights,
            "best_epoch": place.best_epoch,
            "epochs": place.epoch - 1,
            "steps": place.step,
            "seconds": round(place.seconds, 1),
            "parameters": sizes // train.seeds,
        }

    def _lacks(self, what: str) -> NoReturn:
        raise NotImplementedError(
            f"task={self.config.task} {what}: {type(self).__name__} says nothing of it."
        )


def _check_rows(task: Task, layout: Layout) -> None:
    """Raise ValueError if devices cannot share the rows of a batch evenly."""
    if isinstance(task, DrawsRows):
        layout.check_rows(task.drawn_rows)
    else:
        batch = task.batches(1)[0]
        layout.check(batch, row_axes(task, batch))


def with_absolute_paths(config: C) -> C:
    """Return a configuration that means the same files from any working directory.

    Example:
        >>> with_absolute_paths(RunConfig()) == RunConfig()
        True
    """
    data: Any = getattr(config, "data", None)
    named = {
        each.name: str(Path(value).absolute())
        for each in (dataclasses.fields(data) if data is not None else ())
        if each.name.endswith("path") and (value := getattr(data, each.name))
    }
    if not named:
        return config
    changed: Any = {"data": dataclasses.replace(data, **named)}
    return dataclasses.replace(config, **changed)
