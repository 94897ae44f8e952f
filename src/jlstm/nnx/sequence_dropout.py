"""Where a model that reads a sequence drops, for classifiers and taggers alike."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.options import Options, Rate
from jlstm._internal.tree import like
from jlstm._internal.types import Key


@dataclass(frozen=True)
class SequenceDropout(Options):
    """Where a model of sequences drops, as rates; layers have ``encoder.dropout``.

    Attributes:
        word: whole steps of the input: a word becomes the unknown one, which so
            learns to stand for what training lacks; a vector becomes zeros.
        input: single entries of what the layers read.
        output: entries of what the answer is made from.

    Example:
        >>> SequenceDropout(word=1.5)
        Traceback (most recent call last):
        ...
        ValueError: SequenceDropout: word is 1.5; give a probability in [0, 1).
    """

    word: Rate = 0.0
    input: Rate = 0.0
    output: Rate = 0.0


def drop_steps(
    vectors: Float[Array, "t b x"],
    rate: float,
    key: Key | None,
    unknown: Array | None = None,
) -> Float[Array, "t b x"]:
    """Put the unknown word, or zeros, in the place of some of the steps.

    Args:
        vectors: of the steps, time first.
        rate: share of the steps that are dropped.
        key: randomness; ``None`` drops nothing.
        unknown: the vector of the unknown word, of ``x`` features; ``None`` is zeros.

    Example:
        >>> drop_steps(jnp.ones((1, 4, 1)), 0.5, jax.random.key(0))[0, :, 0].shape
        (4,)
    """
    if key is None or rate == 0.0:
        return vectors
    keep = jax.random.bernoulli(key, 1.0 - rate, vectors.shape[:-1])[..., None]
    blank = jnp.zeros_like(vectors)
    if unknown is not None:
        blank = blank + like(unknown, blank)
    return jnp.where(keep, vectors, blank)
