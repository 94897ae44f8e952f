"""One cell over time."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from jlstm._backends import BackendName
from jlstm._internal.arrays import check_key
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

    def prepare(
        self, params: Params, xs: Any, key: Key | None = None
    ) -> tuple[Params, Array | None]:
        """Draw the noise of a sequence that :meth:`step` will run over.

        Args:
            params: made by :meth:`init`.
            xs: the inputs, time first, or their ``jax.ShapeDtypeStruct``: only shapes
                are read. Without a key the number of steps does not matter.
            key: the key that :meth:`apply` would take; ``None`` is no noise.

        Returns:
            The parameters as all steps use them (:meth:`jlstm.cell.Cell.prepare`), and
            the noise of each step, time first; ``None`` without a key.

        Raises:
            ValueError: the layer reads from the end.
        """
        self._check_steps()
        check_key(key)
        once, each = (None, None) if key is None else jax.random.split(key)
        x = jax.ShapeDtypeStruct(xs.shape[1:], xs.dtype)
        noise = None if each is None else jax.random.split(each, xs.shape[0])
        return self.cell.prepare(params, x, once), noise

    def step(
        self,
        params: Params,
        carry: Carry,
        x: Float[Array, "*bx"],
        noise: Key | None = None,
    ) -> tuple[Carry, Float[Array, "*bh"]]:
        """Advance one step: what :meth:`apply` makes of a sequence of one step.

        For loops in which an output decides on the next input; :class:`jlstm.Stack` has
        an example. The arrays are not checked.

        Args:
            params: made by :meth:`prepare`.
            carry: of the step before.
            x: the input of this step.
            noise: of this step, as :meth:`prepare` draws it.

        Raises:
            ValueError: the layer reads from the end.
        """
        self._check_steps()
        carry, _ = self.cell.step(params, carry, self.cell.project(params, x), noise)
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

    def _check_steps(self) -> None:
        if self.reverse:
            raise ValueError(
                f"{self!r} reads from the end, so it cannot run step by step; use "
                "apply, or a layer with reverse=False."
            )
