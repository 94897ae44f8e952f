"""What each part of an LSTM is worth: nine variants, each one change, on JSB chorales.

    python experiments/odyssey/odyssey.py [--quick] [--optimizer adam]

All learning rates and seeds of a variant are trained side by side in one compiled
program. A finished variant is a line in ``odyssey.jsonl``; started again, the script
trains those that are missing. Table and plot, which are named after the optimizer,
are written again after each.

Source: K. Greff et al., "LSTM: a search space odyssey", 2017 (arXiv:1503.04069).
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import jax

from experiments.odyssey.outcome import outcome_of, present
from jlstm import OdysseyLSTMCell, Recurrent
from jlstm.data.batch_config import BatchConfig
from jlstm.data.music import load_music
from jlstm.tasks.music.objective import MusicTask
from jlstm.training.config.schema import plain
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.log import read_metrics
from jlstm.training.loop import NonFiniteError, Trainer
from jlstm.training.program import Replica

HERE = Path(__file__).parent
VARIANTS: dict[str, dict[str, Any]] = {
    "vanilla": {},
    "no input gate": {"input_gate": False},
    "no forget gate": {"forget_gate": False},
    "no output gate": {"output_gate": False},
    "no input activation": {"activation": "identity"},
    "no output activation": {"output_activation": "identity"},
    "no peepholes": {"peepholes": False},
    "coupled gates": {"coupled": True},
    "full gate recurrence": {"full_gate_recurrence": True},
}
Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Budget:
    """What every variant gets.

    Attributes:
        hidden_size: units of its one layer.
        epochs: passes over the training pieces.
        batch_size: pieces of an update.
        optimizer: the rule; its learning rate is not used.
        rates: learning rates.
        seeds: models of each learning rate.
        pieces: training pieces, the first ones; ``None`` takes all.
        buckets: lengths that pieces are padded to; each is compiled again.
    """

    hidden_size: int = 100
    epochs: int = 80
    batch_size: int = 16
    optimizer: OptimizerConfig = OptimizerConfig("momentum", clip=None)
    rates: tuple[float, ...] = (3e-2, 1e-1, 3e-1)
    seeds: int = 3
    pieces: int | None = None
    buckets: int = 3

    @property
    def members(self) -> tuple[Replica, ...]:
        """What is trained side by side, a learning rate after the other."""
        seeds = range(self.seeds)
        return tuple(Replica(seed, rate) for rate in self.rates for seed in seeds)


ADAM = Budget(optimizer=OptimizerConfig("adam", clip=1.0), rates=(1e-2, 3e-2))
BUDGETS = {"sgd": Budget(), "adam": ADAM}
QUICK: dict[str, Any] = {
    "hidden_size": 16, "epochs": 2, "seeds": 1, "pieces": 48, "buckets": 1
}  # fmt: skip


def train(name: str, budget: Budget, folder: Path) -> Row:
    """Train the members of one variant; return what became of each."""
    trainer = make_trainer(name, budget, folder)
    members = budget.members
    row = {"variant": name, "budget": plain(budget)}
    try:
        result = trainer.fit()
    except NonFiniteError:  # of all members
        return row | {"members": [], "parameters": None, "seconds": None}
    size = sum(leaf.size for leaf in jax.tree.leaves(result.model)) // len(members)
    return row | {
        "members": outcome_of(read_metrics(folder), members),
        "parameters": size,
        "seconds": round(result.place.seconds, 1),
    }


def make_trainer(name: str, budget: Budget, folder: Path) -> Trainer:
    """Return what trains all members of a variant."""
    pieces = load_music("jsb")
    # As the study has it: no bias that keeps the forget gate open from the start.
    cell = OdysseyLSTMCell(budget.hidden_size, forget_bias=0.0, **VARIANTS[name])
    task = MusicTask(
        Recurrent(cell),
        pieces["train"][: budget.pieces],
        pieces["valid"],
        pieces["test"],
        cut=BatchConfig(budget.batch_size, eval_batch=80, buckets=budget.buckets),
        watch_test=True,
    )
    how = TrainConfig(budget.epochs, test_weights="last", checkpoint_every=10_000)
    return Trainer(
        task, how, budget.optimizer, ScheduleConfig(), folder, budget.members
    )


def read_rows(path: Path, budget: Budget) -> list[Row]:
    """Return the finished variants of this budget."""
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [row for row in rows if row["budget"] == plain(budget)]


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--optimizer", choices=list(BUDGETS), default="sgd")
    parser.add_argument("--quick", action="store_true", help="try the script out")
    parser.add_argument("--out", type=Path, help="where table and plot go")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    budget = BUDGETS[options.optimizer]
    if options.quick:
        budget = dataclasses.replace(budget, **QUICK)
    runs = options.runs / ("odyssey_quick" if options.quick else "odyssey")
    out = options.out or (runs if options.quick else HERE)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "odyssey.jsonl"
    for name in VARIANTS:
        if name in {row["variant"] for row in read_rows(path, budget)}:
            continue
        print(f"--- {name}", flush=True)
        row = train(name, budget, runs / options.optimizer / name.replace(" ", "-"))
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        present(read_rows(path, budget), out / options.optimizer)
    print(present(read_rows(path, budget), out / options.optimizer))


if __name__ == "__main__":
    main()
