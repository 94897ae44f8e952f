"""Who solves the adding problem, at which length: a cell a row, T a column.

    python experiments/memory/solved.py [--quick]

Every cell gets the same width, the same updates of the same rule, and the learning rate
that is best for it at the shortest length; all seeds and rates are trained side by side
in one compiled program. Where no seed of a cell solves a length, longer ones are not
tried with it. A finished point is a line in ``solved.jsonl``;
started again, the script trains those that are missing. Table and plot are
written again after each.
"""

import argparse
import dataclasses
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import jax
import numpy as np

from jlstm.analysis.plots import share_grid
from jlstm.data.synthetic.problem import ProblemConfig, make_problem
from jlstm.initializers import Chrono, Identity
from jlstm.tasks.synthetic.model import MemoryConfig
from jlstm.tasks.synthetic.objective import DrawConfig, MemoryTask
from jlstm.tasks.synthetic.seeds import first_solved
from jlstm.training.config.schema import plain
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.log import read_metrics
from jlstm.training.loop import NonFiniteError, Trainer
from jlstm.training.program import Replica
from jlstm.training.report.plots import save
from jlstm.training.report.table import table
from jlstm.training.seeds import of_seeds

HERE = Path(__file__).parent
LENGTHS = (50, 100, 200, 400, 750)
CONTENDERS: dict[str, dict[str, Any]] = {
    "tanh RNN": {"cell": "RNNCell"},
    "IRNN": {
        "cell": "RNNCell",
        "options": {"activation": "relu", "w_hh_init": Identity()},
    },
    "GRU": {"cell": "GRUCell"},
    "LSTM, forget bias 0": {"options": {"forget_bias": 0.0}},
    "LSTM, forget bias 1": {"options": {"forget_bias": 1.0}},
    "LSTM, chrono": {},  # over the length of the sequences
    "sLSTM": {"cell": "SLSTMCell"},
    "minLSTM": {"cell": "MinLSTMCell"},
    "Transformer": {},
}
LONGEST = {"Transformer": 200}
"""Where the square of the length is beyond two cores: 4 s an update at T = 750."""


@dataclasses.dataclass(frozen=True)
class Budget:
    """What every cell gets.

    Attributes:
        hidden_size: units of its one layer.
        updates: of Adam, gradients scaled to a norm of at most 1.
        batch_size: sequences in an update.
        seeds: models of each learning rate.
        rates: learning rates; the best at the shortest length is kept for the others.
        epochs: how often it is looked whether a seed has solved the task.
    """

    hidden_size: int = 64
    updates: int = 1000
    batch_size: int = 32
    seeds: int = 3
    rates: tuple[float, ...] = (1e-3, 3e-3, 1e-2)
    epochs: int = 10


QUICK = Budget(16, updates=100, batch_size=16, seeds=2, rates=(1e-2,), epochs=2)
Row = dict[str, Any]


def train(
    name: str, steps: int, budget: Budget, rates: Sequence[float], folder: Path
) -> Row:
    """Train one cell at one length; return the line of its best learning rate."""
    count = budget.seeds
    members = tuple(Replica(n, rate) for rate in rates for n in range(count))
    trainer = make_trainer(name, steps, budget, members, folder)
    row = {"cell": name, "steps": steps, "budget": plain(budget)}
    try:
        result = trainer.fit()
    except NonFiniteError:  # of all members
        return row | {"learning_rate": rates[0], "solved_after": [None] * count}
    after = first_solved(read_metrics(folder), len(members))
    losses = of_seeds(result.test, "loss")
    runs = [slice(start, start + count) for start in range(0, len(members), count)]
    best = min(runs, key=lambda run: _rank(after[run], losses[run]))
    sizes = sum(parameter.size for parameter in jax.tree.leaves(result.model))
    return row | {
        "learning_rate": members[best.start].learning_rate,
        "solved_after": after[best],
        "losses": [loss if math.isfinite(loss) else None for loss in losses[best]],
        "parameters": sizes // len(members),
        "seconds": round(result.place.seconds, 1),
    }


def make_trainer(
    name: str, steps: int, budget: Budget, members: tuple[Replica, ...], folder: Path
) -> Trainer:
    """Return what trains all members of a point."""
    how = dict(CONTENDERS[name])
    if name == "LSTM, chrono":
        how["options"] = {"forget_bias": Chrono(steps)}
    stack = StackConfig(hidden_sizes=(budget.hidden_size,), **how)
    model = MemoryConfig("transformer" if name == "Transformer" else "recurrent", stack)
    draw = DrawConfig(budget.batch_size, budget.updates // budget.epochs, 16)
    task = MemoryTask(make_problem(ProblemConfig(steps=steps)), model, draw)
    plan = TrainConfig(
        budget.epochs,
        test_weights="last",
        # A mean below this, and no member can be above the goal.
        stop_at=task.problem.goal.value / len(members),
        log_every=draw.updates,
        checkpoint_every=draw.updates,
    )
    rule = OptimizerConfig("adam", clip=1.0)
    return Trainer(task, plan, rule, ScheduleConfig(), folder, members)


def _rank(after: Sequence[int | None], losses: Sequence[float]) -> tuple[int, float]:
    """Return what is lowest for the best run: seeds that failed, then the mean loss."""
    mean = float(np.mean(losses))
    return list(after).count(None), mean if math.isfinite(mean) else math.inf


def read_rows(path: Path, budget: Budget) -> list[Row]:
    """Return the finished points of this budget."""
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [row for row in rows if row["budget"] == plain(budget)]


def missing(rows: list[Row], lengths: tuple[int, ...]) -> Iterator[tuple[str, int]]:
    """Yield the points that are not done, the short sequences first.

    Longer sequences than those that no seed of a cell solved are not tried with it.
    """
    done = {(row["cell"], row["steps"]) for row in rows}
    failed = {row["cell"] for row in rows if not _share(row["solved_after"])}
    names = [name for name in CONTENDERS if name not in failed]
    for steps in lengths:
        for name in names:
            if steps <= LONGEST.get(name, steps) and (name, steps) not in done:
                yield name, steps


def present(rows: list[Row], lengths: tuple[int, ...], out: Path) -> str:
    """Write table and plot of what is done so far; return the table."""
    found = {(row["cell"], row["steps"]): row["solved_after"] for row in rows}
    texts = [[_text(found.get((name, t))) for t in lengths] for name in CONTENDERS]
    shares = [[_share(found.get((name, t))) for t in lengths] for name in CONTENDERS]
    names = list(CONTENDERS)
    text = table(
        ["cell", *(f"T = {t}" for t in lengths)],
        [[name, *line] for name, line in zip(names, texts, strict=True)],
    )
    (out / "solved.md").write_text(text + "\n", encoding="utf-8")
    columns = [str(t) for t in lengths]
    label = "length of the sequences, T"
    save(share_grid(np.array(shares), names, columns, texts, label=label),
         out / "solved")  # fmt: skip
    return text


def _text(after: list[int | None] | None) -> str:
    """Return how many seeds solved it, empty where nothing was run."""
    return "" if after is None else f"{len(after) - after.count(None)}/{len(after)}"


def _share(after: list[int | None] | None) -> float:
    return float("nan") if after is None else 1 - after.count(None) / len(after)


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="try the script out")
    parser.add_argument("--out", type=Path, help="where table and plot go")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    budget, lengths = (QUICK, LENGTHS[:1]) if options.quick else (Budget(), LENGTHS)
    runs = options.runs / ("solved_quick" if options.quick else "solved")
    out = options.out or (runs if options.quick else HERE)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "solved.jsonl"
    rows = read_rows(path, budget)
    while point := next(missing(rows, lengths), None):
        name, steps = point
        print(f"--- {name}, T = {steps}", flush=True)
        folder = runs / f"{name.replace(', ', '-').replace(' ', '-')}-{steps}"
        kept = {row["cell"]: (row["learning_rate"],) for row in rows}
        row = train(name, steps, budget, kept.get(name, budget.rates), folder)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        rows.append(row)
        present(rows, lengths, out)
    print(present(rows, lengths, out))


if __name__ == "__main__":
    main()
