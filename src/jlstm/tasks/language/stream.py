"""A text that a language model reads as it comes."""

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer

from jlstm._internal.types import Carry
from jlstm.data import Vocab
from jlstm.losses import token_nll
from jlstm.nnx.tokens import TokenModel
from jlstm.training.stream import Stream, parts_of

State: TypeAlias = tuple[Carry, Float[Array, " v"]]
"""The carry after what was read, and the logits of what is next."""

SHOWN = 5


class TextStream(Stream):
    """What was read so far, and what may be next."""

    def __init__(self, model: TokenModel, vocab: Vocab) -> None:
        self._model, self._vocab = model, vocab
        nothing = jnp.zeros(len(vocab), jnp.float32)  # anything is as likely
        self._state = model.init_carry(()), nothing

    def feed(self, source: Any) -> dict[str, Any]:
        """Read more text.

        Args:
            source: a text of at least one symbol; at level "word", whole words.

        Returns:
            ``read``, the number of symbols; ``nats``, of each of them given what was
            read before it; ``next``, the most likely symbols and their probabilities.
        """
        tokens = self._encoded(source)
        state, nats, start = self._state, [], 0
        for size in parts_of(len(tokens)):
            state, found = _read(self._model, state, tokens[start : start + size])
            nats += [round(float(one), 4) for one in np.asarray(found)]
            start += size
        self._state = state
        return {"read": len(tokens), "nats": nats, "next": self._next()}

    def _encoded(self, source: Any) -> Integer[np.ndarray, " n"]:
        if not isinstance(source, str):
            raise TypeError(f"A {type(source).__name__} was given: give a text.")
        tokens = self._vocab.encode(source)
        if not len(tokens):
            raise ValueError("The text is empty: give at least one symbol.")
        return tokens.astype(np.int32)

    def _next(self) -> dict[str, float]:
        chances = np.asarray(jax.nn.softmax(self._state[1]))
        best = np.argsort(-chances)[:SHOWN]
        return {self._vocab.symbols[n]: round(float(chances[n]), 4) for n in best}


@jax.jit
def _read(
    model: TokenModel, state: State, tokens: Integer[Array, " t"]
) -> tuple[State, Float[Array, " t"]]:
    """Return what is known after some tokens, and the nats of each."""
    carry, last = state
    carry, features = model.features(tokens, carry)
    logits = model.logits(features).astype(last.dtype)
    before = jnp.concatenate([last[None], logits[:-1]])
    return (carry, logits[-1]), token_nll(before, tokens)
