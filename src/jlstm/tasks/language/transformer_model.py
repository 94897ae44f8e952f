"""A language model whose layers are a Transformer's, for comparison."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int32, Integer

from jlstm._internal.options import Options, Positive, Rate, Size
from jlstm._internal.types import DType, Key, Shape
from jlstm.initializers import Constant, Uniform
from jlstm.nnx.tokens import TokenModel
from jlstm.nnx.transformer import Transformer, TransformerConfig
from jlstm.regularizers import dropout


@dataclass(frozen=True)
class TransformerLanguageConfig(Options):
    """Hyper-parameters of a Transformer language model.

    Attributes:
        layers: of the Transformer; its width is that of the embedding.
        tied: use the embedding table as the softmax weight.
        init_scale: limit of the uniform draw of embedding and softmax.
        embedding_dropout: rate at which whole words are dropped.
        output_dropout: rate before the softmax.
        context: tokens that a sample is continued from, at most; how many are read in
            training and evaluation is the window of the stream.
    """

    layers: TransformerConfig = TransformerConfig()
    tied: bool = True
    init_scale: Positive = 0.1
    embedding_dropout: Rate = 0.0
    output_dropout: Rate = 0.0
    context: Size = 128

    @property
    def title(self) -> str:
        """What a table calls it."""
        return f"{self.layers.title}{', tied' if self.tied else ''}"

    def make(self, vocab_size: int, rngs: nnx.Rngs) -> "TransformerLanguageModel":
        """Draw a model."""
        return TransformerLanguageModel(vocab_size, self, rngs=rngs)

    def init_carry(self, batch_shape: Shape = ()) -> tuple[()]:
        """Return nothing: no window knows of the one before it."""
        return ()


class Seen(NamedTuple):
    """The tokens that a sample is continued from.

    Attributes:
        tokens: the last ones; what is after ``count`` is not read.
        count: how many there are.
    """

    tokens: Int32[Array, "t *b"]
    count: Int32[Array, ""]


class TransformerLanguageModel(TokenModel):
    """Next-token model over ``vocab_size`` symbols; time leads: tokens are ``t *b``.

    It is used as a :class:`jlstm.tasks.language.model.LanguageModel` is, but has no
    carry: a call sees the tokens that it is given and nothing before them.

    Example:
        >>> config = TransformerLanguageConfig(TransformerConfig(width=16))
        >>> model = TransformerLanguageModel(10, config, rngs=nnx.Rngs(0))
        >>> carry, logits = model(jnp.zeros((5, 2), jnp.int32))
        >>> carry, logits.shape
        ((), (5, 2, 10))
    """

    def __init__(
        self,
        vocab_size: int,
        config: TransformerLanguageConfig,
        *,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``."""
        self.config = config
        width, make = config.layers.width, {"rngs": rngs, "param_dtype": param_dtype}
        self.layers = Transformer(width, config.layers, **make)
        self.draw_tables(
            vocab_size, embedding_size=width, features=width, tied=config.tied,
            draw=Uniform(config.init_scale), bias=Constant(0.0), **make,
        )  # fmt: skip

    def init_carry(self, batch_shape: Shape = ()) -> tuple[()]:
        """Return nothing."""
        return ()

    def __call__(
        self,
        tokens: Integer[Array, "t *b"],
        carry: tuple[()] | None = None,
        *,
        key: Key | None = None,
    ) -> tuple[tuple[()], Float[Array, "t *b v"]]:
        """Return no carry and the logits of each next token."""
        noise, out_noise = (None, None) if key is None else jax.random.split(key)
        carry, hs = self.features(tokens, carry, key=noise)
        return carry, self.logits(self.drop_output(hs, out_noise))

    def features(
        self,
        tokens: Integer[Array, "t *b"],
        carry: tuple[()] | None = None,
        *,
        key: Key | None = None,
    ) -> tuple[tuple[()], Float[Array, "t *b h"]]:
        """Return no carry and the features of each token, before output dropout."""
        words, inner = (None, None) if key is None else jax.random.split(key)
        xs = self.lookup(tokens, self.config.embedding_dropout, words)
        rows = xs.reshape(xs.shape[0], -1, xs.shape[-1])
        return (), self.layers(rows, key=inner).reshape(xs.shape)

    def drop_output(
        self, hs: Float[Array, "t *b h"], key: Key | None
    ) -> Float[Array, "t *b h"]:
        """Apply output dropout."""
        return dropout(hs, self.config.output_dropout, key)

    def read(
        self, tokens: Integer[Array, "t *b"], memory: Seen | None = None
    ) -> tuple[Seen, Float[Array, "*b v"]]:
        """Return the last tokens, up to ``context`` of them, and the logits after them.

        All of them are read again, whatever was read before.
        """
        if memory is None:
            shape = (self.config.context, *tokens.shape[1:])
            memory = Seen(jnp.zeros(shape, jnp.int32), jnp.zeros((), jnp.int32))
        seen, _ = jax.lax.scan(_remember, memory, tokens.astype(jnp.int32))
        _, logits = self(seen.tokens)
        return seen, jnp.take(logits, seen.count - 1, axis=0)


def _remember(seen: Seen, token: Int32[Array, "*b"]) -> tuple[Seen, None]:
    """Append a token; a full context forgets its first."""
    size = seen.tokens.shape[0]
    moved = jnp.where(seen.count == size, jnp.roll(seen.tokens, -1, 0), seen.tokens)
    place = jnp.minimum(seen.count, size - 1)
    count = jnp.minimum(seen.count + 1, size)
    return Seen(moved.at[place].set(token), count.astype(jnp.int32)), None
