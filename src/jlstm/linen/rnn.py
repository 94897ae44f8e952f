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
        return layer.fresh_carry(self._stored(layer), batch_shape, dtype)

    def prepare(self, xs: Any, key: Key | None = None) -> tuple[Params, Any]:
        """Draw the noise of a sequence that :meth:`step` will run over.

        It reads the parameters: call it by ``model.apply(variables, xs, key,
        method="prepare")``, or in a module around this one.

        Args:
            xs: the inputs, as a call takes them, or their ``jax.ShapeDtypeStruct``:
                only shapes are read. Without a key the number of steps does not matter.
            key: the key that a call would take; ``None`` is no noise.

        Returns:
            The parameters as all steps use them, and the noise of each step, time
            first; ``None`` without a key.

        Raises:
            TypeError: ``xs`` is no array, or has no floating-point numbers.
            ValueError: ``xs`` has too few axes, a layer reads from the end, or the
                module has no parameters.
        """
        layer = self.sequence_layer()
        return _flax.prepare(
            layer, self._stored(layer), xs, key, time_major=self.time_major,
            dtype=self.dtype,
        )  # fmt: skip

    def step(
        self,
        params: Params,
        carry: Carry,
        x: Float[Array, "*bx"],
        noise: Any = None,
    ) -> tuple[Carry, Float[Array, "*bh"]]:
        """Advance one step: what a call makes of a sequence of one step.

        For loops in which an output decides on the next input. The arrays are not
        checked, and no variables are needed.

        Args:
            params: made by :meth:`prepare`.
            carry: of the step before.
            x: the input of this step.
            noise: of this step, as :meth:`prepare` draws it; ``None`` is no noise.

        Raises:
            ValueError: a layer reads from the end.

        Example:
            Each output is the next input:

            >>> import jax
            >>> from jlstm import GRUCell
            >>> model, x = RNN(GRUCell(4)), jnp.ones((5, 4))
            >>> variables = model.init(jax.random.key(0), x[:, None])
            >>> prepared, _ = model.apply(variables, x[:, None], method="prepare")
            >>> def write(state, _):
            ...     carry, y = model.step(prepared, *state)
            ...     return (carry, y), y
            >>> jax.lax.scan(write, (model.init_carry((5,)), x), length=7)[1].shape
            (7, 5, 4)
        """
        x = jnp.asarray(x, self.dtype)
        return self.sequence_layer().step(params, carry, x, noise)

    def _stored(self, layer: Layer) -> Params:
        """Return the parameters that the module is bound to."""
        if self.scope is None or not self.has_variable("params", "weights"):
            raise ValueError(
                f"{type(self).__name__} has no parameters here: call "
                'model.apply(variables, ..., method="prepare").'
            )
        tree = nn.unbox(self.get_variable("params", "weights"))
        return pure_params(layer, input_size_of(layer, tree), tree)

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
