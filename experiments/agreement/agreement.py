"""Does the verb agree with a subject far before it? By the length of the clause.

    python experiments/agreement/agreement.py [--quick]

Models of about as many parameters are trained to say the last verb of sentences whose
clause has up to eight nouns (``sentences.py``), and nothing else; they are then asked
for that of sentences with up to sixteen. All seeds and learning rates of a
model are trained side by side as one program, and the rate is kept that agrees best on
sentences as long as those of the training. A finished point is a line in
``agreement.jsonl``; started again, the script trains the models that are missing.
"""

import dataclasses
import sys
from functools import partial
from pathlib import Path
from typing import Any

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float

from experiments.agreement.sentences import VERB, VERBS, WORDS, Sentences, draw
from experiments.limits.rows import Rows, options_of, present
from jlstm.losses import token_nll
from jlstm.tasks.synthetic.model import MemoryConfig, MemoryModel
from jlstm.training.config.stack import StackConfig

HERE = Path(__file__).parent
CONTENDERS = {
    "tanh RNN": MemoryConfig(stack=StackConfig("RNNCell", hidden_sizes=(128,))),
    "tanh RNN, small weights": MemoryConfig(
        stack=StackConfig("RNNCell", hidden_sizes=(128,), init="torch")
    ),
    "GRU": MemoryConfig(stack=StackConfig("GRUCell", hidden_sizes=(68,))),
    "LSTM": MemoryConfig(stack=StackConfig("LSTMCell", hidden_sizes=(57,))),
    "Transformer": MemoryConfig(
        "transformer", StackConfig(hidden_sizes=(28, 28)), num_heads=2
    ),
}


@dataclasses.dataclass(frozen=True)
class Budget:
    """What every model gets.

    Attributes:
        updates: of Adam, gradients scaled to a norm of at most 1.
        batch_size: sentences in an update.
        seeds: models of each learning rate.
        rates: learning rates.
        trained: the most nouns in a clause of the training.
        asked: numbers of nouns that are asked for afterwards.
        sentences: that are asked for each of these.
    """

    updates: int = 2500
    batch_size: int = 32
    seeds: int = 3
    rates: tuple[float, ...] = (3e-3,)
    trained: int = 8
    asked: tuple[int, ...] = (0, 1, 2, 3, 4, 6, 8, 10, 12, 16)
    sentences: int = 300


QUICK = Budget(20, 4, 1, (1e-3,), 1, (0, 1, 2), 10)


def parameters_of(config: MemoryConfig) -> int:
    """Return how many numbers a model has."""
    model = nnx.eval_shape(lambda: _make(jax.random.key(0), config))
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model)))


def train(config: MemoryConfig, budget: Budget) -> tuple[Any, Any]:
    """Train a model of each learning rate and seed; return structure and states.

    The states have two leading axes, of rates and of seeds.
    """
    graph = nnx.graphdef(_make(jax.random.key(0), config))
    one = partial(_train_one, config, budget, graph)
    keys = jax.vmap(jax.random.key)(jnp.arange(budget.seeds))
    many = jax.vmap(jax.vmap(one, (None, 0)), (0, None))
    return graph, jax.jit(many)(jnp.array(budget.rates), keys)


def right(graph: Any, state: Any, made: Sentences) -> Float[Array, " b"]:
    """Return 1 where the verbs of the right number are likelier than the others."""
    logits = nnx.merge(graph, state)(made.words)
    before = jnp.take_along_axis(logits, made.verb[None, :, None] - 1, axis=0)[0]
    chances = jax.nn.softmax(before)[:, VERB : VERB + 2 * len(VERBS)]
    singular, plural = chances[:, ::2].sum(1), chances[:, 1::2].sum(1)
    return ((plural > singular) == (made.plural == 1)).astype(jnp.float32)


def accuracies(graph: Any, states: Any, budget: Budget, *, opposed: bool) -> np.ndarray:
    """Return the share of right verbs, by clause length, rate and seed."""
    longest = max(budget.asked)

    @jax.jit
    def score(nouns: Array) -> Array:
        key = jax.random.fold_in(jax.random.key(2016), nouns)
        count = jnp.full(budget.sentences, nouns)
        made = draw(key, count, longest, opposed=opposed)
        return jax.vmap(jax.vmap(lambda one: right(graph, one, made).mean()))(states)

    return np.stack([score(nouns) for nouns in budget.asked])


def measure(config: MemoryConfig, budget: Budget) -> list[tuple[int, dict]]:
    """Train one kind of model; return what each clause length measured."""
    graph, states = train(config, budget)
    drawn, against = (
        accuracies(graph, states, budget, opposed=opposed) for opposed in (False, True)
    )
    within = [n <= budget.trained for n in budget.asked]
    best = int(drawn[within].mean(axis=(0, 2)).argmax())
    return [
        (
            n,
            {
                "percent": 100 * float(drawn[k, best].mean()),
                "seeds": [100 * float(one) for one in drawn[k, best]],
                "opposed": 100 * float(against[k, best].mean()),
                "learning_rate": budget.rates[best],
                "parameters": parameters_of(config),
            },
        )
        for k, n in enumerate(budget.asked)
    ]


def _make(key: Array, config: MemoryConfig) -> MemoryModel:
    return MemoryModel(len(WORDS), len(WORDS), config, rngs=nnx.Rngs(params=key))


def _train_one(
    config: MemoryConfig, budget: Budget, graph: Any, rate: Array, key: Array
) -> Any:
    start, key = jax.random.split(key)
    state = nnx.state(_make(start, config))
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam())

    def update(carry: tuple, key: Array) -> tuple[tuple, None]:
        state, moments = carry
        slope = jax.grad(partial(_loss, graph, budget))(state, key)
        step, moments = rule.update(slope, moments)
        step = jax.tree.map(lambda s: -rate * s, step)
        return (optax.apply_updates(state, step), moments), None

    keys = jax.random.split(key, budget.updates)
    return jax.lax.scan(update, (state, rule.init(state)), keys)[0][0]


def _loss(graph: Any, budget: Budget, state: Any, key: Array) -> Array:
    """Return the mean nats of the verb, given all before it."""
    number, key = jax.random.split(key)
    nouns = jax.random.randint(number, (budget.batch_size,), 0, budget.trained + 1)
    made = draw(key, nouns, budget.trained)
    nats = token_nll(nnx.merge(graph, state)(made.words[:-1]), made.words[1:])
    return jnp.take_along_axis(nats, made.verb[None] - 1, axis=0).mean()


def main() -> None:
    """Run what is missing."""
    quick, out = options_of(__doc__, "agreement", HERE)
    budget = QUICK if quick else Budget()
    rows = Rows(out.with_suffix(".jsonl"), dataclasses.asdict(budget))
    for name, config in CONTENDERS.items():
        if rows.missing([(name, n) for n in budget.asked]):
            for nouns, measured in measure(config, budget):
                rows.add(name, nouns, measured)
            show(rows, out)
    show(rows, out)


def show(rows: Rows, out: Path) -> None:
    """Write table and plot."""
    present(
        rows, list(CONTENDERS), "percent", out, x_label="nouns in the clause",
        y_label="verbs that agree (%)", baseline=("a guess", 50.0),
    )  # fmt: skip


if __name__ == "__main__":
    main()
