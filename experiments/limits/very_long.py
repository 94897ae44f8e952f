"""Loss against the length of the sequences, for one budget of updates.

    python experiments/limits/very_long.py [--quick] [--out FOLDER]

The adding problem: two numbers among T are marked, and their sum is asked for at the
end. Every model has about as many parameters and gets the same updates. What knows
nothing about the numbers has a squared error of 1/6.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import jax

from experiments.limits.rows import Rows, options_of, present
from jlstm.data.synthetic.problem import ProblemConfig, make_problem
from jlstm.models.memory import MemoryConfig
from jlstm.train.config import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.train.loop import Trainer
from jlstm.train.memory import DrawConfig, MemoryTask
from jlstm.train.schema import plain

LENGTHS = (64, 128, 256, 512, 1024)
LABELS = {"x_label": "T (steps)", "y_label": "squared error"}


@dataclass(frozen=True)
class Budget:
    """What every point gets.

    Attributes:
        updates: of Adam, gradients scaled to a norm of at most 1.
        batch_size: sequences in an update.
        seeds: models that are trained side by side; their mean is drawn.
        learning_rate: of Adam.
        longest: what the Transformer is given at most: its attention would take longer
            than all the rest.
    """

    updates: int = 800
    batch_size: int = 32
    seeds: int = 2
    learning_rate: float = 3e-3
    longest: int = 256


QUICK = Budget(updates=5, batch_size=4, seeds=2, longest=64)


def contenders(steps: int) -> dict[str, MemoryConfig]:
    """Return the models that are compared, for sequences of a length."""
    return {
        "tanh RNN": MemoryConfig("rnn", (128,)),
        "LSTM": MemoryConfig("lstm", (64,)),
        "LSTM, chrono": MemoryConfig("lstm", (64,), chrono=steps),
        "minLSTM, two layers": MemoryConfig("minlstm", (72, 72)),
        "Transformer, two layers": MemoryConfig("transformer", (24, 24)),
    }


def train(name: str, steps: int, budget: Budget, folder: Path) -> dict[str, Any]:
    """Train one model at one length; return its error on sequences of its own."""
    if "Transformer" in name and steps > budget.longest:
        return {"error": None, "refused": "too slow"}
    draw = DrawConfig(budget.batch_size, budget.updates, exam_batches=16)
    problem = make_problem(ProblemConfig(steps=steps))
    task = MemoryTask(problem, contenders(steps)[name], draw)
    how = TrainConfig(1, seeds=budget.seeds, test_weights="last")
    rule = OptimizerConfig("adam", budget.learning_rate, clip=1.0)
    result = Trainer(task, how, rule, ScheduleConfig(), folder).fit()
    test = result.test or result.valid
    return {
        "error": test["loss"],
        "errors": test["loss_members"],
        "seconds": round(result.place.seconds, 1),
        "parameters": sum(p.size for p in jax.tree.leaves(result.model))
        // budget.seeds,
    }


def main() -> None:
    """Train what is missing and draw it."""
    quick, out = options_of(__doc__, "very_long")
    budget, lengths = (QUICK, LENGTHS[:2]) if quick else (Budget(), LENGTHS)
    names = list(contenders(LENGTHS[0]))
    rows = Rows(out.with_suffix(".jsonl"), plain(budget))
    for name, steps in rows.missing(
        (name, steps) for steps in lengths for name in names
    ):
        print(f"--- {name}, T = {steps}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            rows.add(name, steps, train(name, int(steps), budget, Path(folder)))
    floor = make_problem(ProblemConfig()).floor
    shown = {"floor": ("no memory", floor), "log_y": True, "note": "refused"}
    present(rows, names, "error", out, **LABELS, **shown)


if __name__ == "__main__":
    main()
