"""Prefix beam search: the most likely symbols, not the most likely path.

Graves, 2008, "Supervised sequence labelling with recurrent neural networks", section
7.5, as a beam: Hannun, Maas, Jurafsky and Ng, 2014, arXiv:1408.2873, without a language
model.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from jlstm._internal.labels import (
    check_blank,
    check_no_nan,
    check_scores,
    lengths_or_all,
)
from jlstm._internal.tree import align, zero_unless
from jlstm._internal.types import DType
from jlstm.decoding.ctc_greedy import Decoded
from jlstm.masking import steps_within


class Beam(NamedTuple):
    """The prefixes of one row that the search keeps, the best first.

    ``blank`` and ``label`` are log-probabilities of all paths that give the prefix and
    end in a blank, or in its last symbol. A place without a prefix has -inf in both.
    """

    symbols: Int[Array, "k n"]
    sizes: Int[Array, " k"]
    blank: Float[Array, " k"]
    label: Float[Array, " k"]

    @property
    def total(self) -> Float[Array, " k"]:
        """Log-probabilities of the prefixes."""
        return jnp.logaddexp(self.blank, self.label)

    @property
    def last(self) -> Int[Array, " k"]:
        """The last symbol of each prefix, -1 where it is empty."""
        at = jnp.maximum(self.sizes - 1, 0)[:, None]
        found = jnp.take_along_axis(self.symbols, at, axis=1)[:, 0]
        return jnp.where(self.sizes > 0, found, -1)


def ctc_beam_decode(
    logits: Float[Array, "t b v"],
    lengths: Int[Array, " b"] | None = None,
    *,
    beam: int = 16,
    most: int | None = None,
    blank: int = 0,
) -> Decoded:
    """Return the ``beam`` most likely sequences of symbols of each row, best first.

    Paths that give the same symbols are added up. With a beam that holds all prefixes
    the scores are exact. Of a row with fewer sequences than ``beam``, the others have
    score -inf.

    Args:
        logits: unnormalised log-probabilities, time first.
        lengths: steps of each row; all of them by default.
        beam: prefixes to keep at each step.
        most: longer sequences are not looked for; the number of steps by default.
        blank: the class that stands for no symbol.

    Returns:
        Symbols ``n b k``, lengths and scores ``b k``.

    Raises:
        TypeError: an array has another dtype.
        ValueError: a shape does not fit, ``beam`` or ``most`` is no positive integer,
            a number is out of range, or a known logit is NaN in a step that counts.

    Example:
        >>> step = [0.6, 0.4]  # blank and "a": the best path has two blanks, 0.36
        >>> found = ctc_beam_decode(jnp.log(jnp.array([[step], [step]])), beam=2)
        >>> found.symbols[:, 0, 0].tolist()
        [1, -1]
        >>> [f"{score:.2f}" for score in jnp.exp(found.scores[0]).tolist()]
        ['0.64', '0.36']
    """
    check_scores("logits", logits, axes=3)
    steps, rows, classes = logits.shape
    most = max(steps, 1) if most is None else most
    if not all(isinstance(n, int) and n >= 1 for n in (beam, most)):
        raise ValueError(f"beam is {beam} and most {most}; give 1 or more of each.")
    check_blank(blank, classes)
    lengths = lengths_or_all("lengths", lengths, (rows,), steps)
    check_no_nan("logits", zero_unless(steps_within(lengths, steps), logits))
    log_probs = jax.nn.log_softmax(logits, axis=-1)
    search = partial(_search, beam=beam, most=most, blank=blank)
    found = jax.vmap(search, in_axes=(1, 0))(log_probs, lengths)
    scores = jnp.logaddexp(found.blank, found.label)
    return Decoded(jnp.moveaxis(found.symbols, -1, 0), found.sizes, scores)


def _search(
    log_probs: Float[Array, "t v"],
    length: Int[Array, ""],
    *,
    beam: int,
    most: int,
    blank: int,
) -> Beam:
    def advance(state: Beam, step: tuple[Array, Array]) -> tuple[Beam, None]:
        log_prob, live = step
        new = _advance(state, log_prob, blank)
        chosen = jax.tree.map(lambda a, b: jnp.where(live, a, b), new, state)
        return chosen, None

    live = jnp.arange(log_probs.shape[0]) < length
    start = _start(beam, most, log_probs.dtype)
    return jax.lax.scan(advance, start, (log_probs, live))[0]


def _start(beam: int, most: int, dtype: DType) -> Beam:
    """Return the empty prefix alone: nothing was read, as if it ended in a blank."""
    nothing = jnp.full((beam,), -jnp.inf, dtype)
    symbols = jnp.full((beam, most), -1, jnp.int32)
    sizes = jnp.zeros((beam,), jnp.int32)
    return Beam(symbols, sizes, nothing.at[0].set(0), nothing)


def _advance(state: Beam, log_prob: Float[Array, " v"], blank: int) -> Beam:
    """Read one step: each prefix stays what it is, or gets one symbol more."""
    beam, classes = len(state.sizes), len(log_prob)
    extended = _extensions(state, log_prob, blank)
    kept_blank = state.total + log_prob[blank]
    repeated = state.label + log_prob[state.last]
    kept_label = jnp.where(state.sizes > 0, repeated, -jnp.inf)
    same = _continues(state)
    # A prefix with one symbol more may be in the beam already: there it is counted.
    onto = jnp.where(same, extended[:, state.last], -jnp.inf)
    kept_label = jnp.logaddexp(kept_label, jax.nn.logsumexp(onto, axis=0))
    twin = same[:, :, None] & jax.nn.one_hot(state.last, classes, dtype=bool)[None]
    extended = jnp.where(twin.any(axis=1), -jnp.inf, extended)
    kept = jnp.logaddexp(kept_blank, kept_label)
    scores, choice = jax.lax.top_k(jnp.concatenate([kept, extended.ravel()]), beam)
    grows = choice >= beam
    parent = jnp.where(grows, (choice - beam) // classes, choice)
    symbol = ((choice - beam) % classes).astype(jnp.int32)
    return Beam(
        _append(state, parent, jnp.where(grows, symbol, -1)),
        state.sizes[parent] + grows.astype(jnp.int32),
        jnp.where(grows, -jnp.inf, kept_blank[parent]),
        jnp.where(grows, scores, kept_label[parent]),
    )


def _extensions(
    state: Beam, log_prob: Float[Array, " v"], blank: int
) -> Float[Array, "k v"]:
    """Return the log-probability of each prefix with each symbol after it.

    Only with a blank between them are two equal symbols two.
    """
    symbols = jnp.arange(len(log_prob), dtype=jnp.int32)[None]
    again = symbols == state.last[:, None]
    before = jnp.where(again, state.blank[:, None], state.total[:, None])
    full = state.sizes[:, None] >= state.symbols.shape[1]
    return jnp.where(full | (symbols == blank), -jnp.inf, before + log_prob[None])


def _continues(state: Beam) -> Bool[Array, "k k"]:
    """Return where prefix b, the column, is prefix a, the row, with one symbol more."""
    longer = state.sizes[None] == state.sizes[:, None] + 1
    place = jnp.arange(state.symbols.shape[1], dtype=jnp.int32)[None, None]
    equal = state.symbols[:, None] == state.symbols[None]
    begins = (equal | (place >= align(state.sizes, equal))).all(axis=-1)
    alive = state.total > -jnp.inf
    return longer & begins & alive[:, None] & alive[None]


def _append(
    state: Beam, parent: Int[Array, " k"], symbol: Int[Array, " k"]
) -> Int[Array, "k n"]:
    place = jnp.arange(state.symbols.shape[1], dtype=jnp.int32)[None]
    at = place == state.sizes[parent][:, None]
    return jnp.where(at, symbol[:, None], state.symbols[parent])
