"""The softmax over tokens, whose matrix may be the table of their embeddings."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Integer

from jlstm._internal.affine import affine
from jlstm._internal.types import DType, accumulator_dtype
from jlstm.initializers import Constant, Initializer
from jlstm.losses import linear_nll
from jlstm.nnx.dense import Embedding

ZEROS = Constant(0.0)


class TokenSoftmax(nnx.Module):
    """Logits of all tokens from features, and the likelihood of one without them.

    It is no :class:`~jlstm.nnx.dense.Dense`: tied (Press and Wolf, 2017) it has no
    matrix of its own, and :meth:`nll` need not hold the logits.

    Args:
        features: what it reads.
        vocab_size: how many tokens there are.
        tied: let the table of the embeddings be the matrix.
        kernel_init: of the matrix.
        bias_init: of the bias.
        rngs: randomness; the ``params`` stream.
        param_dtype: of the parameters.

    Example:
        >>> table = Embedding(10, 4, rngs=nnx.Rngs(0))
        >>> softmax = TokenSoftmax(4, 10, tied=True, rngs=nnx.Rngs(0))
        >>> hs = table(jnp.arange(3))
        >>> softmax.logits(hs, table).shape, softmax.nll(hs, jnp.arange(3), table).shape
        ((3, 10), (3,))
    """

    def __init__(
        self,
        features: int,
        vocab_size: int,
        *,
        tied: bool = False,
        kernel_init: Initializer = ZEROS,
        bias_init: Initializer = ZEROS,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ):
        self.kernel = nnx.data(None)
        if not tied:
            shape = features, vocab_size
            self.kernel = nnx.Param(kernel_init(rngs.params(), shape, param_dtype))
        self.bias = nnx.Param(bias_init(rngs.params(), (vocab_size,), param_dtype))

    def logits(
        self, hs: Float[Array, "*b x"], table: Embedding | None = None
    ) -> Float[Array, "*b v"]:
        """Return the unnormalised log-probabilities; ``table`` is the tied one."""
        weight = table.embedding[...].T if self.kernel is None else self.kernel[...]
        z = affine(hs, weight, self.bias[...])
        return z.astype(accumulator_dtype(z.dtype))

    def nll(
        self,
        hs: Float[Array, "*b x"],
        targets: Integer[Array, "*b"],
        table: Embedding | None = None,
    ) -> Float[Array, "*b"]:
        """Return the nats of each target, as read off :meth:`logits`."""
        tied = self.kernel is None
        weight = table.embedding if tied else self.kernel
        return linear_nll(hs, weight[...], self.bias[...], targets, tied=tied)
