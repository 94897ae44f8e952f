"""Loss against how many characters a model has read before it predicts.

    python experiments/limits/very_long.py [--quick] [--out FOLDER]

Tiny Shakespeare, characters. LSTMs, a linear cell and a Transformer of about as many
parameters get the same updates on windows of the text; a recurrent network carries its
state from one window to the next, and now and then starts afresh. Then each predicts
the same held-out characters after T others, from a zero state: where its curve is flat
it makes nothing of what lies further back. The trained models stay in ``runs/limits``.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from experiments.limits.rows import Rows, options_of, present
from jlstm._internal.types import Carry, Key
from jlstm.data import Corpus, CorpusConfig, Window, load_corpus
from jlstm.nnx.tokens import TokenConfig, TokenModel
from jlstm.nnx.transformer import TransformerConfig
from jlstm.tasks.language.model import LanguageConfig
from jlstm.tasks.language.objective import LanguageTask, StreamConfig
from jlstm.tasks.language.transformer_model import TransformerLanguageConfig
from jlstm.training.config.schema import plain
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.loop import Trainer
from jlstm.training.task import Metrics

LENGTHS = tuple(2**n for n in range(11))
LABELS = {"x_label": "T (characters read before)", "y_label": "nats per character"}
HIGHEST = 2.1  # above it the Transformer, on positions that it never saw


@dataclass(frozen=True)
class Contender:
    """A model and how it is trained.

    Attributes:
        model: its hyper-parameters.
        window: characters in an update; gradients reach no further back.
        rate: learning rate of Adam.
    """

    model: TokenConfig
    window: int
    rate: float


LSTM = LanguageConfig(StackConfig(hidden_sizes=(192,)), embedding_size=64)
CONTENDERS = {
    "LSTM, windows of 16": Contender(LSTM, 16, 5e-3),
    "LSTM, windows of 64": Contender(LSTM, 64, 5e-3),
    "LSTM, windows of 256": Contender(LSTM, 256, 5e-3),
    "minLSTM, windows of 64": Contender(
        LanguageConfig(
            StackConfig("MinLSTMCell", hidden_sizes=(184, 184)),
            embedding_size=184,
            tied=True,
        ),
        64,
        5e-3,
    ),
    "Transformer, windows of 64": Contender(
        TransformerLanguageConfig(TransformerConfig(3, 72, 4)), 64, 3e-3
    ),
}


@dataclass(frozen=True)
class Budget:
    """What every model gets.

    Attributes:
        epochs: passes over the text.
        characters: in an update.
        fresh_every: characters after which a stream starts from zeros, on average.
        places: of the held-out text that are predicted.
        predicted: characters at each of them.
    """

    epochs: int = 3
    characters: int = 4096
    fresh_every: int = 1024
    places: int = 1000
    predicted: int = 16


QUICK = Budget(places=8)


@dataclass(frozen=True, eq=False)
class FreshTask(LanguageTask):
    """Truncated back-propagation in which a stream may begin a window from zeros.

    A model whose state is never reset comes to rely on states that only a long text
    leads to: on windows of 64 it had 1.65 nats in training and 2.72 on another text.

    Attributes:
        chance: of each stream at each window.
    """

    chance: float = 0.0

    def loss(
        self, model: TokenModel, carry: Carry, batch: Window, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return what the language task does, some of the streams starting afresh."""
        draw, rest = jax.random.split(key)
        fresh = jax.random.bernoulli(draw, self.chance, (self.stream.batch_size,))
        carry = jax.tree.map(lambda c: jnp.where(fresh[:, None], 0, c), carry)
        return super().loss(model, carry, batch, rest)


def train(name: str, corpus: Corpus, budget: Budget, folder: Path) -> TokenModel:
    """Train a model, or take the one that lies in its folder."""
    contender = CONTENDERS[name]
    streams = budget.characters // contender.window
    stream = StreamConfig(streams, contender.window, drop_last=True, eval_window=64)
    chance = contender.window / budget.fresh_every
    task = FreshTask(corpus, contender.model, stream, {}, chance=chance)
    rule = OptimizerConfig("adam", contender.rate, clip=1.0)
    schedule = ScheduleConfig("step", hold_epochs=1, factor=0.5)
    how = TrainConfig(budget.epochs, reset_carry="never", test_weights="last")
    return Trainer(task, how, rule, schedule, folder).fit().model


def places_of(size: int, budget: Budget) -> np.ndarray:
    """Return where prediction begins, with the longest history before each."""
    last = size - budget.predicted
    return np.linspace(max(LENGTHS), last, budget.places).astype(np.int64)


def score(model: TokenModel, text: np.ndarray, steps: int, budget: Budget) -> float:
    """Return the mean nats of the predicted characters after ``steps`` others.

    The first of them has exactly so many before it, the last ``predicted - 1`` more.
    """
    places = places_of(len(text), budget)
    offsets = np.arange(-steps, budget.predicted)[:, None]
    block = text[places[None] + offsets].astype(np.int32)
    rows = max(1, 2**15 // (steps + budget.predicted))
    parts = [block[:, start : start + rows] for start in range(0, len(places), rows)]
    total = sum(float(_nats(model, part, budget.predicted)) for part in parts)
    return total / (len(places) * budget.predicted)


@jax.jit(static_argnums=2)
def _nats(model: TokenModel, tokens: jax.Array, predicted: int) -> jax.Array:
    _, features = model.features(tokens[:-1])
    return jnp.sum(model.nll(features[-predicted:], tokens[-predicted:]))


def main() -> None:
    """Train and score what is missing and draw it."""
    quick, out = options_of(__doc__, "very_long")
    budget, lengths = (QUICK, LENGTHS[:2]) if quick else (Budget(), LENGTHS)
    corpus = load_corpus(
        CorpusConfig(name="shakespeare", limit_train=0.01 if quick else 1.0)
    )
    names = list(CONTENDERS)[:2] if quick else list(CONTENDERS)
    rows = Rows(out.with_suffix(".jsonl"), plain(budget) | plain_contenders())
    runs = Path("runs") / ("limits_quick" if quick else "limits")
    for name in names:
        missing = rows.missing((name, steps) for steps in lengths)
        if not missing:
            continue
        print(f"--- {name}", flush=True)
        folder = runs / name.replace(", ", "-").replace(" ", "-")
        model = train(name, corpus, budget, folder)
        size = sum(leaf.size for leaf in jax.tree.leaves(model))
        for _, steps in missing:
            nats = score(model, corpus.valid, int(steps), budget)
            rows.add(name, steps, {"nats": nats, "parameters": size})
        present(rows, names, "nats", out, highest=HIGHEST, **LABELS)
    present(rows, names, "nats", out, highest=HIGHEST, **LABELS)


def plain_contenders() -> dict:
    """Return the contenders as plain data."""
    return {name: plain(contender) for name, contender in CONTENDERS.items()}


if __name__ == "__main__":
    main()
