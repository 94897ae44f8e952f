"""Which words, or steps, moved the decision of a classifier."""

from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer, Shaped

_STEPS = 16  # lengths are padded to multiples of it: few shapes, few compilations


@runtime_checkable
class SequenceClassifier(Protocol):
    """A pytree, such as an NNX module, that gives sequences a class.

    ``model(xs, lengths)`` are the logits ``b k`` of rows ``t b ...``. They are those of
    ``classify(embed(xs), lengths)``, where ``embed`` makes vectors ``t b x`` of rows.
    """

    def __call__(self, xs: Any, lengths: Any, /) -> Array: ...
    def embed(self, xs: Any, /) -> Array: ...
    def classify(self, vectors: Any, lengths: Any, /) -> Array: ...


def leave_one_out(
    model: SequenceClassifier, xs: Shaped[np.ndarray, "t ..."], label: int
) -> Float[np.ndarray, " t"]:
    """Return how far the log-odds of a class fall when a step is left out.

    Positive: the step speaks for the class. The sequence closes over the gap. Each step
    costs a run over the whole sequence; they run side by side.

    Args:
        model: the classifier; nothing is dropped.
        xs: token ids or vectors of one sequence.
        label: the class that is asked about.

    Source: Li, Monroe and Jurafsky, 2016, "Understanding neural networks through
    representation erasure" (arXiv:1612.08220).

    Example:
        >>> from flax import nnx
        >>> from jlstm.tasks.classification.model import Classifier, ClassifierConfig
        >>> model = Classifier(ClassifierConfig(), 2, vocab_size=9, rngs=nnx.Rngs(0))
        >>> leave_one_out(model, np.array([3, 1, 4]), label=1).shape
        (3,)
    """
    steps = len(xs)
    size = _padded(steps + 1)
    rows = np.zeros((size, size, *xs.shape[1:]), xs.dtype)
    rows[:steps, 0] = xs
    for left_out in range(steps):
        rows[: steps - 1, left_out + 1] = np.delete(xs, left_out, axis=0)
    lengths = np.full(size, steps - 1, np.int32)
    lengths[0] = steps
    odds = np.asarray(_log_odds(model, rows, lengths, label))
    return odds[0] - odds[1 : steps + 1]


def gradient_times_input(
    model: SequenceClassifier, xs: Shaped[np.ndarray, "t ..."], label: int
) -> Float[np.ndarray, " t"]:
    """Return the part of each step in the log-odds of a class, to first order.

    It is the sum of input times gradient over the features of a step, or of the
    embedding of a word: one run forward and back, whatever the length.

    Args:
        model: the classifier; nothing is dropped.
        xs: token ids or vectors of one sequence.
        label: the class that is asked about.

    Source: Shrikumar et al., 2017 (arXiv:1605.01713); Denil et al., 2014
    (arXiv:1412.6815), for words.

    Example:
        >>> from flax import nnx
        >>> from jlstm.tasks.classification.model import Classifier, ClassifierConfig
        >>> model = Classifier(ClassifierConfig(), 2, input_size=3, rngs=nnx.Rngs(0))
        >>> gradient_times_input(model, np.ones((5, 3), np.float32), label=1).shape
        (5,)
    """
    steps = len(xs)
    row = np.zeros((_padded(steps), 1, *xs.shape[1:]), xs.dtype)
    row[:steps, 0] = xs
    return np.asarray(_products(model, row, np.array([steps], np.int32), label))[:steps]


def log_odds(
    logits: Float[Array, "*b k"], label: int | Integer[Array, ""]
) -> Float[Array, "*b"]:
    """Return the log-odds of a class against all others together.

    Example:
        >>> log_odds(jnp.log(jnp.array([0.25, 0.25, 0.5])), 2).round(6).item()
        0.0
    """
    own = jnp.arange(logits.shape[-1]) == label
    lowest = jnp.asarray(-jnp.inf, logits.dtype)
    own = jnp.broadcast_to(own, logits.shape)
    others = jax.nn.logsumexp(jnp.where(own, lowest, logits), axis=-1)
    return jnp.sum(jnp.where(own, logits, 0), axis=-1) - others


@jax.jit
def _log_odds(
    model: SequenceClassifier, xs: Array, lengths: Array, label: Array
) -> Float[Array, " b"]:
    return log_odds(model(xs, lengths), label)


@jax.jit
def _products(
    model: SequenceClassifier, xs: Array, lengths: Array, label: Array
) -> Float[Array, " t"]:
    def answer(vectors: Float[Array, "t b x"]) -> Float[Array, ""]:
        return jnp.sum(log_odds(model.classify(vectors, lengths), label))

    vectors = model.embed(xs)
    return jnp.sum(vectors * jax.grad(answer)(vectors), axis=(1, 2))


def _padded(steps: int) -> int:
    return -(-steps // _STEPS) * _STEPS
