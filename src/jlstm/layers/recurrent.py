"""One cell over time."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from jlstm._backends import BackendName
from jlstm._internal.options import Drawn, Options, Size
from jlstm._internal.repr import ShortRepr
from jlstm._internal.types import Carry, Checkpoint, DType, Key, Params, Shape
from jlstm.cell import Cell
from jlstm.loop import unroll


@dataclass(frozen=True, repr=False)
class Recurrent(ShortRepr, Drawn, Options):
    """One cell over time.

    Example:
        >>> from jlstm import GRUCell
        >>> layer = Recurrent(GRUCell(3))
        >>> params = layer.init(jax.random.key(0), input_size=2)
        >>> carry, ys = layer.apply(params, jnp.ones((7, 5, 2)))
        >>> ys.shape
        (7, 5, 3)
    """

    cell: Cell
    reverse: bool = False
    backend: BackendName = "auto"
    unroll: Size = 1
    checkpoint: Checkpoint = None

    @property
    def num_feature_axes(self) -> int:
        """The feature axes of the cell."""
        return self.cell.num_feature_axes

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> Params:
        """Draw the parameters of the cell."""
        return self.cell.init(key, input_size, dtype)

    def init_carry(self, batch_shape: Shape = (), dtype: DType = jnp.float32) -> Carry:
        """Return the carry of the cell before the first step."""
        return self.cell.init_carry(batch_shape, dtype)

    def fresh_carry(
        self, params: Params, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> Carry:
        """Return the carry that the cell starts from."""
        return self.cell.fresh_carry(params, batch_shape, dtype)

    def output_size(self, input_size: int) -> int:
        """Return the number of output features."""
        return jax.eval_shape(self.cell.init_carry).h.shape[-1]

    def prepare(self, params: Params, x: Any, key: Key | None = None) -> Params:
        """Return the parameters as :meth:`step` uses them over one sequence.

        What is drawn once per sequence is drawn here; see
        :meth:`jlstm.cell.Cell.prepare`. ``x`` is the input of one step, or its
        ``jax.ShapeDtypeStruct``.
        """
        return self.cell.prepare(params, jax.ShapeDtypeStruct(x.shape, x.dtype), key)

    def step(
        self,
        params: Params,
        carry: Carry,
        x: Float[Array, "*bx"],
        key: Key | None = None,
    ) -> tuple[Carry, Float[Array, "*bh"]]:
        """Advance one step: what :meth:`apply` makes of a sequence of one step.

        For loops in which an output decides on the next input. Nothing is checked.

        Args:
            params: made by :meth:`prepare`.
            carry: of the step before.
            x: the input of this step.
            key: noise of this step.

        Raises:
            ValueError: the layer reads from the end.
        """
        if self.reverse:
            raise ValueError(
                f"{self!r} reads from the end, so it cannot run step by step; use "
                "apply, or a layer with reverse=False."
            )
        carry, _ = self.cell.step(params, carry, self.cell.project(params, x), key)
        return carry, carry.h.astype(x.dtype)

    def apply(
        self,
        params: Params,
        xs: Float[Array, "t *bx"],
        carry: Carry | None = None,
        *,
        lengths: Int[Array, "*b"] | None = None,
        mask: Bool[Array, "t *b"] | None = None,
        resets: Bool[Array, "t *b"] | None = None,
        key: Key | None = None,
    ) -> tuple[Carry, Float[Array, "t *bh"]]:
        """Run the cell over ``xs``; the arguments are those of :func:`jlstm.unroll`."""
        return unroll(
            self.cell,
            params,
            xs,
            carry,
            lengths=lengths,
            mask=mask,
            resets=resets,
            reverse=self.reverse,
            key=key,
            backend=self.backend,
            unroll=self.unroll,
            checkpoint=self.checkpoint,
        )
