"""Keras 3 on JAX: ``LSTM`` or ``GRU`` layers, batch first as Keras has it."""

import os

os.environ["KERAS_BACKEND"] = "jax"

from typing import Any

import jax
import jax.numpy as jnp
import keras

from benchmarks.libraries._jax import (
    Model,
    builder,
    in_jlstm,
    lengths_of,
    require_known,
    zeros,
)
from benchmarks.problem import Part, Problem, parts
from jlstm.interop import to_keras

PACKAGES = ("keras", "jax")
LAYERS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
CELLS = {"lstm": keras.layers.LSTMCell, "gru": keras.layers.GRUCell}


def model(problem: Problem) -> Model:
    """Build the layers; lengths are a mask to Keras."""
    require_known(problem)
    levels = parts(problem)
    layers = [
        layer(problem, level, size)
        for level, size in zip(levels, problem.row.input_sizes(), strict=True)
    ]
    mask = lengths_of(problem)
    if mask is not None:
        mask = jnp.arange(problem.row.steps) < mask[:, None]
    params = [values(one.trainable_variables) for one in layers]

    def apply(params: Any, xs: jax.Array) -> tuple[jax.Array, Any]:
        carries = []
        for one, own in zip(layers, params, strict=True):
            rest = values(one.non_trainable_variables)
            (xs, *carry), _ = one.stateless_call(own, rest, xs, mask=mask)
            carries.append(carry)
        return xs, carries

    advance, carry = step(problem) if problem.row.is_plain else (None, None)
    return Model(params, apply, advance, carry, batch_first=True)


def layer(problem: Problem, level: list[Part], size: int) -> Any:
    """Return a layer that gives all outputs and the last state."""
    one = LAYERS[problem.cell](
        problem.row.hidden_size,
        return_sequences=True,
        return_state=True,
        zero_output_for_mask=True,
    )
    if problem.row.bidirectional:
        one = keras.layers.Bidirectional(one)
    one.build((problem.row.batch, problem.row.steps, size))
    one.set_weights([leaf for part in level for leaf in weights(problem, part)])
    return one


def weights(problem: Problem, part: Part) -> list[Any]:
    """Return Keras's weights of one direction."""
    (converted,) = to_keras(*in_jlstm(problem, part))
    return converted.weights


def step(problem: Problem) -> tuple[Any, Any]:
    """Return one step of the cell, with its weights within the params of the layer."""
    cell = CELLS[problem.cell](problem.row.hidden_size)
    cell.build((problem.row.batch, problem.row.input_size))
    rest = values(cell.non_trainable_variables)

    def advance(params: Any, carry: Any, x: jax.Array) -> tuple[Any, jax.Array]:
        (y, carry), _ = cell.stateless_call(params[0], rest, x, carry)
        return carry, y

    return advance, [zeros(problem)] * (2 if problem.cell == "lstm" else 1)


def values(variables: list[Any]) -> list[jax.Array]:
    """Return the arrays that variables hold."""
    return [variable.value for variable in variables]


build = builder(model)
