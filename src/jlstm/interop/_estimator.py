"""What the estimators of scikit-learn's kind share: a model, and how it is trained."""

import numbers
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Int, Shaped

from jlstm._internal.extras import brought_by
from jlstm._internal.options import Positive, Size
from jlstm._internal.options.rules import Rule, rule_of
from jlstm.cell import Cell
from jlstm.cells import LSTMCell
from jlstm.interop._sequences import SHORTEST, Padded, Scale, pad, read_sequences
from jlstm.layers import Recurrent, Stack
from jlstm.losses import token_nll
from jlstm.masking import last_output
from jlstm.nnx.dense import Dense
from jlstm.nnx.rnn import RNN

with brought_by("train"):
    from sklearn.base import BaseEstimator
    from sklearn.utils.validation import (
        check_is_fitted,
        check_random_state,
        column_or_1d,
    )

Loss = Literal["classes", "numbers"]
Hints = Mapping[str, Any]
HINTS: Hints = {
    "hidden_sizes": tuple[Size, ...], "epochs": Size, "batch_size": Size,
    "learning_rate": Positive,
}  # fmt: skip
ROWS = 64
"""Sequences that are read together: always as many, so that each has the same answer
whatever is next to it."""
UPDATE = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam())


class Reader(nnx.Module):
    """Layers over a sequence, and an affine map of their last output."""

    def __init__(self, layers: Stack, sizes: tuple[int, int], rngs: nnx.Rngs) -> None:
        self.rnn = RNN(layers, sizes[0], rngs=rngs, time_major=True)
        self.out = Dense(self.rnn.output_size, sizes[1], rngs=rngs)

    def __call__(
        self, xs: Float[Array, "t b x"], lengths: Int[Array, " b"]
    ) -> Float[Array, "b k"]:
        """Return what is read of each sequence."""
        _, ys = self.rnn(xs, lengths=lengths)
        return self.out(last_output(ys, lengths))


class Estimator(BaseEstimator):
    """What classifiers and regressors share."""

    loss_: Loss

    def __init__(
        self,
        cell: type[Cell] = LSTMCell,
        hidden_sizes: tuple[int, ...] = (32,),
        epochs: int = 60,
        batch_size: int = 16,
        learning_rate: float = 0.01,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.cell = cell
        self.hidden_sizes = hidden_sizes
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def _learn(
        self,
        sequences: list[np.ndarray],
        targets: Shaped[np.ndarray, "n ..."],
        outputs: int,
    ) -> None:
        """Train a new model on sequences and their targets."""
        given = checked_options(self, HINTS)
        self.scale_ = Scale.of(np.concatenate(sequences))
        rng = np.random.default_rng(_seed(self.random_state))
        layers = Stack(tuple(Recurrent(self.cell(n)) for n in given["hidden_sizes"]))
        sizes = sequences[0].shape[1], outputs
        model = Reader(layers, sizes, nnx.Rngs(int(rng.integers(2**31))))
        state, rate = UPDATE.init(model), jnp.float32(given["learning_rate"])
        for _ in range(given["epochs"]):
            for rows in _batches(len(sequences), given["batch_size"], rng):
                batch = self._padded([sequences[row] for row in rows])
                asked = batch, targets[rows], rate
                model, state, loss = _update(model, state, *asked, kind=self.loss_)
        if not np.isfinite(loss):
            raise ValueError(
                f"The loss became {float(loss)}: scale the targets, or lower "
                f"learning_rate, which is {self.learning_rate}."
            )
        self.model_ = model

    def _outputs(self, X: Any) -> Float[np.ndarray, "n k"]:
        """Return what the model reads of each sequence."""
        check_is_fitted(self, "model_")
        sequences = read_sequences(self, X, reset=False)
        found = []
        for start in range(0, len(sequences), ROWS):
            own = sequences[start : start + ROWS]
            filled = own + [own[0]] * (ROWS - len(own))
            answers = np.asarray(_read(self.model_, self._padded(filled)))
            found.append(answers[: len(own)])
        return np.concatenate(found)

    def _padded(self, sequences: Sequence[np.ndarray]) -> Padded:
        scaled = [(one - self.scale_.mean) / self.scale_.std for one in sequences]
        return pad(scaled, max(SHORTEST, _power(max(map(len, scaled)))))


def checked_options(estimator: Any, hints: Hints) -> dict[str, Any]:
    """Return the options of an estimator, or say what is wrong with one of them."""
    name = type(estimator).__name__
    if not callable(estimator.cell):
        raise TypeError(
            f"{name}: cell is {estimator.cell!r}; give a class, such as jlstm.LSTMCell."
        )
    return {
        key: _rule(hint).take(getattr(estimator, key), f"{name}: {key}")
        for key, hint in hints.items()
    }


def checked_targets(
    estimator: Any, X: Any, y: Any, *, numeric: bool = False
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the sequences, and the targets, one for each.

    Raises:
        ValueError: there are not as many, or they cannot be learned from.
    """
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None."
        )
    sequences = read_sequences(estimator, X, reset=True)
    y = np.asarray(y)
    several = numeric and y.ndim == 2 and y.shape[1] > 1
    y = y if several else column_or_1d(y, warn=True)
    y = y.astype(np.float64) if numeric else y
    if len(y) != len(sequences):
        raise ValueError(
            f"There are {len(sequences)} sequences and {len(y)} targets: "
            "give one for each."
        )
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError("Input y contains NaN or infinity: fill or drop it.")
    kinds = {_kind(one) for one in y} if y.dtype.kind == "O" else set()
    if len(kinds) > 1:
        raise ValueError(
            f"y has values of several types, {', '.join(sorted(kinds))}: give texts "
            "alone or numbers alone, and drop what has none."
        )
    return sequences, y


def _kind(value: Any) -> str:
    for name, kind in (("text", str), ("number", numbers.Real)):
        if isinstance(value, kind) and value == value:  # NaN is none
            return name
    return "nothing" if value is None or value != value else type(value).__name__


def _rule(hint: Any) -> Rule:
    found = rule_of(hint)
    assert found is not None
    return found


def _batches(
    count: int, size: int, rng: np.random.Generator
) -> Iterator[Int[np.ndarray, " b"]]:
    """Yield the rows of each batch of a pass, all of the same number of rows."""
    size = min(size, count)
    rows = rng.permutation(count)
    whole = np.concatenate([rows, rows[: -count % size]])
    yield from whole.reshape(-1, size)


def _seed(state: Any) -> int:
    return int(check_random_state(state).randint(2**31 - 1))


def _power(number: int) -> int:
    return 1 << max(0, number - 1).bit_length()


@jax.jit
def _read(model: Reader, batch: Padded) -> Float[Array, "b k"]:
    return model(jnp.asarray(batch.xs), jnp.asarray(batch.lengths))


def _loss(model: Reader, batch: Padded, targets: Array, kind: Loss) -> Float[Array, ""]:
    found = model(jnp.asarray(batch.xs), jnp.asarray(batch.lengths))
    if kind == "classes":
        return jnp.mean(token_nll(found, targets))
    return jnp.mean(jnp.square(found - targets))


@partial(jax.jit, static_argnames="kind")
def _update(
    model: Reader, state: Any, batch: Padded, targets: Array, rate: Array, kind: Loss
) -> tuple[Reader, Any, Float[Array, ""]]:
    loss, grads = jax.value_and_grad(_loss)(model, batch, targets, kind)
    steps, state = UPDATE.update(grads, state)
    model = jax.tree.map(lambda weight, step: weight - rate * step, model, steps)
    return model, state, loss
