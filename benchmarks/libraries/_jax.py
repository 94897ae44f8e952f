"""What the libraries on JAX share: a model is made a program in one way for all."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from benchmarks.problem import Part, Problem, inputs
from benchmarks.program import MATMUL_SIZE, Program, Unsupported


class Model(NamedTuple):
    """A recurrent model as pure functions.

    Attributes:
        params: a pytree of arrays.
        apply: maps params and inputs to outputs and the last carry.
        advance: maps params, carry and one step's input to the next carry and output;
            ``None`` for a model of more than one layer.
        carry: where ``advance`` starts.
        note: what a reader of the table should know.
        batch_first: whether inputs and outputs are batch × time × features.
    """

    params: Any
    apply: Callable[[Any, jax.Array], tuple[jax.Array, Any]]
    advance: Callable[[Any, Any, jax.Array], tuple[Any, jax.Array]] | None = None
    carry: Any = None
    note: str = ""
    batch_first: bool = False


def builder(model_of: Callable[[Problem], Model]) -> Callable[[dict], Program]:
    """Return the ``build`` of a library that makes models by ``model_of``."""

    def build(given: dict[str, Any]) -> Program:
        jax.clear_caches()
        problem = Problem.read(given)
        if problem.mode == "matmul":
            return matmul(problem)
        model = model_of(problem)
        function, arguments = task(model, problem)
        if problem.mode == "compile":
            return Program(lambda: compiled(function, arguments), note=model.note)
        call = jax.jit(function)
        if problem.device == "cpu":
            seconds = compiled(function, arguments)
        else:  # to compile twice would take longer than all else
            seconds = first_call(call, arguments)
        return Program(
            lambda: jax.block_until_ready(call(*arguments)), seconds, model.note
        )

    return build


def task(model: Model, problem: Problem) -> tuple[Callable, tuple]:
    """Return the function that ``problem.mode`` times, and its arguments."""
    xs = jnp.asarray(inputs(problem), problem.dtype)
    if model.batch_first and problem.mode != "step":
        xs = jnp.swapaxes(xs, 0, 1)
    if problem.mode == "forward":
        return model.apply, (model.params, xs)
    if problem.mode == "step":
        if model.advance is None:
            raise Unsupported("a step of this row means nothing")
        return model.advance, (model.params, model.carry, xs)

    def loss(params: Any, xs: jax.Array) -> jax.Array:
        return jnp.square(model.apply(params, xs)[0].astype(jnp.float32)).sum()

    return jax.value_and_grad(loss, argnums=(0, 1)), (model.params, xs)


def compiled(function: Callable, arguments: tuple) -> float:
    """Return the seconds that tracing and compiling takes, done again at each call."""
    jax.clear_caches()
    started = time.perf_counter()
    jax.jit(function).lower(*arguments).compile()
    return time.perf_counter() - started


def first_call(call: Callable, arguments: tuple) -> float:
    """Return the seconds that tracing, compiling and one run take."""
    started = time.perf_counter()
    jax.block_until_ready(call(*arguments))
    return time.perf_counter() - started


def matmul(problem: Problem) -> Program:
    """Return a large product of matrices."""
    x = jnp.ones((MATMUL_SIZE[problem.device],) * 2, problem.dtype)
    product = jax.jit(jnp.matmul)
    return Program(lambda: jax.block_until_ready(product(x, x)))


def lengths_of(problem: Problem) -> jax.Array | None:
    """Return the lengths of the sequences, ``None`` if all have all steps."""
    return jnp.asarray(problem.row.lengths()) if problem.row.padded else None


def zero_beyond(lengths: jax.Array | None, ys: jax.Array) -> jax.Array:
    """Zero what comes after the lengths, for a library that leaves it as it is."""
    if lengths is None:
        return ys
    live = jnp.arange(len(ys))[:, None] < lengths
    return jnp.where(live[..., None], ys, 0)


def in_jlstm(problem: Problem, part: Part) -> tuple[Any, Any]:
    """Return a cell of jlstm with the weights, which ``jlstm.interop`` converts."""
    from jlstm import GRUCell, GRUParams, LSTMCell, LSTMParams

    hidden = problem.row.hidden_size
    arrays = [
        None if leaf is None else jnp.asarray(leaf, problem.dtype) for leaf in part
    ]
    if problem.cell == "gru":
        return GRUCell(hidden), GRUParams(*arrays)
    return LSTMCell(hidden), LSTMParams(*arrays[:3])


def zeros(problem: Problem) -> jax.Array:
    """Return a state of zeros: batch × hidden."""
    return jnp.zeros((problem.row.batch, problem.row.hidden_size))


def require_known(problem: Problem, *, plain: bool = False) -> None:
    """Raise ``Unsupported`` for cells of jlstm alone, and for rows that are not plain.

    Args:
        problem: what is asked for.
        plain: the library has no bidirectional layers with lengths.
    """
    if problem.cell not in ("lstm", "gru"):
        raise Unsupported(f"has no {problem.cell}")
    if plain and not problem.row.is_plain:
        raise Unsupported("has no bidirectional layers with lengths")
