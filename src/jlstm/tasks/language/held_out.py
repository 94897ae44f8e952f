"""What a language model made of each token of a text, as rows of a table."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from jlstm._internal.types import Carry
from jlstm.data import TokenStream, Vocab, Window
from jlstm.losses import token_nll
from jlstm.nnx.tokens import TokenModel
from jlstm.training.rows import Row


def token_rows(model: TokenModel, stream: TokenStream, vocab: Vocab) -> Iterator[Row]:
    """Yield the log-probability and the rank of each token that is predicted.

    Tokens come window after window, of each its streams one after the other: who takes
    the first rows only has not read the whole text. ``position`` is that in the text.

    Args:
        model: of the text.
        stream: the text as an evaluation cuts it.
        vocab: of the text.
    """
    length, first = stream.streams.shape[1], 1
    carry = model.init_carry((stream.batch_size,))
    for window in stream:
        carry, found = _told(model, carry, window)
        told, ranks = map(np.asarray, found)
        steps, streams = told.shape
        for column in range(streams):
            for step in range(steps):
                token = vocab.symbols[window.targets[step, column]]
                yield {
                    "position": column * length + first + step,
                    "token": repr(token)[1:-1],
                    "log_probability": round(float(told[step, column]), 5),
                    "rank": int(ranks[step, column]),
                }
        first += steps


@jax.jit
def _told(
    model: TokenModel, carry: Carry, window: Window
) -> tuple[Carry, tuple[Float[Array, "t b"], Int[Array, "t b"]]]:
    """Return log-probabilities, and how many tokens are at least as likely."""
    carry, hs = model.features(window.inputs, carry)
    logits = model.logits(hs).astype(jnp.float32)
    own = jnp.take_along_axis(logits, jnp.asarray(window.targets)[..., None], axis=-1)
    ranks = 1 + jnp.sum(logits > own, axis=-1)
    return carry, (-token_nll(logits, window.targets), ranks)
