"""Translate with a trained model, and see what it looked at while it wrote."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Int32, Integer

from jlstm._internal.types import Carry
from jlstm.data.bucket import BucketedBatches
from jlstm.data.translation import SPECIALS
from jlstm.data.vocab import EOS
from jlstm.data.words import BOS, PAD
from jlstm.decoding.beam import Search, beam_search, greedy_search
from jlstm.decoding.sample import check_drawn
from jlstm.nnx.attention import AttentionKeys
from jlstm.tasks.translation.model import Decoder, Seq2Seq

END = SPECIALS.index(EOS)
START = SPECIALS.index(BOS)
NEVER = (SPECIALS.index(PAD), START)
"""Symbols that no translation holds."""


class Sources(NamedTuple):
    """Sentences to translate, and how to put them into batches.

    Attributes:
        sentences: token ids of each.
        batch_size: sentences translated side by side.
        boundaries: lengths to pad to; the last one holds the longest.
        stretch: a translation is at most so many times as long as its boundary, so
            that a short sentence that finds no end does not hold up its batch.
    """

    sentences: Sequence[Int32[np.ndarray, " n"]]
    batch_size: int
    boundaries: tuple[int, ...]
    stretch: int = 2


def translate(model: Seq2Seq, given: Sources, search: Search) -> list[np.ndarray]:
    """Return the token ids of the best translation of each sentence, with the end.

    Args:
        model: the translator.
        given: the sentences.
        search: one beam is greedy.

    Example:
        >>> from flax import nnx
        >>> from jlstm.tasks.translation.model_config import Seq2SeqConfig
        >>> model = Seq2Seq(Seq2SeqConfig(), 9, 7, rngs=nnx.Rngs(0))
        >>> given = Sources([np.array([5, 6, 4], np.int32)], 1, (3,))
        >>> len(translate(model, given, Search(beams=2, limit=4))[0]) <= 4
        True
    """
    found = [np.zeros(0, np.int32)] * len(given.sentences)
    for xs, lengths, rows in BucketedBatches(*given[:3]):
        own = search._replace(limit=min(search.limit, given.stretch * len(xs)))
        tokens = np.asarray(_translate(model, xs, lengths.astype(np.int32), own))
        check_drawn(tokens)
        for column, row in enumerate(rows):
            if row >= 0:
                found[row] = _up_to_end(tokens[:, column])
    return found


def _up_to_end(ids: Int32[np.ndarray, " n"]) -> Int32[np.ndarray, " m"]:
    ends = np.flatnonzero(ids == END)
    return ids[: ends[0] + 1] if len(ends) else ids


def attention_weights(
    model: Seq2Seq,
    source: Integer[np.ndarray, " s"],
    target: Integer[np.ndarray, " t"],
) -> Float[np.ndarray, "t s"]:
    """Return what the decoder looked at before it wrote each word of ``target``.

    Raises:
        ValueError: the model has no attention.
    """
    if model.attention is None:
        raise ValueError("This model has no attention: there are no weights to show.")
    return np.asarray(_weights(model, jnp.asarray(source), jnp.asarray(target)))


def next_words(
    model: Seq2Seq, memory: AttentionKeys | None
) -> Callable[[Carry, Int[Array, "*b"]], tuple[Carry, Float[Array, "*b v"]]]:
    """Return the step that a search runs: one word in, logits of the next one out."""

    def step(state: Decoder, tokens: Array) -> tuple[Decoder, Array]:
        state, _ = model.advance(state, model.embed(tokens), memory)
        logits = model.logits(state.readout)
        return state, logits.at[..., NEVER].set(-jnp.inf)

    return step


@jax.jit(static_argnames="search")
def _translate(
    model: Seq2Seq,
    sources: Integer[Array, "s b"],
    lengths: Int[Array, " b"],
    search: Search,
) -> Int[Array, "t b"]:
    start, memory = model.encode(sources, lengths)
    first = jnp.full(sources.shape[1:], START, jnp.int32)
    if search.beams == 1:
        step = next_words(model, memory)
        return greedy_search(step, start, first, END, search.limit)
    step = next_words(model, memory and memory.for_beams())
    return beam_search(step, start, first, END, search).tokens[:, :, 0]


@jax.jit
def _weights(
    model: Seq2Seq, source: Integer[Array, " s"], target: Integer[Array, " t"]
) -> Float[Array, "t s"]:
    lengths = jnp.full((1,), source.shape[0], jnp.int32)
    start, memory = model.encode(source[:, None], lengths)
    inputs = jnp.concatenate([jnp.full((1,), START, target.dtype), target[:-1]])

    def step(state: Decoder, token: Array) -> tuple[Decoder, Array]:
        state, weights = model.advance(state, model.embed(token[None]), memory)
        return state, weights[:, 0]

    return jax.lax.scan(step, start, inputs)[1]
