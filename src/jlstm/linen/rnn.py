"""Any cell or layer as a Linen module."""

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Bool, Float, Int

from jlstm._internal import flax as _flax
from jlstm._internal.types import Carry, DType, Key, Params, Shape
from jlstm.cell import Cell
from jlstm.layers import Layer
from jlstm.linen.params import input_size_of, linen_params, pure_params


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
        _flax.check_options(self.time_major, self.dtype, self.param_dtype)
        _flax.check_inputs(layer, xs, self.time_major)
        return _flax.apply(
            layer, self._params(layer, xs.shape[-1]), xs, carry,
            time_major=self.time_major, dtype=self.dtype, lengths=lengths, mask=mask,
            resets=resets, key=key,
        )  # fmt: skip

    def init_carry(self, batch_shape: Shape = (), dtype: DType = jnp.float32) -> Carry:
        """Return the carry that a call without one starts from.

        A module that is not bound to variables has no parameters. Where a part learns
        what it starts from, its carry is then ``None``, for which a call takes the
        learned one. Bind the module for its numbers:
        ``model.apply(variables, (5,), method="init_carry")``.

        Example:
            >>> import jax
            >>> from jlstm import GRUCell, LearnedCarry
            >>> model = RNN(LearnedCarry(GRUCell(4)))
            >>> variables = model.init(jax.random.key(0), jnp.ones((5, 7, 2)))
            >>> model.init_carry((5,)) is None
            True
            >>> model.apply(variables, (5,), method="init_carry").h.shape
            (5, 4)
        """
        layer = self.sequence_layer()
        if self.scope is None or not self.has_variable("params", "weights"):
            return _flax.start_without_params(layer, batch_shape, dtype)
        tree = self.get_variable("params", "weights")
        params = pure_params(layer, input_size_of(layer, tree), tree)
        return layer.fresh_carry(params, batch_shape, dtype)

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
