"""Any cell or layer as a Linen module."""

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Bool, Float, Int

from jlstm import _flax
from jlstm._types import Carry, DType, Key, Params, Shape
from jlstm.cell import Cell
from jlstm.layers import Layer
from jlstm.linen.params import linen_params, pure_params


class Sequence(nn.Module, kw_only=True):
    """What :class:`RNN` and the stacks share; a subclass says which layer it runs.

    Args:
        dtype: what the inputs are cast to, and so the dtype of computation and
            outputs; default: the dtype of the inputs.
        param_dtype: the dtype of the parameters.
        time_major: take and return ``(t, *batch, features)`` in place of
            ``(*batch, t, features)``.
    """

    dtype: DType | None = None
    param_dtype: DType = jnp.float32
    time_major: bool = False

    def sequence_layer(self) -> Layer:
        """Return the layer to run."""
        raise NotImplementedError

    @nn.compact
    def __call__(
        self,
        xs: Float[Array, "*btx"],
        carry: Carry | None = None,
        *,
        lengths: Int[Array, "*b"] | None = None,
        mask: Bool[Array, "*bt"] | None = None,
        resets: Bool[Array, "*bt"] | None = None,
        key: Key | None = None,
    ) -> tuple[Carry, Float[Array, "*bth"]]:
        """Run over ``xs``; return the last carry and the outputs of all steps.

        The arguments mean what they mean for :func:`jlstm.unroll`; ``mask`` and
        ``resets`` have the layout of ``xs``. Dropout and other noise come with ``key``
        only: leave it out to evaluate.
        """
        layer = self.sequence_layer()
        return _flax.apply(
            layer, self._params(layer, xs.shape[-1]), xs, carry,
            time_major=self.time_major, dtype=self.dtype, lengths=lengths, mask=mask,
            resets=resets, key=key,
        )  # fmt: skip

    def init_carry(self, batch_shape: Shape = (), dtype: DType = jnp.float32) -> Carry:
        """Return the carry before the first step."""
        return self.sequence_layer().init_carry(batch_shape, dtype)

    def _params(self, layer: Layer, input_size: int) -> Params:
        def draw(key: Key) -> dict[str, Any]:
            return linen_params(layer.init(key, input_size, self.param_dtype))

        return pure_params(layer, input_size, self.param("weights", draw))


class RNN(Sequence):
    """A cell or a layer over sequences.

    Args:
        layer: any layer; a bare cell becomes ``Recurrent(cell)``.

    Raises:
        TypeError: ``layer`` is neither a cell nor a layer.

    Example:
        >>> import jax
        >>> from jlstm import GRUCell
        >>> model = RNN(GRUCell(4))
        >>> xs = jnp.ones((5, 7, 2))
        >>> variables = model.init(jax.random.key(0), xs)
        >>> carry, ys = model.apply(variables, xs)
        >>> ys.shape, variables["params"]["weights"]["w_ih"].shape
        ((5, 7, 4), (2, 3, 4))
    """

    layer: Layer | Cell

    def sequence_layer(self) -> Layer:
        """Return the layer to run."""
        return _flax.as_layer(self.layer)
