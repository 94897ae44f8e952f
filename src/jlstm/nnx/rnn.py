"""Any cell or layer as an NNX module."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from jlstm._internal import flax as _flax
from jlstm._internal.types import Carry, DType, Key, Params, Shape
from jlstm.cell import Cell
from jlstm.layers import Layer
from jlstm.nnx._weights import Weights


class RNN(Weights):
    """A cell or a layer over sequences, with its parameters.

    Args:
        layer: any layer; a bare cell becomes ``Recurrent(cell)``.
        input_size: features of the input.
        rngs: the parameters are drawn with a key of its ``params`` stream.
        dtype: what the inputs are cast to, and so the dtype of computation and
            outputs; default: the dtype of the inputs.
        param_dtype: the dtype of the parameters.
        time_major: take and return ``(t, *batch, features)`` in place of
            ``(*batch, t, features)``.

    Attributes:
        weights: the tree that ``layer.init`` made, each array in an ``nnx.Param``; it
            has the name that it has in :mod:`jlstm.linen`, where ``params`` is the
            collection that holds it.

    Raises:
        TypeError: ``layer`` is neither a cell nor a layer, or an option is of another
            kind.
        ValueError: ``input_size`` is not positive.

    Example:
        >>> from jlstm import GRUCell
        >>> model = RNN(GRUCell(4), input_size=2, rngs=nnx.Rngs(0))
        >>> carry, ys = model(jnp.ones((5, 7, 2)))
        >>> ys.shape, carry.h.shape, model.weights.w_ih.shape
        ((5, 7, 4), (5, 4), (2, 3, 4))
    """

    def __init__(
        self,
        layer: Layer | Cell,
        input_size: int,
        *,
        rngs: nnx.Rngs,
        dtype: DType | None = None,
        param_dtype: DType = jnp.float32,
        time_major: bool = False,
    ):
        _flax.check_options(time_major, dtype, param_dtype, input_size)
        self.layer = _flax.as_layer(layer)
        self.input_size = input_size
        self.dtype = dtype
        self.time_major = time_major
        super().__init__(self.layer.init(rngs.params(), input_size, param_dtype))

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
        return _flax.apply(
            self.layer, self.pure_params(), xs, carry, time_major=self.time_major,
            dtype=self.dtype, lengths=lengths, mask=mask, resets=resets, key=key,
        )  # fmt: skip

    @property
    def output_size(self) -> int:
        """The number of output features."""
        return self.layer.output_size(self.input_size)

    def init_carry(self, batch_shape: Shape = (), dtype: DType = jnp.float32) -> Carry:
        """Return the carry that a call without one starts from."""
        return self.layer.fresh_carry(self.pure_params(), batch_shape, dtype)

    def prepare(self, xs: Any, key: Key | None = None) -> tuple[Params, Any]:
        """Draw the noise of a sequence that :meth:`step` will run over.

        Args:
            xs: the inputs, as a call takes them, or their ``jax.ShapeDtypeStruct``:
                only shapes are read. Without a key the number of steps does not matter.
            key: the key that a call would take; ``None`` is no noise.

        Returns:
            The parameters as all steps use them, and the noise of each step, time
            first; ``None`` without a key.

        Raises:
            TypeError: ``xs`` is no array, or has no floating-point numbers.
            ValueError: ``xs`` has too few axes, or a layer reads from the end.
        """
        return _flax.prepare(
            self.layer, self.pure_params(), xs, key, time_major=self.time_major,
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
        checked.

        Args:
            params: made by :meth:`prepare`.
            carry: of the step before.
            x: the input of this step.
            noise: of this step, as :meth:`prepare` draws it; ``None`` is no noise.

        Raises:
            ValueError: a layer reads from the end.

        Example:
            Each output is the next input:

            >>> from jlstm import GRUCell
            >>> model = RNN(GRUCell(4), input_size=4, rngs=nnx.Rngs(0))
            >>> x = jnp.ones((5, 4))
            >>> prepared, _ = model.prepare(x[:, None])
            >>> def write(state, _):
            ...     carry, y = model.step(prepared, *state)
            ...     return (carry, y), y
            >>> jax.lax.scan(write, (model.init_carry((5,)), x), length=7)[1].shape
            (7, 5, 4)
        """
        return self.layer.step(params, carry, jnp.asarray(x, self.dtype), noise)

    def pure_params(self) -> Params:
        """Return the parameters as the tree of arrays that ``layer.apply`` takes."""
        return super().pure_params()

    def with_params(self, params: Params) -> "RNN":
        """Return a copy that holds ``params``, a tree such as ``layer.init`` makes.

        Raises:
            ValueError: the structure or a shape is not that of the present parameters.

        Example:
            >>> from jlstm import GRUCell
            >>> model = RNN(GRUCell(4), input_size=2, rngs=nnx.Rngs(0))
            >>> zeros = jax.tree.map(jnp.zeros_like, model.pure_params())
            >>> model.with_params(zeros)(jnp.ones((7, 2)))[1].max().item()
            0.0
        """
        came, want = (
            jax.tree.map(jnp.shape, tree) for tree in (params, self.pure_params())
        )
        if came != want:
            raise ValueError(f"params has shapes {came}; {self.layer!r} wants {want}.")
        return jax.tree.unflatten(jax.tree.structure(self), jax.tree.leaves(params))
