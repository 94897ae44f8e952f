"""What every model of tokens has: an embedding table and a softmax, tied or not."""

from abc import abstractmethod
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Integer

from jlstm._internal.types import Carry, DType, Key, Shape
from jlstm.initializers import Initializer
from jlstm.nnx.dense import Dense, Embedding
from jlstm.nnx.softmax import TokenSoftmax
from jlstm.regularizers import embedding_dropout


@runtime_checkable
class TokenConfig(Protocol):
    """Hyper-parameters of a model of tokens."""

    @property
    def title(self) -> str:
        """What a table calls the model."""
        ...

    def make(self, vocab_size: int, rngs: nnx.Rngs) -> "TokenModel":
        """Draw a model."""
        ...

    def init_carry(self, batch_shape: Shape = ()) -> Carry:
        """Return what such a model knows before the first window."""
        ...


class TokenModel(nnx.Module):
    """An embedding and a softmax; what lies between them is up to the subclass.

    A subclass calls :meth:`draw_tables` while it is made.

    Attributes:
        config: hyper-parameters.
    """

    config: TokenConfig

    @abstractmethod
    def init_carry(self, batch_shape: Shape = ()) -> Carry:
        """Return what is known before the first window, ``()`` if nothing ever is."""

    @abstractmethod
    def features(
        self,
        tokens: Integer[Array, "t *b"],
        carry: Carry | None = None,
        *,
        key: Key | None = None,
    ) -> tuple[Carry, Float[Array, "t *b h"]]:
        """Return the carry for the next window, and the features of each token."""

    @abstractmethod
    def drop_output(
        self, hs: Float[Array, "t *b h"], key: Key | None
    ) -> Float[Array, "t *b h"]:
        """Apply the dropout between the features and the softmax."""

    @abstractmethod
    def read(
        self, tokens: Integer[Array, "t *b"], memory: Any = None
    ) -> tuple[Any, Float[Array, "*b v"]]:
        """Return what is remembered of ``tokens`` and the logits of the next one."""

    def advance(
        self, token: Integer[Array, "*b"], memory: Any
    ) -> tuple[Any, Float[Array, "*b v"]]:
        """Read one more token: what a loop that generates tokens runs."""
        return self.read(token[None], memory)

    def draw_tables(
        self,
        vocab_size: int,
        *,
        embedding_size: int | None,
        features: int,
        projected: bool = False,
        tied: bool,
        draw: Initializer,
        bias: Initializer,
        rngs: nnx.Rngs,
        param_dtype: DType,
    ) -> None:
        """Draw table, softmax weight and softmax bias.

        Args:
            vocab_size: how many tokens there are.
            embedding_size: width of the table; ``None`` stands for one-hot vectors.
            features: what :meth:`logits` and :meth:`nll` are given.
            projected: map them to ``embedding_size`` features before the softmax.
            tied: let the table be the softmax weight.
            draw: of table and weight.
            bias: of the softmax bias.
            rngs: randomness; the ``params`` stream.
            param_dtype: of all of them.
        """
        self.vocab_size = vocab_size
        self.table = self.down = nnx.data(None)
        make = {"rngs": rngs, "param_dtype": param_dtype}
        read = (embedding_size or features) if projected else features
        if embedding_size is not None:
            size = embedding_size
            self.table = Embedding(vocab_size, size, embedding_init=draw, **make)
        self.softmax = TokenSoftmax(
            read, vocab_size, tied=tied, kernel_init=draw, bias_init=bias, **make
        )
        if projected:
            plain = {"use_bias": False, "kernel_init": draw}
            self.down = Dense(features, read, **plain, **make)

    def lookup(
        self,
        tokens: Integer[Array, "*b"],
        rate: float = 0.0,
        key: Key | None = None,
    ) -> Float[Array, "*b x"]:
        """Return the embedded tokens, one-hot vectors where there is no table."""
        tokens = tokens.astype(jnp.int32)
        if self.table is None:
            dtype = self.softmax.bias.dtype
            return jax.nn.one_hot(tokens, self.vocab_size, dtype=dtype)
        return embedding_dropout(self.table.embedding[...], rate, key)[tokens]

    def logits(self, hs: Float[Array, "*b h"]) -> Float[Array, "*b v"]:
        """Return the unnormalised log-probabilities of the next token."""
        return self.softmax.logits(self._narrow(hs), self.table)

    def nll(
        self, hs: Float[Array, "*b h"], targets: Integer[Array, "*b"]
    ) -> Float[Array, "*b"]:
        """Return the nats of each target, as read off :meth:`logits`."""
        return self.softmax.nll(self._narrow(hs), targets, self.table)

    def _narrow(self, hs: Float[Array, "*b h"]) -> Float[Array, "*b x"]:
        return hs if self.down is None else self.down(hs)
