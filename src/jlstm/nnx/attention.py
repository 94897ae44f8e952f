"""Attention over the outputs of an encoder: three scores, one softmax, no padding.

What depends on the encoder alone is computed once, by :func:`remember`; a decoder then
asks :func:`attend` at every step.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from jlstm._internal.affine import affine
from jlstm._internal.options import Options, Size
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import zero_unless
from jlstm._internal.types import DType, Key, Params
from jlstm.initializers import Glorot
from jlstm.masking import steps_within
from jlstm.nnx._weights import Weights


class AttentionKeys(NamedTuple):
    """What is attended to; positions, the time of the source, lead.

    Attributes:
        keys: what a query is compared with.
        values: what is averaged.
        live: which positions are no padding.
    """

    keys: Float[Array, "t *b k"]
    values: Float[Array, "t *b x"]
    live: Bool[Array, "t *b"]

    def for_beams(self) -> "AttentionKeys":
        """Give the rows an axis of 1 at their end, for several queries a row."""
        return AttentionKeys(
            self.keys[..., None, :], self.values[..., None, :], self.live[..., None]
        )


@runtime_checkable
class Attention(Protocol):
    """How well a query fits a position."""

    def init(
        self, key: Key, query_size: int, value_size: int, dtype: DType = ...
    ) -> Params: ...

    def keys(self, params: Params, values: Array) -> Array: ...

    def score(self, params: Params, keys: Array, query: Array) -> Array: ...


class AdditiveParams(NamedTuple):
    """Parameters of :class:`AdditiveAttention`."""

    w_key: Float[Array, "x k"]
    w_query: Float[Array, "h k"]
    b: Float[Array, " k"]
    v: Float[Array, " k"]

    __repr__ = shapes_repr


class GeneralParams(NamedTuple):
    """Parameters of :class:`GeneralAttention`."""

    w_key: Float[Array, "x h"]

    __repr__ = shapes_repr


@dataclass(frozen=True)
class AdditiveAttention(Options):
    """``v · tanh(W_key value + W_query query + b)``.

    Source: Bahdanau, Cho and Bengio, 2015, "Neural machine translation by jointly
    learning to align and translate" (arXiv:1409.0473), section 3.1.

    Attributes:
        size: units of the hidden layer.
    """

    size: Size

    def init(
        self, key: Key, query_size: int, value_size: int, dtype: DType = jnp.float32
    ) -> AdditiveParams:
        """Draw the parameters."""
        keys = jax.random.split(key, 3)
        return AdditiveParams(
            Glorot()(keys[0], (value_size, self.size), dtype),
            Glorot()(keys[1], (query_size, self.size), dtype),
            jnp.zeros((self.size,), dtype),
            Glorot()(keys[2], (self.size, 1), dtype)[:, 0],
        )

    def keys(self, params: AdditiveParams, values: Array) -> Array:
        """Return the part of the hidden layer that no query enters."""
        return affine(values, params.w_key, params.b)

    def score(self, params: AdditiveParams, keys: Array, query: Array) -> Array:
        """Return the score of every position."""
        hidden = jnp.tanh(keys + affine(query, params.w_query)[None])
        return affine(hidden, params.v[:, None])[..., 0]


@dataclass(frozen=True)
class DotAttention(Options):
    """``query · value``; both have one size.

    Source: Luong, Pham and Manning, 2015, "Effective approaches to attention-based
    neural machine translation" (arXiv:1508.04025), section 3.1.
    """

    def init(
        self, key: Key, query_size: int, value_size: int, dtype: DType = jnp.float32
    ) -> tuple[()]:
        """Check the sizes; there are no parameters.

        Raises:
            ValueError: query and values differ in size.
        """
        if query_size != value_size:
            raise ValueError(
                f"DotAttention: queries have {query_size} features and values "
                f"{value_size}; make them equal or take general attention."
            )
        return ()

    def keys(self, params: tuple[()], values: Array) -> Array:
        """Return the values."""
        return values

    def score(self, params: tuple[()], keys: Array, query: Array) -> Array:
        """Return the score of every position."""
        return jnp.sum(keys * query[None], axis=-1)


@dataclass(frozen=True)
class GeneralAttention(Options):
    """``query · W_key value``, a bilinear form.

    Source: Luong, Pham and Manning, 2015 (arXiv:1508.04025), section 3.1.
    """

    def init(
        self, key: Key, query_size: int, value_size: int, dtype: DType = jnp.float32
    ) -> GeneralParams:
        """Draw the parameters."""
        return GeneralParams(Glorot()(key, (value_size, query_size), dtype))

    def keys(self, params: GeneralParams, values: Array) -> Array:
        """Return the values in the space of the queries."""
        return affine(values, params.w_key)

    def score(self, params: GeneralParams, keys: Array, query: Array) -> Array:
        """Return the score of every position."""
        return jnp.sum(keys * query[None], axis=-1)


def remember(
    attention: Attention,
    params: Params,
    values: Float[Array, "t *b x"],
    lengths: Int[Array, "*b"],
) -> AttentionKeys:
    """Return what a decoder attends to, computed once for all its steps.

    Args:
        attention: how a query is compared.
        params: its parameters.
        values: outputs of an encoder.
        lengths: positions of each row; what follows them is padding.
    """
    live = steps_within(lengths, values.shape[0])
    values = zero_unless(live, values)
    return AttentionKeys(attention.keys(params, values), values, live)


def attend(
    attention: Attention,
    params: Params,
    memory: AttentionKeys,
    query: Float[Array, "*#b h"],
) -> tuple[Float[Array, "*#b x"], Float[Array, "t *#b"]]:
    """Return the mean of the values, weighted by how well they fit, and the weights.

    Weights are not negative and sum to 1; a padded position has the weight 0, and a row
    without positions gets zeros.

    Example:
        >>> dot = DotAttention()
        >>> values = jnp.array([[1.0, 0.0], [1.0, 0.0], [9.0, 9.0]])
        >>> memory = remember(dot, (), values, jnp.array(2))
        >>> context, weights = attend(dot, (), memory, jnp.array([3.0, 5.0]))
        >>> context.tolist(), weights.tolist()
        ([1.0, 0.0], [0.5, 0.5, 0.0])
    """
    scores = attention.score(params, memory.keys, query)
    live = jnp.broadcast_to(memory.live, scores.shape)
    lowest = jnp.asarray(jnp.finfo(scores.dtype).min, scores.dtype)
    weights = jax.nn.softmax(jnp.where(live, scores, lowest), axis=0)
    weights = zero_unless(live, weights)
    return jnp.sum(weights[..., None] * memory.values, axis=0), weights


def make_attention(name: str, size: int) -> Any:
    """Return an attention by the name that a configuration has for it.

    Example:
        >>> make_attention("additive", 64), make_attention("none", 64)
        (AdditiveAttention(size=64), None)
    """
    return {
        "none": None,
        "additive": AdditiveAttention(size),
        "dot": DotAttention(),
        "general": GeneralAttention(),
    }[name]


class CrossAttention(Weights):
    """An attention over the outputs of an encoder, with its parameters.

    Args:
        attention: how a query is compared.
        query_size: features of a query.
        value_size: features of the outputs.
        rngs: the parameters are drawn with a key of its ``params`` stream.
        param_dtype: of the parameters.

    Example:
        >>> ask = CrossAttention(AdditiveAttention(4), 3, 2, rngs=nnx.Rngs(0))
        >>> memory = ask.remember(jnp.ones((7, 5, 2)), jnp.full(5, 6))
        >>> context, weights = ask(memory, jnp.ones((5, 3)))
        >>> context.shape, weights.shape
        ((5, 2), (7, 5))
    """

    def __init__(
        self,
        attention: Attention,
        query_size: int,
        value_size: int,
        *,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ):
        self.attention = attention
        key = rngs.params()
        super().__init__(attention.init(key, query_size, value_size, param_dtype))

    def remember(
        self, values: Float[Array, "t *b x"], lengths: Int[Array, "*b"]
    ) -> AttentionKeys:
        """Return what a decoder attends to (:func:`remember`)."""
        return remember(self.attention, self.pure_params(), values, lengths)

    def __call__(
        self, memory: AttentionKeys, query: Float[Array, "*#b h"]
    ) -> tuple[Float[Array, "*#b x"], Float[Array, "t *#b"]]:
        """Return the weighted mean of the values, and the weights (:func:`attend`)."""
        return attend(self.attention, self.pure_params(), memory, query)
