"""N-gram language models: the honest numbers to print next to a network's.

Each model is a function of a training and a test array of token ids. ``*_nll`` gives
the mean negative log-likelihood in nats per token; ``exp`` of it is the perplexity. The
functions without ``_nll`` give the probability of each test token. What they reach:

* PTB, perplexity of valid and test: unigram 684.7 and 639.8, Kneser-Ney bigram 200.7
  and 186.5;
* WikiText-2, perplexity of test: unigram 914.4, Kneser-Ney bigram 266.5;
* tiny Shakespeare, last 10 %, nats per character: Witten-Bell of order 0 to 5 3.347,
  2.486, 2.049, 1.774, 1.669, 1.698.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64, Integer

Tokens = Integer[np.ndarray, " n"]
TestTokens = Integer[np.ndarray, " m"]


class _Tally(NamedTuple):
    """The counts ``n(u, w)``, ``n(u)`` and ``t(u)`` for each test token."""

    gram: Int64[np.ndarray, " m"]
    count: Int64[np.ndarray, " m"]
    total: Int64[np.ndarray, " m"]
    followers: Int64[np.ndarray, " m"]


def unigram_nll(train: Tokens, test: TestTokens, vocab_size: int) -> float:
    """Mean nats per token of the add-one unigram model.

    Example:
        >>> train, test = np.array([0, 0, 0, 1]), np.array([0, 1])
        >>> round(unigram_nll(train, test, vocab_size=2), 4)
        0.752
    """
    return _mean_nll(unigram(train, test, vocab_size))


def kneser_ney_bigram_nll(
    train: Tokens, test: TestTokens, vocab_size: int, discount: float = 0.75
) -> float:
    """Mean nats per token of the interpolated Kneser-Ney bigram model.

    The first test token has no context and is not scored.

    Example:
        >>> train, test = np.array([0, 1, 2, 0, 1, 2]), np.array([0, 1, 2])
        >>> round(kneser_ney_bigram_nll(train, test, vocab_size=3), 4)
        0.2877
    """
    return _mean_nll(kneser_ney_bigram(train, test, vocab_size, discount))


def witten_bell_nll(
    train: Tokens, test: TestTokens, order: int, vocab_size: int
) -> float:
    """Mean nats per token of the Witten-Bell model with contexts of ``order`` symbols.

    Example:
        >>> train, test = np.array([0, 1, 0, 1, 0, 1]), np.array([0, 1, 0])
        >>> round(witten_bell_nll(train, test, order=1, vocab_size=2), 4)
        0.3363
    """
    return _mean_nll(witten_bell(train, test, order, vocab_size))


def unigram(
    train: Tokens, test: TestTokens, vocab_size: int
) -> Float64[np.ndarray, " m"]:
    """Probability of each test token: ``(count + 1) / (n + vocab_size)``.

    Raises:
        ValueError: an array is empty or an id is not below ``vocab_size``.
    """
    _check(train, test, vocab_size)
    counts = np.bincount(train, minlength=vocab_size) + 1.0
    return (counts / counts.sum())[test]


def kneser_ney_bigram(
    train: Tokens, test: TestTokens, vocab_size: int, discount: float = 0.75
) -> Float64[np.ndarray, " k"]:
    """Probability of each test token but the first, given the token before it.

    With ``n(u, w)`` the count of a bigram, ``n(u)`` that of its context, ``t(u)`` the
    number of distinct tokens after ``u``, ``c(w)`` the number of distinct tokens before
    ``w`` and ``N`` the number of distinct bigrams,

        p(w | u) = max(n(u, w) - d, 0) / n(u) + d t(u) / n(u) · q(w),
        q(w) = (c(w) + 1/2) / (N + V/2);

    after a context that was never seen, ``p = q``. The half keeps tokens possible that
    never follow another one in training.

    Args:
        train: ids to count.
        test: ids to score, at least two.
        vocab_size: ``V``.
        discount: ``d``, between 0 and 1.

    Raises:
        ValueError: an array is too short, an id is not below ``vocab_size``, or the
            discount is out of range.

    Source: Kneser and Ney 1995, in the interpolated form of Chen and Goodman 1999.
    """
    _check(train, test, vocab_size)
    if not 0 < discount < 1:
        raise ValueError(f"discount must lie between 0 and 1, got {discount}.")
    if min(len(train), len(test)) < 2:
        raise ValueError("train and test need at least two tokens for a bigram.")
    packed = _pack(train[:-1], train[1:], vocab_size)
    bigrams, counts = np.unique(packed, return_counts=True)
    tally = _tally(bigrams, counts, test[:-1], test[1:], vocab_size)
    preceders = np.bincount(bigrams % vocab_size, minlength=vocab_size)[test[1:]]
    q = (preceders + 0.5) / (len(bigrams) + 0.5 * vocab_size)
    total = np.maximum(tally.total, 1)
    backoff = np.where(tally.total > 0, discount * tally.followers / total, 1.0)
    return np.maximum(tally.count - discount, 0) / total + backoff * q


def witten_bell(
    train: Tokens, test: TestTokens, order: int, vocab_size: int
) -> Float64[np.ndarray, " m"]:
    """Probability of each test token given the ``order`` tokens before it.

    With ``n(u, w)`` the count of a token ``w`` after a context ``u``, ``n(u)`` that of
    the context, ``t(u)`` the number of distinct tokens after it and ``u'`` the context
    without its oldest token,

        p(w | u) = (n(u, w) + t(u) p(w | u')) / (n(u) + t(u)),

    and below the empty context lies ``1 / vocab_size``. A context that was never seen
    passes ``p(w | u')`` on; the first test tokens have shorter contexts.

    Args:
        train: ids to count.
        test: ids to score.
        order: length of the longest context; 0 for none. An n-gram model in the usual
            count has ``n = order + 1``.
        vocab_size: number of ids.

    Raises:
        ValueError: an array is empty, an id is not below ``vocab_size``, or ``order``
            is negative.

    Source: Witten and Bell 1991, method C, interpolated.
    """
    _check(train, test, vocab_size)
    if order < 0:
        raise ValueError(f"order must be at least 0, got {order}.")
    p = np.full(len(test), 1 / vocab_size)
    context, test_context = (np.zeros(len(ids), np.int64) for ids in (train, test))
    for n in range(min(order + 1, len(train), len(test))):
        packed = _pack(context, train[n:], vocab_size)
        grams, gram, counts = np.unique(packed, return_inverse=True, return_counts=True)
        tally = _tally(grams, counts, test_context, test[n:], vocab_size)
        p[n:] = _interpolate(tally, p[n:])
        # The number of an n-gram is the context of the next token: dense, so that no
        # length of context overflows.
        context, test_context = gram[:-1], tally.gram[:-1]
    return p


def _interpolate(
    tally: _Tally, lower: Float64[np.ndarray, " m"]
) -> Float64[np.ndarray, " m"]:
    """Mix counts with the probabilities after the shorter contexts."""
    total = np.maximum(tally.total + tally.followers, 1)
    mixed = (tally.count + tally.followers * lower) / total
    return np.where(tally.total > 0, mixed, lower)


def _tally(
    grams: Int64[np.ndarray, " k"],
    counts: Int64[np.ndarray, " k"],
    context: Integer[np.ndarray, " m"],
    token: Integer[np.ndarray, " m"],
    base: int,
) -> _Tally:
    """Look test tokens up in the counts of training.

    Args:
        grams: the distinct n-grams of training, packed, in order.
        counts: how often each occurs.
        context: the number of the context of each test token, -1 where training has
            none such.
        token: the test tokens.
        base: number of ids.
    """
    gram = _find(grams, _pack(context, token, base))
    start = context.astype(np.int64) * base
    first, last = np.searchsorted(grams, start), np.searchsorted(grams, start + base)
    below = np.append(0, np.cumsum(counts))
    return _Tally(
        gram=gram,
        count=np.where(gram >= 0, counts[gram], 0),
        total=below[last] - below[first],
        followers=last - first,
    )


def _pack(
    context: Integer[np.ndarray, " n"], token: Integer[np.ndarray, " n"], base: int
) -> Int64[np.ndarray, " n"]:
    """Return one number for each pair of a context and a token."""
    return context.astype(np.int64) * base + token.astype(np.int64)


def _find(
    table: Int64[np.ndarray, " k"], wanted: Int64[np.ndarray, " n"]
) -> Int64[np.ndarray, " n"]:
    """Return where each number stands in a sorted table, -1 if it does not."""
    at = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return np.where(table[at] == wanted, at, -1)


def _mean_nll(p: np.ndarray) -> float:
    return float(-np.log(p).mean())


def _check(train: np.ndarray, test: np.ndarray, vocab_size: int) -> None:
    """Raise unless both arrays hold ids of the vocabulary."""
    for name, ids in (("train", train), ("test", test)):
        if len(ids) == 0:
            raise ValueError(f"{name} is empty: give at least one token.")
        if ids.min() < 0 or ids.max() >= vocab_size:
            raise ValueError(
                f"{name} has ids from {ids.min()} to {ids.max()}, wanted 0 to "
                f"{vocab_size - 1}: pass the size of the vocabulary that made them."
            )
