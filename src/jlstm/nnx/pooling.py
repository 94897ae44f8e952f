"""From outputs over time to one vector per row; padding is invisible to all of them."""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from jlstm._internal.affine import affine
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import align, zero_unless
from jlstm._internal.types import DType, Key
from jlstm.initializers import Glorot
from jlstm.masking import last_output, steps_within
from jlstm.nnx._weights import Weights

Pooling = Literal["last", "max", "mean", "attention"]


def pool_last(
    ys: Float[Array, "t *bh"], lengths: Int[Array, "*b"], bidirectional: bool = False
) -> Float[Array, "*bh"]:
    """Return what each direction gave at its last step.

    Args:
        ys: outputs over time.
        lengths: steps of each row; rows of length 0 give zeros.
        bidirectional: the second half of the features was read from the end, so that
            its last step is step 0.

    Example:
        >>> ys = jnp.array([[1.0, 5.0], [2.0, 6.0], [0.0, 0.0]])
        >>> pool_last(ys, jnp.array(2)).tolist()
        [2.0, 6.0]
        >>> pool_last(ys, jnp.array(2), bidirectional=True).tolist()
        [2.0, 5.0]
    """
    last = last_output(ys, lengths)
    if not bidirectional:
        return last
    first = zero_unless(lengths > 0, ys[0])
    half = ys.shape[-1] // 2
    return jnp.concatenate([last[..., :half], first[..., half:]], axis=-1)


def pool_max(
    ys: Float[Array, "t *bh"], lengths: Int[Array, "*b"]
) -> Float[Array, "*bh"]:
    """Return the largest value of each feature; zeros for rows of length 0.

    Example:
        >>> pool_max(jnp.array([[-1.0], [-2.0], [9.0]]), jnp.array(2)).tolist()
        [-1.0]
    """
    live = align(steps_within(lengths, ys.shape[0]), ys)
    lowest = jnp.asarray(jnp.finfo(ys.dtype).min, ys.dtype)
    return zero_unless(lengths > 0, jnp.max(jnp.where(live, ys, lowest), axis=0))


def pool_mean(
    ys: Float[Array, "t *bh"], lengths: Int[Array, "*b"]
) -> Float[Array, "*bh"]:
    """Return the mean of each feature; zeros for rows of length 0.

    Example:
        >>> pool_mean(jnp.array([[1.0], [2.0], [9.0]]), jnp.array(2)).tolist()
        [1.5]
    """
    total = jnp.sum(zero_unless(steps_within(lengths, ys.shape[0]), ys), axis=0)
    return total / align(jnp.maximum(lengths, 1), total).astype(ys.dtype)


class AttentionParams(NamedTuple):
    """Parameters of :func:`pool_attention`."""

    w: Float[Array, "h p"]
    b: Float[Array, " p"]
    query: Float[Array, " p"]

    __repr__ = shapes_repr


def init_attention(
    key: Key, input_size: int, size: int, dtype: DType = jnp.float32
) -> AttentionParams:
    """Draw the parameters of an attention with ``size`` units."""
    keys = jax.random.split(key)
    w = Glorot()(keys[0], (input_size, size), dtype)
    query = Glorot()(keys[1], (size, 1), dtype)[:, 0]
    return AttentionParams(w, jnp.zeros((size,), dtype), query)


def attention_weights(
    params: AttentionParams, ys: Float[Array, "t *bh"], lengths: Int[Array, "*b"]
) -> Float[Array, "t *b"]:
    """Return how much each step counts: not negative, of sum 1, or all 0 without steps.

    Source: Yang et al., 2016, "Hierarchical attention networks for document
    classification", equations 5 and 6.

    Example:
        >>> params = init_attention(jax.random.key(0), input_size=1, size=2)
        >>> attention_weights(params, jnp.ones((4, 1)), jnp.array(2)).tolist()
        [0.5, 0.5, 0.0, 0.0]
    """
    live = steps_within(lengths, ys.shape[0])
    hidden = jnp.tanh(affine(zero_unless(live, ys), params.w, params.b))
    scores = affine(hidden, params.query[:, None])[..., 0]
    lowest = jnp.asarray(jnp.finfo(ys.dtype).min, ys.dtype)
    weights = jax.nn.softmax(jnp.where(live, scores, lowest), axis=0)
    return zero_unless(live, weights)


def pool_attention(
    params: AttentionParams, ys: Float[Array, "t *bh"], lengths: Int[Array, "*b"]
) -> Float[Array, "*bh"]:
    """Return the mean of each feature, steps weighted by what they hold.

    Example:
        >>> params = init_attention(jax.random.key(0), input_size=1, size=2)
        >>> pool_attention(params, jnp.ones((4, 1)), jnp.array(3)).tolist()
        [1.0]
    """
    weights = attention_weights(params, ys, lengths)[..., None]
    live = steps_within(lengths, ys.shape[0])
    return jnp.sum(weights * zero_unless(live, ys), axis=0)


class AttentionPooling(Weights):
    """:func:`pool_attention` with its parameters.

    Args:
        input_size: features of the outputs.
        size: units that decide how much a step counts.
        rngs: the parameters are drawn with a key of its ``params`` stream.
        param_dtype: of the parameters.

    Example:
        >>> pool = AttentionPooling(4, 3, rngs=nnx.Rngs(0))
        >>> pool(jnp.ones((7, 5, 4)), jnp.full(5, 6)).shape
        (5, 4)
    """

    def __init__(
        self,
        input_size: int,
        size: int,
        *,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ):
        super().__init__(init_attention(rngs.params(), input_size, size, param_dtype))

    def __call__(
        self, ys: Float[Array, "t *bh"], lengths: Int[Array, "*b"]
    ) -> Float[Array, "*bh"]:
        """Return the mean of each feature, steps weighted by what they hold."""
        return pool_attention(self.pure_params(), ys, lengths)
