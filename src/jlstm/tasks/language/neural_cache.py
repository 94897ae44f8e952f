"""A neural cache: what was read lately is more likely to come again.

A trained language model is not changed. Next to its own distribution stands one over
the words of the last few hundred steps, each weighted by how much the features then are
like the features now; the two are mixed.

Source: E. Grave, A. Joulin and N. Usunier, "Improving neural language models with a
continuous cache", 2017 (arXiv:1612.04426).
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float64, Int32

from jlstm._internal.types import Carry
from jlstm.data import TokenStream, Window
from jlstm.nnx.tokens import TokenModel

EMPTY = -1


class NeuralCache(NamedTuple):
    """The last steps of each stream, the oldest first.

    Attributes:
        features: what the softmax read.
        tokens: what came then; ``EMPTY`` where the text had not begun.
    """

    features: Float[Array, "n b h"]
    tokens: Int32[Array, "n b"]


def cache_nll(
    model: TokenModel,
    stream: TokenStream,
    size: int,
    sharpness: Sequence[float],
    weights: Sequence[float],
) -> Float64[np.ndarray, "k l"]:
    """Return the mean nats per token for every pair of settings, in one pass.

    Args:
        model: a trained model.
        stream: the text; each of the streams starts from the zero carry, with an empty
            memory. How long its windows are changes the speed only.
        size: steps remembered.
        sharpness: θ, by how much likeness of features counts; 0 weighs all alike.
        weights: λ, the share of the cache in the mixture; where it is empty, the
            model's distribution stands alone.

    Raises:
        ValueError: a number is out of range.
    """
    if size < 1 or min(sharpness) < 0 or not 0 <= min(weights) <= max(weights) < 1:
        raise ValueError(
            f"size is {size}, sharpness {list(sharpness)} and weights {list(weights)}; "
            "give a size of 1 or more, no negative sharpness, and weights in [0, 1)."
        )
    carry = model.init_carry((stream.batch_size,))
    memory, total = None, np.zeros((len(sharpness), len(weights)))
    thetas, shares = (jnp.asarray(v, jnp.float32) for v in (sharpness, weights))
    for window in stream:
        carry, features, own = _read(model, carry, window)
        if memory is None:
            memory = _nothing(features, size)
        memory, nll = _mix(memory, features, own, window.targets, thetas, shares)
        total += np.asarray(nll, np.float64)
    return total / stream.num_predictions


@jax.jit
def _read(
    model: TokenModel, carry: Carry, window: Window
) -> tuple[Carry, Float[Array, "t b h"], Float[Array, "t b"]]:
    """Return the carry, the features, and the log-probability of each target."""
    carry, features = model.features(window.inputs, carry)
    return carry, features, -model.nll(features, window.targets)


def _nothing(features: Float[Array, "t b h"], size: int) -> NeuralCache:
    batch, width = features.shape[1:]
    tokens = jnp.full((size, batch), EMPTY, jnp.int32)
    return NeuralCache(jnp.zeros((size, batch, width), features.dtype), tokens)


@jax.jit
def _mix(
    memory: NeuralCache,
    features: Float[Array, "t b h"],
    own: Float[Array, "t b"],
    targets: Int32[Array, "t b"],
    sharpness: Float[Array, "k"],
    weights: Float[Array, "l"],
) -> tuple[NeuralCache, Float[Array, "k l"]]:
    """Return the memory after a window, and the summed nats for all settings."""
    size = memory.tokens.shape[0]
    known = jnp.concatenate([memory.features, features])
    words = jnp.concatenate([memory.tokens, targets.astype(jnp.int32)])
    ago = size + jnp.arange(len(features))[:, None] - jnp.arange(len(known))[None]
    seen = ((ago > 0) & (ago <= size))[:, None] & (words.T[None] != EMPTY)
    alike = jnp.einsum("tbh,nbh->tbn", features, known)
    same = words.T[None] == targets[:, :, None]

    def mixed(theta: Array) -> Float[Array, "l"]:
        scores = jnp.where(seen, theta * alike, -jnp.inf)
        every, those = (
            jax.nn.logsumexp(scores, axis=-1, where=where)
            for where in (seen, seen & same)
        )
        empty = ~jnp.any(seen, axis=-1)
        ratio = jnp.where(empty, own, those - jnp.where(empty, 0.0, every))
        both = [jnp.logaddexp(jnp.log1p(-w) + own, jnp.log(w) + ratio) for w in weights]
        return -jnp.stack([jnp.sum(each) for each in both])

    tail = NeuralCache(known[-size:], words[-size:])
    return tail, jnp.stack([mixed(theta) for theta in sharpness])
