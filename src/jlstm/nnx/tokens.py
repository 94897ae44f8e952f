"""What every model of tokens has: an embedding table and a softmax, tied or not."""

from abc import abstractmethod
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Integer

from jlstm._internal.affine import affine
from jlstm._internal.types import Carry, DType, Key, Shape, accumulator_dtype
from jlstm.initializers import Initializer
from jlstm.losses import linear_nll
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
        self.table = self.w_out = self.w_down = nnx.data(None)
        read = (embedding_size or features) if projected else features
        if embedding_size is not None:
            shape = (vocab_size, embedding_size)
            self.table = nnx.Param(draw(rngs.params(), shape, param_dtype))
        if not tied:
            self.w_out = nnx.Param(draw(rngs.params(), (read, vocab_size), param_dtype))
        self.b_out = nnx.Param(bias(rngs.params(), (vocab_size,), param_dtype))
        if projected:
            self.w_down = nnx.Param(draw(rngs.params(), (features, read), param_dtype))

    def lookup(
        self,
        tokens: Integer[Array, "*b"],
        rate: float = 0.0,
        key: Key | None = None,
    ) -> Float[Array, "*b x"]:
        """Return the embedded tokens, one-hot vectors where there is no table."""
        tokens = tokens.astype(jnp.int32)
        if self.table is None:
            return jax.nn.one_hot(tokens, self.vocab_size, dtype=self.b_out[...].dtype)
        return embedding_dropout(self.table[...], rate, key)[tokens]

    def logits(self, hs: Float[Array, "*b h"]) -> Float[Array, "*b v"]:
        """Return the unnormalised log-probabilities of the next token."""
        weight = self.table[...].T if self.w_out is None else self.w_out[...]
        z = affine(self._narrow(hs), weight, self.b_out[...])
        return z.astype(accumulator_dtype(z.dtype))

    def nll(
        self, hs: Float[Array, "*b h"], targets: Integer[Array, "*b"]
    ) -> Float[Array, "*b"]:
        """Return the nats of each target, as read off :meth:`logits`."""
        tied = self.w_out is None
        weight = self.table if tied else self.w_out
        hs = self._narrow(hs)
        return linear_nll(hs, weight[...], self.b_out[...], targets, tied=tied)

    def _narrow(self, hs: Float[Array, "*b h"]) -> Float[Array, "*b x"]:
        return hs if self.w_down is None else hs @ self.w_down[...]
