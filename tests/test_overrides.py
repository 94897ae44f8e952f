"""A method that is replaced and that a backend would not see: that backend is refused.

Each row replaces something in another way. What runs unasked must give what the scan
gives, which calls every method; what cannot see the change must say so.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import explain, unroll
from tests.messages import message_of
from tests.quick import quick

pytestmark = pytest.mark.usefixtures("unchecked")


def halved(out):
    carry, gates = out
    return carry._replace(h=0.5 * carry.h), gates


class HalfStep:
    def step(self, params, carry, zx, key=None):
        return halved(super().step(params, carry, zx, key))


class HalfGate:
    def gate(self, params, carry, zx, zh):
        return halved(super().gate(params, carry, zx, zh))


class SharesApart:
    """Reads more of the shares than their sum."""

    def gate(self, params, carry, zx, zh):
        return super().gate(params, carry, zx, 2 * zh)


class HalfRecur:
    def recur(self, params, h):
        return super().recur(params, 0.5 * h)


class HalfProject:
    def project(self, params, x):
        return super().project(params, 0.5 * x)


class FreshOnes:
    def fresh_carry(self, params, batch_shape=(), dtype=jnp.float32):
        return jax.tree.map(jnp.ones_like, self.init_carry(batch_shape, dtype))


class HalfPrepare:
    def prepare(self, params, x, key):
        return jax.tree.map(lambda leaf: 0.5 * leaf, params)


class HalfShow:
    def readout(self, params, state, zx):
        return halved(super().readout(params, state, zx))


def subclass(base, *mixins):
    kind = type(f"My{base.__name__}", (*mixins, base), {})
    return dataclass(frozen=True, repr=False)(kind)


def with_attribute(cell, name, function):
    object.__setattr__(cell, name, function)
    return cell


def half_step_of(cell):
    step = cell.step
    return with_attribute(cell, "step", lambda *args: halved(step(*args)))


LSTM, GRU, MIN = jlstm.LSTMCell, jlstm.GRUCell, jlstm.MinGRUCell
STEP = "has its own step"
OTHERWISE = (
    "not My", "it is no GatedCell", "its steps read what the step before has made",
    "the kernel has LSTMCell and GRUCell",
)  # fmt: skip
ROWS = {
    "step": (subclass(LSTM, HalfStep)(3), {"native", "fused", "parallel"}, STEP),
    "step of a GRU": (subclass(GRU, HalfStep)(3), {"native", "fused"}, STEP),
    "step of a linear cell": (subclass(MIN, HalfStep)(3), {"parallel"}, STEP),
    "step of a parallel cell": (
        subclass(jlstm.MLSTMCell, HalfStep)(4, 2), {"parallel"}, STEP,
    ),
    "step of a subclass of that": (
        subclass(subclass(LSTM, HalfStep))(3), {"native", "fused"}, STEP,
    ),
    "step of an object": (half_step_of(LSTM(3)), {"native", "fused"}, "step"),
    "step of a linear object": (half_step_of(MIN(3)), {"parallel"}, STEP),
    "gate of an object": (
        with_attribute(LSTM(3), "gate", lambda *args: halved(LSTM(3).gate(*args))),
        {"native"}, "the kernel would not see the gate that was set on it",
    ),
    "gate": (subclass(LSTM, HalfGate)(3), {"native"}, "MyLSTMCell"),
    "gate that reads the shares": (subclass(LSTM, SharesApart)(3), {"native"}, "My"),
    "recur, final": (subclass(LSTM, HalfRecur)(3), {"native"}, "My"),
    "project, final": (subclass(LSTM, HalfProject)(3), {"native"}, "My"),
    "project of a linear cell": (subclass(MIN, HalfProject)(3), set(), "-"),
    "readout of a linear cell": (
        subclass(MIN, HalfShow)(3), {"parallel"}, "has its own readout",
    ),
    "fresh_carry": (subclass(LSTM, FreshOnes)(3), {"native"}, "My"),
    "prepare": (subclass(LSTM, HalfPrepare)(3), {"native"}, "My"),
    "inside a wrapper": (
        jlstm.LearnedCarry(subclass(LSTM, HalfStep)(3)), {"native", "fused"}, "-",
    ),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("name", quick(ROWS, 9))
def test_what_runs_sees_the_change(name):
    cell, blind, why = ROWS[name]
    params = cell.init(jax.random.key(0), 2)
    xs = jax.random.normal(jax.random.key(1), (20, 4, 2), "float32")
    resets = jnp.zeros((20, 4), bool).at[7].set(True)

    def ys(backend):
        return unroll(cell, params, xs, resets=resets, backend=backend)[1]

    wanted = ys("scan")
    assert explain(cell, xs=xs).backend not in blind
    for backend in ("auto", "fused", "native", "parallel"):
        if backend in blind:
            said = message_of(ValueError, lambda b=backend: explain(cell, b))
            assert f"The {backend} backend cannot run" in said
            reason = said.split("cannot run ")[1].split(": ", 1)[1]
            assert any(text in reason for text in (why, *OTHERWISE))
        elif backend == "auto" or _runs(cell, backend):
            np.testing.assert_allclose(ys(backend), wanted, rtol=1e-5, atol=1e-6)


def _runs(cell, backend):
    try:
        return bool(explain(cell, backend))
    except ValueError:
        return False


def test_auto_says_why():
    few = jax.ShapeDtypeStruct((2, 4, 2), jnp.float32)  # for the kernel
    wanted = "scan: the reference loop, which runs every cell; MyLSTMCell has its own "
    assert str(explain(ROWS["step"][0], xs=few)).startswith(wanted + "step; not native")
    wanted = "the reference loop, which runs every cell; MyMinGRUCell has its own step"
    own = explain(ROWS["step of a linear cell"][0], xs=few).reason
    assert own.startswith(f"{wanted}, but the run of LinearCell; not native")


def test_a_wrapper_of_maps_and_gates_refuses_a_step():
    cell = ROWS["step"][0]
    said = message_of(TypeError, lambda: jlstm.RecurrentDropout(cell, 0.5))
    assert said == (
        "RecurrentDropout runs the maps and gates of the cell inside it, not its step; "
        "MyLSTMCell has its own step. Put that change into recur or gate."
    )


def test_a_step_with_a_run_of_its_own_is_parallel():
    class Both(HalfStep):
        def run(self, *args):
            last, carries = super().run(*args)
            return last, carries._replace(h=0.5 * carries.h)

    assert explain(subclass(MIN, Both)(3), "parallel").backend == "parallel"
