"""No call reads or writes memory that is not its own: what does not fit is refused.

``python dev.py sanitize`` runs all of this file on a kernel that watches every access.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm._backends.native.primitive import run
from jlstm._backends.native.sequence import Sequence, SequenceInputs
from tests.backends.native.calls import (
    ABSENT,
    HANDLERS,
    floats,
    plain,
    right,
    spoiled,
    wrong_types,
)
from tests.backends.native.calls import sequence as sequence_call
from tests.backends.native.samples import CELLS, assert_close, needs_kernel, numbers
from tests.messages import message_of

REFUSED = "INVALID_ARGUMENT: jlstm kernel: "
pytestmark = needs_kernel
FOR_SANITIZERS = (pytest.mark.slow, pytest.mark.sanitize)

# The first arrays say how large the others must be: a wrong size of theirs is a wrong
# size of another one.
LEADING = {"nll": ("hs", "w"), "lstm": ("xs", "w_ih"), "gru": ("xs", "w_ih")}


def wrong_calls():
    """One array of a call at a time, wrong in one way at a time; a part runs always."""
    cases = []
    for handler in HANDLERS:
        call = plain(handler)
        for name, given in call.types().items():
            if given == ABSENT:
                continue
            for number, wrong in enumerate(wrong_types(given)):
                marks = () if number == len(name) % 5 else FOR_SANITIZERS
                ids = f"{handler}-{name}-{wrong}"
                cases.append(pytest.param(handler, name, wrong, marks=marks, id=ids))
    return cases


def refusal_of(call):
    """Return why the kernel refuses a call."""
    with pytest.raises(jax.errors.JaxRuntimeError) as caught:
        call.run()
    text = str(caught.value)
    assert text.startswith(REFUSED), text
    return text.removeprefix(REFUSED)


@pytest.mark.parametrize(("handler", "name", "wrong"), wrong_calls())
def test_an_array_that_does_not_fit_is_named(handler, name, wrong):
    call = plain(handler)
    said = refusal_of(call.replace(name, wrong_types(call.types()[name])[wrong]))
    leads = name in LEADING[handler.partition("_")[0]]
    if not leads or wrong in ("dtype", "rank", "scalar"):
        assert said.startswith(f"{name} is "), said


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=FOR_SANITIZERS) for n in range(1, 10))]
)
def test_random_calls(handler, seed):
    """Right ones give numbers, spoiled ones the reason."""
    rng = np.random.default_rng([seed, HANDLERS.index(handler)])
    for _ in range(4):
        call = right(handler, rng)
        shown = call.run(seed)[: 2 if handler.startswith("nll") else None]
        if handler.endswith("forward"):  # backward, what is kept is made up
            assert all(np.isfinite(result).all() for result in shown)
        # XLA leaves out a call whose results have no elements.
        refusal_of(spoiled(right(handler, rng, fewest=1), rng))


@pytest.mark.parametrize("number", [1 << 41, 1 << 50])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_sizes_that_overflow_are_refused(kind, number):
    """An array without elements may have any size on its other axes."""
    sizes = (number, 0, 1, 1)
    call = sequence_call(f"{kind}_backward", *sizes, resets=False, biases=False)
    assert "which is too large" in refusal_of(call)


def test_gates_without_features_are_refused():
    call = sequence_call("gru_forward", 2, 3, 0, 4, resets=False, biases=True)
    assert "there are no features or no units" in refusal_of(call)


def test_resets_need_a_fresh_carry():
    call = plain("lstm_forward").replace("fresh_c", ABSENT)
    assert "there are resets, but no fresh carry" in refusal_of(call)
    call = plain("gru_backward").replace("d_fresh_h", ABSENT)
    assert "no place for the gradient of the fresh carry" in refusal_of(call)


def inputs_of(cell, t=3, b=2, x=4):
    rng = np.random.default_rng(0)
    params = cell.init(jax.random.key(0), x)
    w_ih, w_hh, b_, b_hn = (*params, None)[:4]
    h, c = numbers(rng, (b, cell.hidden_size)), numbers(rng, (b, cell.hidden_size))
    c = c if isinstance(cell, jlstm.LSTMCell) else None
    flags = jnp.asarray(rng.random((t, b)) < 0.5)
    return SequenceInputs(
        numbers(rng, (t, b, x)), w_ih, w_hh, b_, b_hn, h, c, h, c, flags, flags
    )


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("name", SequenceInputs._fields)
def test_a_routine_refuses_inputs_that_do_not_fit(kind, name):
    """When it is traced: nothing is compiled, nothing computed."""
    inputs = inputs_of(kind(5))
    given = getattr(inputs, name)
    if given is None:
        assert name in ("b_hn", "c", "fresh_c")
        return
    wrong = {
        "dtype": given.astype(jnp.bfloat16 if given.dtype != bool else jnp.float32),
        "rows": jnp.concatenate([given, given]) if name != "xs" else given[..., :-1],
        "last": given[..., :-1],
    }
    routine = Sequence(kind(5))
    for array in wrong.values():
        spoilt = inputs._replace(**{name: array})
        said = message_of(ValueError, partial(run, routine, spoilt))
        assert said.startswith("The kernel wants ")
        assert name == "xs" or f"wants {name} of shape" in said


@pytest.mark.long
@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("sizes", [(0, 2), (3, 0)], ids=str)
def test_without_a_step_the_carry_is_what_it_was(kind, sizes):
    routine, inputs = Sequence(kind(5)), inputs_of(kind(5), *sizes)
    moving = [n for n, leaf in inputs._asdict().items() if leaf is not None][:-2]

    def outputs(function, values):
        out = function(inputs._replace(**values))
        return out, sum((leaf * jnp.cos(leaf)).sum() for leaf in out)

    def both(function):
        at = {name: getattr(inputs, name) for name in moving}
        out, _ = outputs(function, at)
        return out, jax.grad(lambda values: outputs(function, values)[1])(at)

    assert_close(both(lambda given: run(routine, given)), both(routine.formula))


@pytest.mark.parametrize("handler", ["nll_forward", "nll_backward"])
def test_rows_of_logits_need_room(handler):
    call = plain(handler)
    assert "logits is f32[159], not f32[160]" in refusal_of(
        call.replace("logits", floats(159))
    )
