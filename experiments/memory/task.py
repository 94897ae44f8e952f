"""The memory task: a generated problem, several seeds at once, and who solved it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments import present
from experiments.config import RunConfig
from experiments.memory.report import show
from experiments.memory.seeds import first_solved
from jlstm.data.synthetic.problem import Problem, ProblemConfig, make_problem
from jlstm.models.memory import MemoryConfig
from jlstm.train.log import read_metrics
from jlstm.train.loop import Result
from jlstm.train.memory import DrawConfig, MemoryTask
from jlstm.train.program import take


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


@dataclass(frozen=True, eq=False)
class Job:
    """A run that was checked and can start; see ``experiments/tasks.py``.

    Attributes:
        config: what to run.
        problem: what is to be learned.
    """

    config: Config
    problem: Problem

    def identity(self) -> dict[str, Any]:
        """Return what must not change: nothing is read, all is made from the seed."""
        return {"problem": self.problem.title}

    def run(self, folder: Path) -> dict[str, Any]:
        """Train, score and report in ``folder``."""
        config = self.config
        task = MemoryTask(self.problem, config.model, config.draw)
        result = present.fit(task, config, folder)
        summary = summarize(config, self.problem, result, folder)
        model = result.model if config.train.seeds == 1 else take(result.model, 0)
        show(folder, config, model, self.problem, summary)
        return summary


def prepare(config: Config) -> Job:
    """Check the sizes of the problem."""
    try:
        return Job(config, make_problem(config.data))
    except ValueError as error:
        raise ValueError(f"data: {error}") from None


def summarize(
    config: Config, problem: Problem, result: Result, folder: Path
) -> dict[str, Any]:
    """Return the numbers of a finished run, for ``result.json``."""
    common = present.summarize(config, result)
    size, seeds = config.draw.batch_size, config.train.seeds
    sequences = common["steps"] * size
    first = first_solved(read_metrics(folder), seeds)
    return common | {
        "parameters": common["parameters"] // seeds,
        "problem": problem.title,
        "model": config.model.title,
        "seeds": seeds,
        "baselines": {"no memory": problem.floor},
        "goal": problem.goal._asdict(),
        "solved_after": [None if n is None else n * size for n in first],
        "sequences": sequences,
        "sequences_per_second": round(sequences * seeds / result.place.seconds),
    }
