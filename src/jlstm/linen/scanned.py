"""The ``ScannedRNN`` of reinforcement learning in JAX, with a GRU or an LSTM.

PureJaxRL, JaxMARL and popjaxrl share one class of some thirty lines around ``nn.scan``
and ``nn.GRUCell``. These take its place: the same call, the same static
``initialize_carry``, time first. The hidden size is that of the carry; the inputs may
have any width.

``resets[t]`` means that the state is fresh *before* ``ins[t]`` is consumed. So it is
the done flag of the step before: store that one with the observation, or make it with
:func:`jlstm.resets_from_dones`.
"""

from typing import TypeAlias

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Bool, Float, Int

from jlstm._internal.types import DType
from jlstm.cells import GRUCarry, GRUCell, LSTMCarry, LSTMCell
from jlstm.linen.rnn import RNN

Resets: TypeAlias = Bool[Array, "t *b"] | Int[Array, "t *b"] | Float[Array, "t *b"]
Step: TypeAlias = tuple[Float[Array, "t *b x"], Resets]


class ScannedRNN(nn.Module):
    """A GRU that starts afresh where an episode begins; the carry is one array.

    The parameters lie under ``rnn/weights``. Input weights are drawn from Glorot's
    distribution, where ``nn.GRUCell`` draws from LeCun's.

    Args:
        dtype: dtype of the computation; default: that of the inputs.
        param_dtype: dtype of the parameters.

    Example:
        >>> import jax
        >>> ins, resets = jnp.ones((7, 5, 3)), jnp.zeros((7, 5), bool)
        >>> carry = ScannedRNN.initialize_carry(5, 4)
        >>> variables = ScannedRNN().init(jax.random.key(0), carry, (ins, resets))
        >>> carry, ys = ScannedRNN().apply(variables, carry, (ins, resets))
        >>> carry.shape, ys.shape
        ((5, 4), (7, 5, 4))
    """

    dtype: DType | None = None
    param_dtype: DType = jnp.float32

    @nn.compact
    def __call__(
        self, carry: Float[Array, "*b h"], x: Step
    ) -> tuple[Float[Array, "*b h"], Float[Array, "t *b h"]]:
        """Run over ``x = (ins, resets)``; return the last carry and the outputs."""
        ins, resets = x
        rnn = RNN(
            GRUCell(carry.shape[-1]), dtype=self.dtype, param_dtype=self.param_dtype,
            time_major=True, name="rnn",
        )  # fmt: skip
        (h,), ys = rnn(ins, GRUCarry(carry), resets=resets.astype(bool))
        return h, ys

    @staticmethod
    def initialize_carry(batch_size: int, hidden_size: int) -> Float[Array, "b h"]:
        """Return the carry before the first step."""
        return GRUCell(hidden_size).init_carry((batch_size,)).h


class ScannedLSTM(nn.Module):
    """:class:`ScannedRNN` with an LSTM; the carry has two arrays, ``h`` and ``c``.

    Code that says ``carry[None]`` must say ``jax.tree.map(lambda a: a[None], carry)``.

    Args:
        dtype: dtype of the computation; default: that of the inputs.
        param_dtype: dtype of the parameters.

    Example:
        >>> import jax
        >>> ins, resets = jnp.ones((7, 5, 3)), jnp.zeros((7, 5), bool)
        >>> carry = ScannedLSTM.initialize_carry(5, 4)
        >>> variables = ScannedLSTM().init(jax.random.key(0), carry, (ins, resets))
        >>> carry, ys = ScannedLSTM().apply(variables, carry, (ins, resets))
        >>> carry.c.shape, ys.shape
        ((5, 4), (7, 5, 4))
    """

    dtype: DType | None = None
    param_dtype: DType = jnp.float32

    @nn.compact
    def __call__(
        self, carry: LSTMCarry, x: Step
    ) -> tuple[LSTMCarry, Float[Array, "t *b h"]]:
        """Run over ``x = (ins, resets)``; return the last carry and the outputs."""
        ins, resets = x
        rnn = RNN(
            LSTMCell(carry.h.shape[-1]), dtype=self.dtype, param_dtype=self.param_dtype,
            time_major=True, name="rnn",
        )  # fmt: skip
        return rnn(ins, carry, resets=resets.astype(bool))

    @staticmethod
    def initialize_carry(batch_size: int, hidden_size: int) -> LSTMCarry:
        """Return the carry before the first step."""
        return LSTMCell(hidden_size).init_carry((batch_size,))
