"""Calls of the kernel as XLA makes them: right ones, and ones that do not fit."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import jlstm
from jlstm._backends.native.build import target
from jlstm._backends.native.compiled import Compiled, compiled, own_types
from jlstm._backends.native.equations.plan import INPUT
from jlstm._backends.native.library import register_kernel

LSTM = jlstm.LSTMCell(7)
# A cell with one product, with two of them, with sums over the units; and two whose
# noise is one per row, and one per step. Noise needs a key.
CELLS = {
    "lstm": (LSTM, False),
    "gru": (jlstm.GRUCell(7, reset="before"), False),
    "norm": (jlstm.LayerNormLSTMCell(7), False),
    "dropout": (jlstm.RecurrentDropout(LSTM, 0.5), True),
    "zoneout": (jlstm.Zoneout(LSTM, h=0.3, c=0.2), True),
}
KEY = jax.typeof(jax.random.key(0))
HANDLERS = tuple(
    f"{what} {way}" for what in ("nll", *CELLS) for way in ("forward", "backward")
)
DTYPES = ("bool", "int8", "int32", "int64", "uint32", "float16", "bfloat16", "float64")
FEWEST_CLASSES = 5


@functools.cache
def made(name: str) -> Compiled:
    """Return one of the cells with its program.

    With 64 bits noise is drawn in float64, which the kernel does not have.
    """
    cell, noisy = CELLS[name]
    with jax.enable_x64(False):
        return compiled(cell, own_types(cell, KEY if noisy else None))


class Call(NamedTuple):
    """A function of the kernel with the types of all that it reads and writes."""

    handler: str
    operands: dict[str, jax.ShapeDtypeStruct]
    results: dict[str, jax.ShapeDtypeStruct]
    options: dict[str, Any]

    def replace(self, name: str, given: jax.ShapeDtypeStruct) -> "Call":
        """Return the call with an array of another type."""
        operands, results = dict(self.operands), dict(self.results)
        (operands if name in operands else results)[name] = given
        return self._replace(operands=operands, results=results)

    def types(self) -> dict[str, jax.ShapeDtypeStruct]:
        """Return the types of all arrays."""
        return self.operands | self.results

    def run(self, seed: int = 0) -> list[jax.Array]:
        """Fill the operands with numbers, call the kernel and wait for it."""
        register_kernel()
        rng = np.random.default_rng(seed)
        operands = [filled(rng, given) for given in self.operands.values()]
        results = list(self.results.values())
        call = jax.ffi.ffi_call(target(self.handler), results)
        return jax.block_until_ready(call(*operands, **self.options))


def floats(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.float32)


ABSENT = floats(0)


def read(
    name: str, t: int, b: int, x: int, h: int, *, resets: bool
) -> dict[str, jax.ShapeDtypeStruct]:
    """Return the types of all that a cell reads, under the kernel's names for them."""
    cell, flags = made(name), jax.ShapeDtypeStruct((t, b), jnp.bool_)
    products = cell.program.products
    rows = {"xs": floats(t, b, x)}
    rows |= {
        f"weight {n}": floats(x if p.operand.kind == INPUT else h, len(p.used), h)
        for n, p in enumerate(products)
    }
    rows |= {
        f"stream {n}": floats(t, b, s.width, h) for n, s in enumerate(cell.streams)
    }
    rows |= {f"vector {n}": floats(v.width, h) for n, v in enumerate(cell.vectors)}
    rows |= {f"row {n}": floats(b, r.width, h) for n, r in enumerate(cell.rows)}
    carry = floats(b, h)
    rows |= {f"carry {n}": carry for n in range(cell.leaves)}
    fresh = carry if resets else ABSENT
    rows |= {f"fresh carry {n}": fresh for n in range(cell.leaves)}
    return rows | dict.fromkeys(("live", "resets"), flags if resets else ABSENT)


def sequence(
    way: str, name: str, t: int, b: int, x: int, h: int, *, resets: bool
) -> Call:
    """Return a right call of a cell's passes: what is kept, is kept."""
    cell, operands = made(name), read(name, t, b, x, h, resets=resets)
    shown, leaves, width = cell.program.shown, cell.leaves, cell.program.width
    hs, others = floats(t, b, h), range(shown, leaves)
    outputs = {f"hs {n}": hs for n in range(shown)}
    last = {f"last carry {n}": floats(b, h) for n in others}
    kept = {
        f"all of carry {n}": hs if cell.program.kept_carry[n] else ABSENT
        for n in others
    }
    kept["wide"] = floats(t, b, width, h) if width else ABSENT
    options = {"cell": cell.key, "reverse": resets}
    if way == "forward":
        return Call("cell_forward", operands, outputs | last | kept, options)
    grads = {f"d_{name}": operands[name] for name in list(operands)[:-2]}
    results = {"new wide": kept["wide"], **grads}
    cotangents = {f"d_{name}": given for name, given in (outputs | last).items()}
    return Call(
        "cell_backward", operands | outputs | kept | cotangents, results, options
    )


def likelihood(way: str, n: int, h: int, v: int, *, tied: bool, bias: bool) -> Call:
    """Return a right call of the softmax likelihood's passes."""
    handler = f"nll_{way}"
    weight, row = floats(*((v, h) if tied else (h, v))), floats(n)
    logits = floats(n * -(-v // 16) * 16)
    operands = {
        "hs": floats(n, h),
        "w": weight,
        "b": floats(v) if bias else ABSENT,
        "targets": jax.ShapeDtypeStruct((n,), jnp.int32),
    }
    if way == "forward":
        results = {"nll": row, "lse": row, "logits": logits}
        return Call(handler, operands, results, {"tied": tied})
    results = {"dz": logits, **{f"d_{k}": operands[k] for k in ("hs", "w", "b")}}
    operands = operands | {"lse": row, "logits": logits, "d_nll": row}
    return Call(handler, operands, results, {"tied": tied})


def right(handler: str, rng: np.random.Generator, fewest: int = 0) -> Call:
    """Draw the sizes of a right call, with so many steps and rows at least."""
    what, way = handler.split()
    some, size = rng.integers(fewest, 6, 2), rng.integers(1, 40, 2)
    first, second = (bool(flag) for flag in rng.integers(0, 2, 2))
    if what == "nll":
        rows, classes = 9 * int(some[0]), int(size[1]) * FEWEST_CLASSES
        return likelihood(way, rows, int(size[0]), classes, tied=first, bias=second)
    return sequence(way, what, *map(int, some), *map(int, size), resets=first)


def plain(handler: str) -> Call:
    """Return a right call with every array that there may be."""
    what, way = handler.split()
    if what == "nll":
        return likelihood(way, 5, 3, 20, tied=False, bias=True)
    return sequence(way, what, 4, 3, 5, 7, resets=True)


def wrong_types(given: jax.ShapeDtypeStruct) -> dict[str, jax.ShapeDtypeStruct]:
    """Return types near that of an array, each with what is wrong about it."""
    shape, dtype = given.shape, given.dtype
    other = jnp.int32 if dtype == jnp.float32 else jnp.float32
    return {
        "dtype": jax.ShapeDtypeStruct(shape, other),
        "rank": jax.ShapeDtypeStruct((*shape, 1), dtype),
        "longer": jax.ShapeDtypeStruct((*shape[:-1], shape[-1] + 1), dtype),
        "shorter": jax.ShapeDtypeStruct((shape[0] - 1, *shape[1:]), dtype),
        "scalar": jax.ShapeDtypeStruct((), dtype),
    }


def spoiled(call: Call, rng: np.random.Generator) -> Call:
    """Return a call of which one array has another type, or is missing or too much."""
    names = [name for name, given in call.types().items() if given != ABSENT]
    if call.operands.get("b") == ABSENT:  # then no other array has as many classes
        names.remove("w")
    name = names[rng.integers(len(names))]
    kind = rng.integers(7)
    if kind == 0:
        results = dict(list(call.results.items())[:-1])
        return call._replace(results=results)
    if kind == 1:
        return call._replace(operands=call.operands | {"one more": floats(2)})
    given = call.types()[name]
    return call.replace(name, _other(given, kind, rng))


def _other(given: Any, kind: int, rng: np.random.Generator) -> jax.ShapeDtypeStruct:
    shape, dtype = list(given.shape), given.dtype
    axis = int(rng.integers(len(shape)))
    if kind == 2:
        dtype = rng.choice([name for name in DTYPES if name != dtype.name])
    elif kind == 3:
        shape.insert(axis, int(rng.integers(1, 3)))
    elif kind == 4:
        shape.append(shape.pop(axis) + int(rng.integers(1, 1000)))
        shape = shape if sorted(shape) != sorted(given.shape) else [*shape, 1]
    elif kind == 5:
        shape[axis] = max(shape[axis] - int(rng.integers(1, 3)), 0)
        shape = shape if tuple(shape) != given.shape else [*shape, 1]
    else:
        shape = [int(n) for n in rng.integers(1, 70, int(rng.integers(0, 5)))]
        shape = shape if tuple(shape) != given.shape else [*shape, 1]
    return jax.ShapeDtypeStruct(tuple(shape), dtype)


def filled(rng: Any, given: jax.ShapeDtypeStruct) -> np.ndarray:
    """Return numbers below 1, or classes that there are."""
    high = 2 if given.dtype == jnp.bool_ else FEWEST_CLASSES
    floating = jnp.issubdtype(given.dtype, jnp.floating)
    drawn = rng.random(given.shape) if floating else rng.integers(0, high, given.shape)
    return np.asarray(drawn).astype(given.dtype)
