"""Loss on unseen text against the size of the training text.

    python experiments/limits/data_hunger.py [--quick] [--out FOLDER]

Tiny Shakespeare, characters. An LSTM and a Transformer of about as many parameters get
the same updates of the same trainer on the first 1/256, 1/128, … of the training text;
the weights that are best on one half of the held-out tenth are scored on the other. An
n-gram model, of the order that is best on the first half, counts the same text.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from experiments.limits.rows import Rows, options_of, present
from jlstm._internal.types import Carry, Key
from jlstm.data import Corpus, CorpusConfig, TokenStream, Window, load_corpus
from jlstm.nnx.tokens import TokenModel
from jlstm.nnx.transformer import TransformerConfig
from jlstm.tasks.language.model import LanguageConfig, LanguageDropout
from jlstm.tasks.language.objective import LanguageTask, StreamConfig
from jlstm.tasks.language.transformer_model import TransformerLanguageConfig
from jlstm.training.baselines import witten_bell_nll
from jlstm.training.config.schema import plain
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.loop import Trainer
from jlstm.training.task import Metrics

SHARES = tuple(2**-n for n in range(8, -1, -1))
MODELS = {
    "LSTM": LanguageConfig(
        StackConfig(hidden_sizes=(192,)), embedding_size=64,
        dropout=LanguageDropout(input=0.1, output=0.1),
    ),
    "Transformer": TransformerLanguageConfig(
        TransformerConfig(num_layers=3, width=72, num_heads=4, dropout=0.1),
    ),
}  # fmt: skip
RATES = {"LSTM": 5e-3, "Transformer": 3e-3}
NGRAM = "n-gram"
STREAMS, WINDOW, HELD_STREAMS = 32, 64, 100
LABELS = {"x_label": "characters to train on", "y_label": "nats per character"}


@dataclass(frozen=True)
class Budget:
    """What every point gets.

    Attributes:
        rounds: after each of which the weights are looked at on held-out text.
        updates: at most, in all rounds together.
        passes: over the text, at most: of a short one the models soon know every word.
        held_out: characters of each half of the held-out text.
    """

    rounds: int = 12
    updates: int = 1500
    passes: int = 40
    held_out: int = 50_000

    def updates_of(self, characters: int) -> int:
        """Return the updates in a round for a text of some length."""
        passes = self.passes * characters // (STREAMS * WINDOW)
        return max(min(self.updates, passes) // self.rounds, 1)


QUICK = Budget(rounds=2, updates=6, held_out=4000)


class Turn(NamedTuple):
    """A window, and whether a pass over the text begins with it."""

    window: Window
    fresh: bool


@dataclass(frozen=True, eq=False)
class Rounds(Sequence[Turn]):
    """A round of updates: windows of a stream over and over, beginning anywhere."""

    stream: TokenStream
    start: int
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, i: int) -> Turn:  # pyrefly: ignore[bad-override]
        if not 0 <= i < self.size:
            raise IndexError(f"update {i} of {self.size}: count from 0.")
        number = (self.start + i) % len(self.stream)
        return Turn(self.stream[number], number == 0)


@dataclass(frozen=True, eq=False)
class RoundsTask(LanguageTask):
    """A language task whose epochs are rounds, whatever the size of the text."""

    updates: int = 100

    def batches(self, epoch: int) -> Rounds:  # pyrefly: ignore[bad-override]
        """Return the windows of a round; the next one goes on where it ends."""
        return Rounds(self._train, (epoch - 1) * self.updates, self.updates)

    def count(self, batch: Turn) -> int:
        """Return the number of predicted tokens."""
        return batch.window.targets.size

    def loss(
        self, model: TokenModel, carry: Carry, batch: Turn, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return what the language task does; a pass begins with a zero carry.

        Carried from the end of a short text to its beginning, over and over, the state
        would come to say where in the text it is.
        """
        carry = jax.tree.map(lambda c: jnp.where(batch.fresh, 0, c), carry)
        return super().loss(model, carry, batch.window, key)

    def rate_scale(self, batch: Turn) -> float:
        """Return 1: all windows have one length."""
        return 1.0


def cut(corpus: Corpus, share: float, held_out: int) -> Corpus:
    """Return the first part of the training text, and two halves to hold out."""
    train = corpus.train[: round(share * len(corpus.train))]
    halves = corpus.valid[:held_out], corpus.valid[held_out : 2 * held_out]
    return Corpus(corpus.name, train, *halves, corpus.vocab)


def train(name: str, corpus: Corpus, budget: Budget, folder: Path) -> dict[str, Any]:
    """Train one model on a text; return its loss on the second half."""
    stream = StreamConfig(
        STREAMS, WINDOW, drop_last=True, eval_window=WINDOW, valid_batch=HELD_STREAMS,
        test_batch=HELD_STREAMS,
    )  # fmt: skip
    updates = budget.updates_of(len(corpus.train))
    task = RoundsTask(corpus, MODELS[name], stream, {}, updates=updates)
    how = TrainConfig(
        budget.rounds, reset_carry="never", log_every=updates, checkpoint_every=updates
    )
    rule = OptimizerConfig("adamw", RATES[name], weight_decay=0.1, clip=1.0)
    schedule = ScheduleConfig("step", hold_epochs=budget.rounds // 2, factor=0.7)
    result = Trainer(task, how, rule, schedule, folder).fit()
    return {
        "nats": (result.test or result.valid)["loss"],
        "updates": result.place.step,
        "best_round": result.place.best_epoch,
        "seconds": round(result.place.seconds, 1),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(result.model)),
    }


def count(corpus: Corpus) -> dict[str, Any]:
    """Return the loss on the second half of the order that is best on the first."""
    size = len(corpus.vocab)
    losses = {
        n: witten_bell_nll(corpus.train, corpus.valid, n, size) for n in range(1, 7)
    }
    order = min(losses, key=losses.__getitem__)
    assert corpus.test is not None
    return {
        "nats": witten_bell_nll(corpus.train, corpus.test, order, size),
        "order": order,
    }


def main() -> None:
    """Train what is missing and draw it."""
    quick, out = options_of(__doc__, "data_hunger")
    budget, shares = (QUICK, SHARES[4:6]) if quick else (Budget(), SHARES)
    corpus = load_corpus(CorpusConfig(name="shakespeare"))
    names = [*MODELS, NGRAM]
    models = {name: plain(model) for name, model in MODELS.items()}
    rows = Rows(out.with_suffix(".jsonl"), plain(budget) | models | {"rates": RATES})
    sizes = {round(share * len(corpus.train)): share for share in shares}
    for name, size in rows.missing((name, size) for size in sizes for name in names):
        print(f"--- {name}, {size:,} characters", flush=True)
        part = cut(corpus, sizes[int(size)], budget.held_out)
        with tempfile.TemporaryDirectory() as folder:
            trained = name in MODELS
            row = train(name, part, budget, Path(folder)) if trained else count(part)
        rows.add(name, size, row)
    present(rows, names, "nats", out, **LABELS)


if __name__ == "__main__":
    main()
