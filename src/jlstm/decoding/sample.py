"""Decoding: draw tokens from logits, and generate in one compiled loop."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from jlstm._internal.arrays import require_key
from jlstm._internal.labels import check_no_nan, check_scores
from jlstm._internal.types import Carry, Key

NOTHING = -1
"""What is drawn from logits that are NaN, where they cannot be refused."""

Step = Callable[[Carry, Int[Array, "*b"]], tuple[Carry, Float[Array, "*b v"]]]
"""Consumes one token per row; returns the carry and the logits of the next token."""


class Sampling(NamedTuple):
    """How a token is drawn.

    Attributes:
        temperature: divides the logits; 0 takes the most likely token.
        top_k: draw among the k most likely only; ``None`` is no limit.
        top_p: draw among the most likely tokens that together hold this probability
            (nucleus sampling, Holtzman et al., 2019); ``None`` is no limit.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def check(self) -> None:
        """Raise ValueError where a value is out of range, TypeError if no number."""
        for name in ("temperature", "top_p"):
            check_number(name, getattr(self, name))
        if not 0 <= self.temperature < math.inf:
            raise ValueError(f"temperature is {self.temperature}; give 0 or more.")
        if self.top_k is not None and not is_count(self.top_k):
            raise ValueError(f"top_k is {self.top_k}; give 1 or more, or None.")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; give a share in (0, 1], or None.")


PLAIN = Sampling()
"""Draw from the distribution as it is."""


def restrict(logits: Float[Array, "*b v"], sampling: Sampling) -> Float[Array, "*b v"]:
    """Apply temperature, then top-k, then top-p; excluded tokens get -inf.

    At temperature 0 that is all but the most likely token, the first of several. At
    any other but 1 the most likely token gets 0, so that no temperature is too small.

    Raises:
        TypeError: the logits are no floats.
        ValueError: ``sampling`` is out of range, or a known logit is NaN.

    Example:
        >>> restrict(jnp.array([0.0, 2.0, 1.0]), Sampling(top_k=2)).tolist()
        [-inf, 2.0, 1.0]
    """
    check_kind("sampling", sampling, Sampling)
    sampling.check()
    _check_logits(logits)
    if sampling.temperature == 0:
        return _only_best(logits)
    if sampling.temperature != 1:
        logits = _temper(logits, sampling.temperature)
    if sampling.top_k is not None:
        k = min(sampling.top_k, logits.shape[-1])
        worst = jax.lax.top_k(logits, k)[0][..., -1:]
        logits = jnp.where(logits < worst, -jnp.inf, logits)
    if sampling.top_p is not None:
        logits = jnp.where(
            logits < _nucleus_floor(logits, sampling.top_p), -jnp.inf, logits
        )
    return logits


def sample(
    logits: Float[Array, "*b v"], key: Key, sampling: Sampling = PLAIN
) -> Int[Array, "*b"]:
    """Draw one token per row.

    A row of logits with NaN is refused where it is known; inside ``jax.jit`` it draws
    :data:`NOTHING`.

    Example:
        >>> sample(jnp.array([0.0, 9.0, 1.0]), jax.random.key(0), Sampling(0.0)).item()
        1
    """
    check_kind("sampling", sampling, Sampling)
    sampling.check()
    _check_logits(logits)
    if sampling.temperature == 0:
        return most_likely(logits)
    require_key(key)
    drawn = jax.random.categorical(key, restrict(logits, sampling), axis=-1)
    return _unless_nan(logits, drawn)


def most_likely(logits: Float[Array, "*b v"]) -> Int[Array, "*b"]:
    """Return the token of the largest logit, :data:`NOTHING` where one is NaN.

    Example:
        >>> most_likely(jnp.array([[0.0, 2.0], [jnp.nan, 1.0]])).tolist()
        [1, -1]
    """
    return _unless_nan(logits, jnp.argmax(logits, axis=-1))


def generate(
    step: Step,
    carry: Carry,
    logits: Float[Array, "*b v"],
    length: int,
    key: Key,
    sampling: Sampling = PLAIN,
) -> tuple[Carry, Int[Array, "t *b"]]:
    """Draw ``length`` tokens one after the other, from the logits of the first.

    Each drawn token is fed back; the loop is one ``lax.scan``. The returned carry has
    consumed every token but the last. Of length 0 there is no token, and the carry is
    the one that was given.

    Raises:
        TypeError: the logits are no floats.
        ValueError: ``length`` is no whole number from 0 on, ``sampling`` is out of
            range, or logits became NaN. Inside ``jax.jit``, where that is not known,
            such a row has :data:`NOTHING` from there on; see :func:`check_drawn`.

    Example:
        >>> count = lambda carry, token: (carry, jax.nn.one_hot((token + 1) % 5, 5))
        >>> start = jax.nn.one_hot(3, 5)
        >>> generate(count, (), start, 4, jax.random.key(0), Sampling(0.0))[1].tolist()
        [3, 4, 0, 1]
    """
    check_kind("sampling", sampling, Sampling)
    sampling.check()
    _check_logits(logits)
    if length != 0 and not is_count(length):
        raise ValueError(f"length is {length!r}; give a whole number, 0 or more.")
    if length == 0:
        return carry, jnp.zeros((0, *logits.shape[:-1]), jnp.int32)
    require_key(key)

    def advance(state: tuple[Carry, Any], key: Key) -> tuple[tuple[Carry, Any], Array]:
        carry, token = state
        carry, logits = step(carry, token)
        token = sample(logits, key, sampling)
        return (carry, token), token

    first_key, key = jax.random.split(key)
    first = sample(logits, first_key, sampling)
    keys = jax.random.split(key, length - 1)
    (carry, _), tokens = jax.lax.scan(advance, (carry, first), keys)
    tokens = jnp.concatenate([first[None], tokens])
    check_drawn(tokens)
    return carry, tokens


def check_drawn(tokens: Int[Array | np.ndarray, "t *b"]) -> None:
    """Raise ValueError where logits were NaN and no token could be drawn, if known.

    Example:
        >>> check_drawn(jnp.array([[3, 1], [2, -1], [4, -1]]))
        Traceback (most recent call last):
        ...
        ValueError: the logits of token 1 are NaN in 1 of 2 rows, so that none could
        be drawn: look for the loss or the weights that became NaN first.
    """
    if isinstance(tokens, jax.core.Tracer):
        return
    broken = np.asarray(tokens == NOTHING).reshape(len(tokens), -1)
    if broken.any():
        raise ValueError(
            f"the logits of token {broken.any(axis=1).argmax()} are NaN in "
            f"{broken.any(axis=0).sum()} of {broken.shape[1]} rows, so that none could "
            "be drawn: look for the loss or the weights that became NaN first."
        )


def check_number(name: str, value: Any) -> None:
    """Require a real number of Python or NumPy, or ``None``."""
    real = isinstance(value, int | float | np.integer | np.floating)
    if value is not None and (isinstance(value, bool) or not real):
        raise TypeError(f"{name} is {value!r}; give a number.")


def check_kind(name: str, value: Any, kind: type) -> None:
    """Require the settings of a decoder, not one of their values."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {value!r}; give {kind.__name__}().")


def is_count(value: Any) -> bool:
    """Whether a value is a whole number from 1 on."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and value >= 1


def _check_logits(logits: Any) -> None:
    check_scores("logits", logits)
    check_no_nan("logits", logits)


def _unless_nan(logits: Array, token: Array) -> Int[Array, "*b"]:
    return jnp.where(jnp.isnan(logits).any(axis=-1), NOTHING, token).astype(jnp.int32)


def _temper(logits: Array, temperature: float) -> Array:
    """Divide the distances to the largest logit, which may overflow to -inf only."""
    top = jnp.max(logits, axis=-1, keepdims=True)
    top = jnp.where(jnp.isneginf(top), 0, top)  # nothing is possible: stays so
    known = jnp.finfo(logits.dtype)  # what is smaller counts as 0 there
    return (logits - top) / min(max(temperature, float(known.tiny)), float(known.max))


def _only_best(logits: Array) -> Array:
    classes = jax.lax.broadcasted_iota(jnp.int32, logits.shape, logits.ndim - 1)
    best = classes == jnp.argmax(logits, axis=-1, keepdims=True).astype(jnp.int32)
    return jnp.where(best, logits, jnp.asarray(-jnp.inf, logits.dtype))


def _nucleus_floor(logits: Array, top_p: float) -> Array:
    """Return the smallest logit that still belongs to the nucleus."""
    ranked = -jnp.sort(-logits, axis=-1)
    probabilities = jax.nn.softmax(ranked, axis=-1)
    before = jnp.cumsum(probabilities, axis=-1) - probabilities
    inside = jnp.where(before < top_p, ranked, jnp.inf)
    return jnp.min(inside, axis=-1, keepdims=True)
