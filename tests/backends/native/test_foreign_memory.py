"""No call reads or writes memory that is not its own: what does not fit is refused.

``python dev.py sanitize`` runs all of this file on a kernel that watches every access.
"""

import ctypes
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm._backends.native.build import load_kernel
from jlstm._backends.native.primitive import run
from jlstm._backends.native.steps import StepsRoutine
from tests.backends.native.calls import (
    ABSENT,
    CELLS,
    HANDLERS,
    filled,
    floats,
    made,
    plain,
    read,
    right,
    sequence,
    spoiled,
    wrong_types,
)
from tests.backends.native.samples import assert_close, needs_kernel
from tests.messages import message_of

REFUSED = "INVALID_ARGUMENT: jlstm kernel: "
pytestmark = needs_kernel
FOR_SANITIZERS = (pytest.mark.slow, pytest.mark.sanitize)
QUICK = ("nll forward", "nll backward", "gru backward")
WAYS = ("dtype", "rank", "longer", "shorter", "scalar")

# These arrays say how large the others must be: a wrong size of theirs is a wrong size
# of another one.
LEADING = {"nll": ("hs", "w"), "cell": ("xs", "carry 0", "hs 0")}

# Of a step that is not live nothing is kept, and nothing beyond the last class.
UNWRITTEN = ("wide", "logits")


def marked(values, quick, marks):
    """Return values to parametrise with, all but some of them marked."""
    return [v if v in quick else pytest.param(v, marks=marks) for v in values]


def refusal_of(call):
    """Return why the kernel refuses a call."""
    with pytest.raises(jax.errors.JaxRuntimeError) as caught:
        call.run()
    text = str(caught.value)
    assert text.startswith(REFUSED), text
    return text.removeprefix(REFUSED)


def wrong_ways(handler, turn):
    """Yield an array of a call, and a way to be wrong: each way once in five turns."""
    names = [name for name, given in plain(handler).types().items() if given != ABSENT]
    for name in names:
        yield name, WAYS[(len(name) + turn) % len(WAYS)]


@pytest.mark.parametrize("turn", marked(range(len(WAYS)), [0], FOR_SANITIZERS))
@pytest.mark.parametrize("handler", marked(HANDLERS, QUICK, pytest.mark.long))
def test_an_array_that_does_not_fit_is_named(handler, turn):
    call = plain(handler)
    for name, wrong in wrong_ways(handler, turn):
        said = refusal_of(call.replace(name, wrong_types(call.types()[name])[wrong]))
        leads = name in LEADING[call.handler.partition("_")[0]]
        if not leads or wrong in ("dtype", "rank", "scalar"):
            assert said.startswith(f"{name.removeprefix('new ')} is "), (wrong, said)


@pytest.mark.parametrize("seed", marked(range(10), [0], FOR_SANITIZERS))
@pytest.mark.parametrize("handler", marked(HANDLERS, QUICK, pytest.mark.long))
def test_random_calls(handler, seed):
    """Right ones give numbers, spoiled ones the reason."""
    rng = np.random.default_rng([seed, HANDLERS.index(handler)])
    for _ in range(4):
        call = right(handler, rng)
        out = dict(zip(call.results, call.run(seed), strict=True))
        if handler.endswith("forward"):  # backward, what is kept is made up
            written = {name: out[name] for name in out if name not in UNWRITTEN}
            assert all(np.isfinite(result).all() for result in written.values())
        # XLA leaves out a call whose results have no elements.
        refusal_of(spoiled(right(handler, rng, fewest=1), rng))


@pytest.mark.parametrize("number", [1 << 41, 1 << 50])
@pytest.mark.parametrize("what", marked(CELLS, ["gru"], pytest.mark.long))
def test_sizes_that_overflow_are_refused(what, number):
    """An array without elements may have any size on its other axes."""
    call = sequence("backward", what, number, 0, 1, 1, resets=False)
    assert "which is too large" in refusal_of(call)


def test_a_cell_without_features_or_units_is_refused():
    call = sequence("forward", "gru", 2, 3, 0, 4, resets=False)
    assert "there are no features" in refusal_of(call)
    call = sequence("backward", "gru", 2, 3, 4, 0, resets=False)
    assert "there are no units" in refusal_of(call)


def test_resets_need_a_fresh_carry():
    call = plain("lstm forward").replace("fresh carry 1", ABSENT)
    assert "there are resets, but no fresh carry" in refusal_of(call)
    call = plain("lstm backward").replace("d_fresh carry 0", ABSENT)
    assert "no place for the gradient of the fresh carry" in refusal_of(call)


def test_the_way_back_needs_what_was_kept():
    call = plain("lstm forward").replace("all of carry 1", ABSENT)
    assert refusal_of(call) == "what is kept lacks a carry"
    for name in ("all of carry 1", "wide", "new wide"):
        said = refusal_of(plain("lstm backward").replace(name, ABSENT))
        assert said.startswith(f"{name.removeprefix('new ')} is f32[0], not ")


@pytest.mark.parametrize(
    "key", ["nothing", "", "../nothing", "ein Schlüssel", "a" * 99]
)
@pytest.mark.parametrize("way", ["forward", "backward"])
def test_a_cell_that_nobody_registered_is_named(way, key):
    call = plain(f"lstm {way}")._replace(options={"cell": key, "reverse": False})
    assert refusal_of(call) == f"no cell is registered under {key}"


def test_a_program_of_another_version_is_refused():
    other = (ctypes.c_int32 * 256)(2)  # stays in memory: the kernel keeps the address
    test_a_program_of_another_version_is_refused.kept = other
    load_kernel().jlstm_register(b"other", ctypes.addressof(other))
    for way in ("forward", "backward"):
        call = plain(f"lstm {way}")._replace(
            options={"cell": "other", "reverse": False}
        )
        assert refusal_of(call) == "the cell other is of version 2, not 1"


def inputs_of(name, t=3, b=2, x=4):
    """Return inputs of a routine; the kernel knows the same in the same order."""
    rng, cell = np.random.default_rng(0), made(name)
    types = read(name, t, b, x, cell.units, resets=True).values()
    return cell.inputs_type(*(jnp.asarray(filled(rng, given)) for given in types))


@pytest.fixture
def no_float64():
    with jax.enable_x64(False):
        yield


@pytest.mark.usefixtures("no_float64")
@pytest.mark.parametrize("name", marked(CELLS, ["gru"], pytest.mark.long))
def test_a_routine_refuses_inputs_that_do_not_fit(name):
    """When it is traced: nothing is compiled, nothing computed."""
    inputs, routine = inputs_of(name), StepsRoutine(made(name), features=4)
    for field, given in inputs._asdict().items():
        wrong = {
            "dtype": given.astype(jnp.bfloat16 if given.dtype != bool else jnp.float32),
            "rows": jnp.concatenate([given, given])
            if field != "xs"
            else given[..., :-1],
            "last": given[..., :-1],
        }
        for array in wrong.values():
            spoilt = inputs._replace(**{field: array})
            said = message_of(ValueError, partial(run, routine, spoilt))
            assert said.startswith("The kernel wants ")
            assert field in ("xs", "h0") or f"wants {field} of shape" in said


@pytest.mark.long
@pytest.mark.usefixtures("no_float64")
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("sizes", [(0, 2), (3, 0)], ids=str)
def test_without_a_step_the_carry_is_what_it_was(name, sizes):
    if name == "zoneout" and 0 in sizes[1:]:
        pytest.skip("no numbers are drawn for no rows: its equations are others")
    routine, inputs = StepsRoutine(made(name), features=4), inputs_of(name, *sizes)
    moving = inputs._fields[:-2]

    def outputs(function, values):
        out = function(inputs._replace(**values))
        return out, sum((leaf * jnp.cos(leaf)).sum() for leaf in out)

    def both(function):
        at = {name: getattr(inputs, name) for name in moving}
        out, _ = outputs(function, at)
        return out, jax.grad(lambda values: outputs(function, values)[1])(at)

    assert_close(both(lambda given: run(routine, given)), both(routine.formula))


@pytest.mark.parametrize("handler", ["nll forward", "nll backward"])
def test_rows_of_logits_need_room(handler):
    call = plain(handler)
    assert "logits is f32[159], not f32[160]" in refusal_of(
        call.replace("logits", floats(159))
    )
