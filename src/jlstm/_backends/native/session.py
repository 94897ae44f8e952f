"""A cell in the kernel that is stepped by NumPy: packed once, called without XLA."""

import ctypes
import math
import weakref
from functools import partial
from typing import Any

import jax
import numpy as np

from jlstm._backends.native.build import load_kernel
from jlstm._backends.native.compiled import Compiled, compiled
from jlstm._backends.native.equations.trace import StepInputs
from jlstm._backends.native.equations.unsupported import UnsupportedError
from jlstm._backends.native.error import BuildError
from jlstm._backends.native.inputs import (
    join_carry,
    read_inputs,
    shared_inputs,
    split_carry,
)
from jlstm._internal.types import Carry, Params, Shape
from jlstm.cell import Cell

WORTH_A_TEAM = 2 << 20
"""With fewer multiplications in a step other threads cost more than they save."""
MOST_THREADS = 1 << 20
"""As many as there are cores, or ``JLSTM_NATIVE_THREADS`` allows."""

NUMBERS = {"float32": 0, "bfloat16": 1, "int8": 2}
"""Of weights, as the kernel counts their kinds (``numbers.h``)."""


class Session:
    """A cell with its carry, in memory of the kernel's.

    Nothing is checked here, and one thread at a time may call.

    Args:
        cell: what happens in a step.
        params: as the cell has prepared them.
        carry: where to start.
        x: the type of the input of a step: the batch, then the features.
        quantize: ``"int8"`` keeps the weights so, each column with a scale.

    Raises:
        UnsupportedError: the kernel cannot have the cell with these parameters.
        BuildError: it cannot be compiled here.
    """

    def __init__(
        self,
        cell: Cell,
        params: Params,
        carry: Carry,
        x: jax.ShapeDtypeStruct,
        quantize: str | None = None,
    ) -> None:
        *batch, features = x.shape
        kinds, leaves = jax.tree.map(jax.typeof, (params, carry))
        types = StepInputs(kinds, x, None, leaves)
        self._made = made = compiled(cell, types)
        if made.real != "float32":
            raise UnsupportedError(f"its steps are in float32, not in {made.real}")
        self._rows, self._batch = math.prod(batch), tuple(batch)
        self._like, self._dtype = leaves, x.dtype
        self._outside = _outside(made, params)
        self._handle = _new(made, params, self._rows, features, quantize)
        weakref.finalize(self, free_session, self._handle)
        self._x = np.zeros(x.shape, np.float32)
        self._hs = np.zeros((1, made.program.shown, self._rows, made.units), np.float32)
        self._shown = _by_rows(self._hs, self._batch)[0]
        self._out = (*batch, made.program.shown * made.units)
        self._advance = self._bound([self._x])
        self.carry = carry

    def step(self, x: np.ndarray) -> np.ndarray:
        """Advance one step; return the output."""
        if self._outside is None:
            self._x[...] = x
            _require(self._advance())
        else:
            self._run(x[None], self._hs)
        return self._shown.astype(self._dtype).reshape(self._out)

    def run(self, xs: np.ndarray) -> np.ndarray:
        """Advance as many steps as there are inputs; return the outputs."""
        hs = np.empty((len(xs), *self._hs.shape[1:]), np.float32)
        self._run(xs, hs)
        ys = _by_rows(hs, self._batch).reshape(len(xs), *self._out)
        return ys.astype(self._dtype, copy=False)

    @property
    def carry(self) -> Carry:
        """The carry after the last step, as arrays of NumPy."""
        parts = np.empty((self._made.leaves, self._rows, self._made.units), np.float32)
        load_kernel().jlstm_session_get(self._handle, _address(parts))
        return join_carry(self._made, list(parts), self._like, self._rows)

    @carry.setter
    def carry(self, carry: Carry) -> None:
        leaves = jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), carry)
        parts = np.stack(split_carry(self._made, leaves, self._rows))
        load_kernel().jlstm_session_set(self._handle, _address(parts))

    def _run(self, xs: np.ndarray, hs: np.ndarray) -> None:
        xs = xs.reshape(len(xs), self._rows, xs.shape[-1])
        plain = self._outside is None
        read = [np.ascontiguousarray(xs, np.float32)] if plain else self._outside(xs)
        _require(self._bound(read, hs)())

    def _bound(self, read: list[np.ndarray], hs: np.ndarray | None = None) -> Any:
        """Return the call that reads some arrays, all of which it keeps alive."""
        hs = self._hs if hs is None else hs
        table = (ctypes.c_void_p * len(read))(*(array.ctypes.data for array in read))
        table.arrays = read, hs  # type: ignore[attr-defined]
        run = load_kernel().jlstm_session_run
        return partial(run, self._handle, len(hs), table, _address(hs))


def free_session(handle: ctypes.c_void_p) -> None:
    """Give a session's memory back; it must not be used again."""
    load_kernel().jlstm_session_free(handle)


class _Given(ctypes.Structure):
    """An array with its size, which the kernel compares with what must be there."""

    _fields_ = (("at", ctypes.c_void_p), ("count", ctypes.c_int64))


def _new(
    made: Compiled, params: Params, rows: int, features: int, quantize: str | None
) -> ctypes.c_void_p:
    """Pack the weights of a cell; return the kernel's name for the session."""
    shared = shared_inputs(made, params, rows, features)
    if quantize:
        wide = [weight.astype(np.float32) for weight in shared.weights]
        shared = shared._replace(weights=wide)
    arrays = [np.ascontiguousarray(a) for kind in shared for a in kind]
    given = (_Given * len(arrays))(*((a.ctypes.data, a.size) for a in arrays))
    said = ctypes.create_string_buffer(300)
    work = rows * sum(math.prod(weight.shape) for weight in shared.weights)
    threads = 1 if work < WORTH_A_TEAM else MOST_THREADS
    handle = load_kernel().jlstm_session_new(
        made.key.encode(), rows, features, made.units, given, len(arrays),
        NUMBERS[quantize or made.weight_dtype], threads, said, len(said),
    )  # fmt: skip
    if not handle:
        raise BuildError(f"the kernel makes no session: {said.value.decode()}")
    return ctypes.c_void_p(handle)


def _outside(made: Compiled, params: Params) -> Any:
    """Return what XLA makes of inputs for the kernel; None if it takes them as is."""
    first = made.cut.trace.counts[0]
    if made.cut.x == [("input", first)] and not made.cut.streams:
        return None
    compute = jax.jit(lambda params, xs: read_inputs(made, params, xs, None))

    def call(xs: np.ndarray) -> list[np.ndarray]:
        read = compute(params, xs)
        arrays = [*(() if read.xs is None else (read.xs,)), *read.streams]
        return [np.ascontiguousarray(array) for array in arrays]

    return call


def _by_rows(hs: np.ndarray, batch: Shape) -> np.ndarray:
    """Return vectors of units, (t, vectors, rows, units), with the batch in front."""
    steps, vectors, _, units = hs.shape
    return np.moveaxis(hs, 1, 2).reshape(steps, *batch, vectors, units)


def _address(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _require(done: bool) -> None:
    if not done:
        raise MemoryError("a step of the kernel found no memory to call its threads")
