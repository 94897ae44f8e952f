"""Calls of the kernel as XLA makes them: right ones, and ones that do not fit."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jlstm._backends.native.build import register_kernel, target

HANDLERS = (
    *("lstm_forward", "lstm_backward", "gru_forward", "gru_backward"),
    *("nll_forward", "nll_backward"),
)
DTYPES = ("bool", "int8", "int32", "int64", "uint32", "float16", "bfloat16", "float64")
FEWEST_CLASSES = 5


class Call(NamedTuple):
    """A function of the kernel with the types of all that it reads and writes."""

    handler: str
    operands: dict[str, jax.ShapeDtypeStruct]
    results: dict[str, jax.ShapeDtypeStruct]
    options: dict[str, bool]

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
        operands = [_filled(rng, given) for given in self.operands.values()]
        results = list(self.results.values())
        call = jax.ffi.ffi_call(target(self.handler), results)
        return jax.block_until_ready(call(*operands, **self.options))


def floats(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.float32)


ABSENT = floats(0)


def sequence(
    handler: str, t: int, b: int, x: int, h: int, *, resets: bool, biases: bool
) -> Call:
    """Return a right call of the LSTM's or the GRU's passes."""
    has_c, back = handler.startswith("lstm"), handler.endswith("backward")
    gates = 4 if has_c else 3
    flags = jax.ShapeDtypeStruct((t, b), jnp.bool_)
    carry, hs = floats(b, h), floats(t, b, h)
    of_lstm = carry if has_c else ABSENT
    weights = {
        "w_ih": floats(x, gates, h),
        "w_hh": floats(h, gates, h),
        "b": floats(gates, h) if biases else ABSENT,
        "b_hn": ABSENT if has_c or not biases else floats(h),
    }
    fresh = {
        "fresh_h": carry if resets else ABSENT,
        "fresh_c": of_lstm if resets else ABSENT,
    }
    operands = {"xs": floats(t, b, x), **weights, "h": carry, "c": of_lstm, **fresh}
    operands |= {name: flags if resets else ABSENT for name in ("live", "resets")}
    made = {"hs": hs, "cs": hs if has_c else ABSENT, "kept": floats(t, b, 4 * h)}
    options = {"reverse": resets}
    if not back:
        results = {"hs": made.pop("hs"), "new_c": of_lstm, **made}
        return Call(handler, operands, results, options)
    operands |= made | {"d_hs": hs, "d_new_c": of_lstm}
    grads = {"xs": floats(t, b, x), **weights, "h": carry, "c": of_lstm, **fresh}
    results = {"dz": made["kept"], **{f"d_{name}": grads[name] for name in grads}}
    return Call(handler, operands, results, options)


def likelihood(handler: str, n: int, h: int, v: int, *, tied: bool, bias: bool) -> Call:
    """Return a right call of the softmax likelihood's passes."""
    weight, row = floats(*((v, h) if tied else (h, v))), floats(n)
    logits = floats(n * -(-v // 16) * 16)
    operands = {
        "hs": floats(n, h),
        "w": weight,
        "b": floats(v) if bias else ABSENT,
        "targets": jax.ShapeDtypeStruct((n,), jnp.int32),
    }
    if handler == "nll_forward":
        results = {"nll": row, "lse": row, "logits": logits}
        return Call(handler, operands, results, {"tied": tied})
    results = {"dz": logits, **{f"d_{k}": operands[k] for k in ("hs", "w", "b")}}
    operands = operands | {"lse": row, "logits": logits, "d_nll": row}
    return Call(handler, operands, results, {"tied": tied})


def right(handler: str, rng: np.random.Generator, fewest: int = 0) -> Call:
    """Draw the sizes of a right call, with so many steps and rows at least."""
    some, size = rng.integers(fewest, 6, 2), rng.integers(1, 40, 2)
    first, second = (bool(flag) for flag in rng.integers(0, 2, 2))
    if handler.startswith("nll"):
        rows, classes = 9 * int(some[0]), int(size[1]) * FEWEST_CLASSES
        return likelihood(handler, rows, int(size[0]), classes, tied=first, bias=second)
    return sequence(handler, *map(int, some), *map(int, size), resets=first,
                    biases=second)  # fmt: skip


def plain(handler: str) -> Call:
    """Return a right call with every array that there may be."""
    if handler.startswith("nll"):
        return likelihood(handler, 5, 3, 20, tied=False, bias=True)
    return sequence(handler, 4, 3, 5, 7, resets=True, biases=True)


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


def _filled(rng: Any, given: jax.ShapeDtypeStruct) -> np.ndarray:
    """Return numbers below 1, or classes that there are."""
    high = 2 if given.dtype == jnp.bool_ else FEWEST_CLASSES
    floating = jnp.issubdtype(given.dtype, jnp.floating)
    drawn = rng.random(given.shape) if floating else rng.integers(0, high, given.shape)
    return np.asarray(drawn).astype(given.dtype)
