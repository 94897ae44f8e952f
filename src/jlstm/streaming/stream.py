"""A stream: a layer that holds its carry, and takes one step at a call."""

import threading
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jlstm._backends import BackendChoice
from jlstm._internal.arrays import as_jax
from jlstm._internal.types import Carry, DType, Params, Shape, accumulator_dtype
from jlstm.cell import Cell
from jlstm.layers import Layer
from jlstm.streaming.check import (
    as_layer,
    batch_shape,
    check_concrete,
    checked_carry,
    step_shape,
    wrong_input,
)
from jlstm.streaming.choose import stepper_of
from jlstm.streaming.stepper import Stepper


def stream(
    layer: Cell | Layer,
    params: Params,
    *,
    batch: int | Shape = (),
    carry: Carry | None = None,
    input_size: int | Shape | None = None,
    dtype: DType = jnp.float32,
    quantize: Literal["int8"] | None = None,
) -> "Stream":
    """Return a stream: one step at a call, with the weights packed once.

    For inference where the next input is not there yet, and a step of a few rows must
    be quick. Arrays of NumPy go in and come out. A step computes what ``step`` of the
    layer does, on a CPU by the kernel that is made from a cell's own
    equations (:func:`jlstm.explain`), outside XLA; what the kernel cannot have runs by
    a compiled step of JAX. :attr:`Stream.backend` says which, and why.

    Args:
        layer: a cell, a :class:`jlstm.Recurrent` or a :class:`jlstm.Stack`, with
            connections, or any layer with ``prepare`` and ``step``. There is no noise.
        params: made by ``layer.init``. They are read once: later changes do not count.
        batch: how many rows a step has, or the axes of the batch; ``()`` is one row
            without an axis.
        carry: where to start; ``None`` is ``layer.fresh_carry``.
        input_size: features of a step; ``None`` reads it off the parameters.
        dtype: of inputs and outputs.
        quantize: ``"int8"`` keeps the weights of the products as whole numbers of 8
            bits, with a scale for each unit and gate; inputs, carry and all else stay
            in float32. A quarter of the memory, for errors of about a hundredth.

    Raises:
        ValueError: a layer reads from the end, or an argument does not fit.
        TypeError: ``layer`` is no layer.

    Example:
        >>> from jlstm import LSTMCell
        >>> cell = LSTMCell(hidden_size=3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> session = stream(cell, params, batch=5)
        >>> y = session.step(np.ones((5, 2), np.float32))
        >>> y.shape, bool((y == session.carry.h).all())
        ((5, 3), True)
    """
    layer, params = as_layer(layer), as_jax(params)
    if quantize not in (None, "int8"):
        raise ValueError(f'quantize is {quantize!r}; give "int8" or None.')
    check_concrete((params, carry))
    rows = batch_shape(batch)
    width = accumulator_dtype(dtype)
    x = jax.ShapeDtypeStruct((*rows, *step_shape(layer, params, input_size)), dtype)
    like = jax.eval_shape(lambda: layer.init_carry(rows, width))
    # Refuses, by its own words, a layer that has no steps.
    layer.prepare(params, jax.ShapeDtypeStruct((1, *x.shape), x.dtype))
    fresh = jax.tree.map(np.array, layer.fresh_carry(params, rows, width))
    start = fresh if carry is None else checked_carry(carry, like)
    return Stream(layer, rows, x, fresh, *stepper_of(layer, params, start, x, quantize))


class Stream:
    """A layer that holds its carry, and takes one step at a call.

    :func:`stream` makes it. A stream is one sequence (of each row): threads that share
    one wait for each other, and their steps follow each other in the order in which
    they came. Streams of different threads run at once. Its memory goes with it.
    """

    def __init__(
        self,
        layer: Layer,
        batch: Shape,
        x: jax.ShapeDtypeStruct,
        fresh: Carry,
        stepper: Stepper,
        backend: BackendChoice,
    ) -> None:
        self._layer, self._batch, self._fresh = layer, batch, fresh
        self._shape, self._dtype = x.shape, np.dtype(x.dtype)
        self._stepper, self._backend = stepper, backend
        self._lock = threading.Lock()

    @property
    def backend(self) -> BackendChoice:
        """What runs, ``"native"`` or ``"scan"``, and why; of a stack for each layer."""
        return self._backend

    def step(self, x: Any) -> np.ndarray:
        """Advance one step.

        Args:
            x: the input, the batch and then the features, in the dtype of the stream.

        Returns:
            The output, an array of its own.

        Raises:
            ValueError, TypeError: ``x`` does not fit; the carry stays as it was.

        Example:
            >>> from jlstm import GRUCell
            >>> cell = GRUCell(3)
            >>> session = stream(cell, cell.init(jax.random.key(0), 2))
            >>> session.step(np.ones(2, np.float32)).shape
            (3,)
        """
        fits = type(x) is np.ndarray and x.shape == self._shape
        if not fits or x.dtype != self._dtype:
            x = self._checked("x", x, 0)
        with self._lock:
            return self._stepper.step(x)

    def run(self, xs: Any) -> np.ndarray:
        """Advance as many steps as ``xs`` has; return the outputs, time first.

        Example:
            >>> from jlstm import GRUCell, unroll
            >>> cell = GRUCell(3)
            >>> params = cell.init(jax.random.key(0), 2)
            >>> xs = jnp.ones((7, 5, 2))
            >>> ys = stream(cell, params, batch=5).run(xs)
            >>> bool(np.allclose(ys, unroll(cell, params, xs)[1], atol=1e-6))
            True
        """
        xs = self._checked("xs", xs, 1)
        with self._lock:
            return self._stepper.run(xs)

    @property
    def carry(self) -> Carry:
        """The carry after the last step, a copy of it; set it to go on from elsewhere.

        It is the carry of the layer, with arrays of NumPy as leaves.

        Example:
            >>> from jlstm import GRUCell
            >>> cell = GRUCell(3)
            >>> session = stream(cell, cell.init(jax.random.key(0), 2))
            >>> x, kept = np.ones(2, np.float32), session.carry
            >>> first = session.step(x)
            >>> session.carry = kept
            >>> bool((session.step(x) == first).all())
            True
        """
        with self._lock:
            return self._stepper.carry

    @carry.setter
    def carry(self, carry: Carry) -> None:
        check_concrete(carry)
        carry = checked_carry(carry, self._fresh)
        with self._lock:
            self._stepper.carry = carry

    def reset(self, rows: Any = None) -> None:
        """Start afresh: all rows, or some of them.

        Args:
            rows: numbers of rows, or one boolean a row; ``None`` is all.

        Raises:
            IndexError: there are no such rows.

        Example:
            >>> from jlstm import GRUCell
            >>> cell = GRUCell(3)
            >>> session = stream(cell, cell.init(jax.random.key(0), 2), batch=4)
            >>> y = session.step(np.ones((4, 2), np.float32))
            >>> session.reset([0, 3])
            >>> session.carry.h.any(axis=-1)
            array([False,  True,  True, False])
        """
        chosen = self._rows(rows)
        with self._lock:
            carry = self._stepper.carry
            self._stepper.carry = jax.tree.map(
                lambda leaf, fresh: _replaced(leaf, chosen, fresh), carry, self._fresh
            )

    def _rows(self, rows: Any) -> Any:
        """Return what selects some rows in a leaf of the carry."""
        if rows is None:
            return ()
        chosen = np.asarray(rows)
        flags = chosen.dtype == bool and chosen.shape == self._batch
        count = self._batch[0] if self._batch else 0
        whole = chosen.dtype.kind in "iu" or not chosen.size
        if flags or (whole and np.all((-count <= chosen) & (chosen < count))):
            return chosen if flags else chosen.astype(int)
        raise IndexError(
            f"rows is {rows!r}; the batch of the stream has shape {self._batch}: give "
            "numbers of rows on its first axis, or a boolean array of its shape."
        )

    def _checked(self, name: str, x: Any, steps: int) -> np.ndarray:
        fits = isinstance(x, np.ndarray | jax.Array) and x.dtype == self._dtype
        if not fits or x.ndim < steps or x.shape[steps:] != self._shape:
            raise wrong_input(name, x, self._shape, self._dtype)
        return np.asarray(x)

    def __repr__(self) -> str:
        return f"Stream({self._layer!r}, batch={self._batch}, {self._backend})"


def _replaced(leaf: np.ndarray, chosen: Any, fresh: np.ndarray) -> np.ndarray:
    leaf[chosen] = fresh[chosen]
    return leaf
