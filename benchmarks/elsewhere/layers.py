"""What is compiled: a layer of jlstm by each backend, and layers of other libraries."""

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import jlstm
from benchmarks.cells import cells
from benchmarks.problem import Problem
from benchmarks.rows import Row
from jlstm._backends import BACKENDS, CallTypes
from jlstm.analysis.target import Target

STEPS, ROWS, SIZE = 128, 64, 256
DTYPES = ("float32", "bfloat16")
LINEN = ("LSTMCell", "OptimizedLSTMCell", "GRUCell")
OTHERS = {"haiku": "haiku", "keras": "keras"}
"""Libraries whose adapter is in ``benchmarks.libraries``, and their modules."""


class Key(NamedTuple):
    """One row of the table.

    Attributes:
        machine: of :data:`benchmarks.elsewhere.machines.MACHINES`.
        library: ``"jlstm"``, ``"linen"``, ``"haiku"`` or ``"keras"``.
        cell: the name of a class.
        backend: of jlstm; empty for others.
        dtype: of inputs and outputs; of jlstm's weights it is float32 always.
    """

    machine: str
    library: str
    cell: str
    backend: str
    dtype: str

    def __str__(self) -> str:
        return " ".join(filter(None, self))


class Layer(NamedTuple):
    """A layer as a function of params and inputs, with the types of both."""

    apply: Callable[[Any, Any], Any]
    params: Any
    xs: jax.ShapeDtypeStruct


def keys(machine: str, target: Target) -> Iterator[Key]:
    """Yield the rows of a machine: LSTM and GRU first, which are compared."""
    first = ("LSTMCell", "GRUCell")
    listed = sorted(cells(), key=lambda cell: type(cell).__name__ not in first)
    for cell in listed[: len(first)]:
        yield from _of_cell(machine, target, cell)
    for library, cell in _others():
        yield from (Key(machine, library, cell, "", dtype) for dtype in DTYPES)
    for cell in listed[len(first) :]:
        yield from _of_cell(machine, target, cell)


def layer(key: Key) -> Layer:
    """Return what a row compiles."""
    if key.library == "jlstm":
        return _of_jlstm(key)
    return _of_linen(key) if key.library == "linen" else _of_other(key)


def _of_cell(machine: str, target: Target, cell: Any) -> Iterator[Key]:
    for dtype in DTYPES:
        for backend in BACKENDS:
            types = CallTypes(STEPS, (ROWS,), (dtype,), target=target)
            if backend.unsupported(cell, types) is None:
                name = type(cell).__name__
                yield Key(machine, "jlstm", name, backend.name, dtype)


def _others() -> Iterator[tuple[str, str]]:
    yield from (("linen", cell) for cell in LINEN)
    for library, module in OTHERS.items():
        if importlib.util.find_spec(module) is not None:
            yield from ((library, cell) for cell in ("LSTM", "GRU"))


def _of_jlstm(key: Key) -> Layer:
    cell = next(each for each in cells() if type(each).__name__ == key.cell)
    size = (*getattr(cell, "input_shape", ()), SIZE)
    xs = jax.ShapeDtypeStruct((STEPS, ROWS, *size), jnp.dtype(key.dtype))
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), SIZE))

    def apply(params: Any, xs: Any) -> Any:
        return jlstm.unroll(cell, params, xs, backend=key.backend)[1]

    return Layer(apply, params, xs)


def _of_linen(key: Key) -> Layer:
    from flax import linen

    cell = getattr(linen, key.cell)(SIZE, dtype=jnp.dtype(key.dtype))
    rnn = linen.RNN(cell, time_major=True)
    xs = jax.ShapeDtypeStruct((STEPS, ROWS, SIZE), jnp.dtype(key.dtype))
    params = jax.eval_shape(rnn.init, jax.random.key(0), xs)
    return Layer(rnn.apply, params, xs)


def _of_other(key: Key) -> Layer:
    library = importlib.import_module(f"benchmarks.libraries.{key.library}")
    row = Row(STEPS, ROWS, SIZE, SIZE)
    model = library.model(Problem(key.cell.lower(), "both", row, dtype=key.dtype))
    shape = (STEPS, ROWS, SIZE)
    if model.batch_first:
        shape = (ROWS, STEPS, SIZE)
    xs = jax.ShapeDtypeStruct(shape, jnp.dtype(key.dtype))
    return Layer(lambda *args: model.apply(*args)[0], model.params, xs)
