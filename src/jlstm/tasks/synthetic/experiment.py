"""The memory task: a generated problem, several seeds at once, and who solved it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from flax import nnx

from jlstm.data.synthetic.problem import Problem, ProblemConfig, make_problem
from jlstm.tasks.synthetic.held_out import answer_rows
from jlstm.tasks.synthetic.model import MemoryConfig, MemoryModel
from jlstm.tasks.synthetic.objective import PARTS, DrawConfig, MemoryTask
from jlstm.tasks.synthetic.report import make_report
from jlstm.training.config.run import RunConfig
from jlstm.training.experiment import Experiment, Finished, Loaded, Report, Row, Scores


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a run on a generated task.

    Attributes:
        data: which problem, and how long its sequences are.
        model: hyper-parameters of the model.
        draw: how many sequences are made.
    """

    task: str = "memory"
    data: ProblemConfig = ProblemConfig()
    model: MemoryConfig = MemoryConfig()
    draw: DrawConfig = DrawConfig()


@dataclass(frozen=True)
class Prep:
    """What a model knows of its problem.

    Attributes:
        inputs: features of a step, or how many symbols there are.
        outputs: numbers of an answer.
    """

    inputs: int
    outputs: int


class Drawn(NamedTuple):
    """Sequences of a problem, drawn as they are needed.

    Attributes:
        problem: of which they are.
        part: "train", "valid" or "test".
    """

    problem: Problem
    part: str


class MemoryExperiment(Experiment[Config, Prep, Drawn]):
    """A generated problem that asks for memory: all is made, nothing is read."""

    Config = Config
    Prep = Prep

    def load(self) -> Loaded[Prep, Drawn]:
        """Check the sizes of the problem."""
        try:
            made = make_problem(self.config.data)
        except ValueError as error:
            raise ValueError(f"data: {error}") from None
        parts = {name: Drawn(made, name) for name in ("train", *PARTS)}
        return Loaded(Prep(made.inputs, made.outputs), parts)

    def make_model(self, prep: Prep, rngs: nnx.Rngs) -> MemoryModel:
        """Draw a model."""
        return MemoryModel(prep.inputs, prep.outputs, self.config.model, rngs=rngs)

    def task(self, data: Loaded[Prep, Drawn], baselines: Scores) -> MemoryTask:
        """Return what the trainer trains."""
        return MemoryTask(data.train.problem, self.config.model, self.config.draw)

    def baselines(self, data: Loaded[Prep, Drawn]) -> dict[str, float]:
        """Return the loss of what has no memory."""
        return {"no memory": data.train.problem.baseline}

    def identity(self, data: Loaded[Prep, Drawn]) -> dict[str, Any]:
        """Return the name of the problem: all else is made from the seed."""
        return {"problem": data.train.problem.title}

    def held_out(
        self, task: MemoryTask, model: MemoryModel, part: Drawn, prep: Prep
    ) -> Iterator[Row]:
        """Yield what is answered to each sequence, and what is right."""
        return answer_rows(model, task, part.part)

    def report(self, run: Finished[Prep, Drawn]) -> Report:
        """Say which seeds have solved the problem, and when."""
        return make_report(self.config, run)
