"""What is called again with its own result is traced once: nothing changes its type.

A carry that comes back with another dtype, or weakly typed, would be compiled twice.
"""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import pytest

import jlstm
from jlstm._internal.options import Component
from jlstm.decoding import Search, beam_search, ctc_beam_decode, generate, greedy_search
from jlstm.tasks.language.objective import LanguageTask, StreamConfig
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig
from jlstm.training.optimizer import make_optimizer
from jlstm.training.state import init_state
from jlstm.training.step import train_step
from tests.traces import jit_at_most
from tests.training.test_loop import MODEL, corpus

CELL = jlstm.LSTMCell(3)
STACK = jlstm.Stack(
    (jlstm.Recurrent(CELL), jlstm.Recurrent(jlstm.GRUCell(3))), dropout=0.5
)
FIRST = jnp.array([1, 2], jnp.int32)
LEARNED = replace(
    MODEL, stack=StackConfig(hidden_sizes=(6,), wrappers=(Component("LearnedCarry"),))
)


class Repeated(NamedTuple):
    """Something that is called with a state, and returns the next one."""

    run: object
    state: object
    inputs: object = ()


def layer(run, made, **inputs):
    params = made.init(jax.random.key(0), 3, "float32")
    inputs["xs"] = jnp.ones((5, 2, 3), "float32")
    return Repeated(partial(run, params), made.init_carry((2,), "float32"), inputs)


def unrolled():
    def run(params, carry, inputs):
        return jlstm.unroll(CELL, params, inputs["xs"], carry)[0]

    return layer(run, CELL)


def stacked():
    def run(params, carry, inputs):
        return STACK.apply(params, inputs["xs"], carry, key=inputs["key"])[0]

    return layer(run, STACK, key=jax.random.key(1))


def one_step(params, carry, tokens):
    """Feed tokens to a cell, over any leading axes; its outputs are the logits."""
    x = jax.nn.one_hot(tokens, 3, dtype="float32")
    return CELL.step(params, carry, CELL.project(params, x))[0], carry.h


def drawn():
    def run(params, carry, inputs):
        step = partial(one_step, params)
        logits = inputs["xs"][0]
        return generate(step, carry, logits, 4, inputs["key"])[0]

    return layer(run, CELL, key=jax.random.key(1))


def searched(search):
    def run(params, first, inputs):
        carry = CELL.init_carry((2,), "float32")
        return search(partial(one_step, params), carry, first)

    return layer(run, CELL)._replace(state=FIRST)


def greedy(step, carry, first):
    return greedy_search(step, carry, first, 0, 4)[-1]


def beam(step, carry, first):
    return beam_search(step, carry, first, 0, Search(2, limit=4)).tokens[-1, :, 0]


def transcribed():
    def run(lengths, logits):
        return ctc_beam_decode(logits, lengths, beam=2).lengths[:, 0]

    return Repeated(run, jnp.array([5, 3], jnp.int32), jnp.zeros((5, 2, 3)))


def trained(model=MODEL):
    task = LanguageTask(corpus(), model, StreamConfig(batch_size=4, window=5), {})
    optimizer = make_optimizer(OptimizerConfig("adam", clip=1.0))
    state = jax.eval_shape(lambda: init_state(task, optimizer, 0.02, seed=0))

    def run(state, batch):
        return train_step(task, optimizer, state, batch)[0]

    return Repeated(run, state, task.batches(1)[0])


REPEATED = {
    "unroll": unrolled,
    "Stack.apply": stacked,
    "generate": drawn,
    "greedy_search": partial(searched, greedy),
    "beam_search": partial(searched, beam),
    "ctc_beam_decode": transcribed,
    "train_step": trained,
    "train_step, start learned": partial(trained, LEARNED),
}


@pytest.mark.usefixtures("standard_promotion", "plain_keys")
@pytest.mark.parametrize("name", REPEATED)
def test_what_is_called_again_is_traced_once(name):
    repeated = REPEATED[name]()

    def run(state, inputs):
        return repeated.run(state, inputs)

    run, state = jit_at_most(1, run), repeated.state
    for _ in range(2):
        state = run.eval_shape(state, repeated.inputs)


def test_a_carry_of_another_dtype_is_traced_again():
    repeated = unrolled()

    def run(state, inputs):
        carry = repeated.run(state, inputs)
        return carry._replace(h=carry.h.astype("bfloat16"))

    run = jit_at_most(1, run)
    state = run.eval_shape(repeated.state, repeated.inputs)
    with pytest.raises(AssertionError, match="'run' is traced > 1 times"):
        run.eval_shape(state, repeated.inputs)
