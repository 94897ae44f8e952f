"""What runs by itself, as a table: cell, what is known of the call, choice."""

from dataclasses import replace
from typing import get_args

import jax
import jax.numpy as jnp
import pytest
from jax import export

import jlstm
import jlstm._backends.native.available
from jlstm._backends import BACKENDS, NAMES, BackendName, CallTypes, choose, named
from jlstm._backends.choose import has_slow_gates
from jlstm._backends.native import unavailable
from jlstm.analysis.target import Target
from tests.messages import message_of

LSTM, GRU = jlstm.LSTMCell(3), jlstm.GRUCell(3)
CPU = CallTypes(steps=50, batch=(8,), target=Target("cpu"))
FEW = replace(CPU, steps=7)  # 56 rows
GPU = replace(CPU, target=Target("cuda", "9.0"))
RESET = jlstm.GRUCell(3, reset="before")


def subclass(kind):
    return type(f"My{kind.__name__}", (kind,), {})


def test_type_checkers_read_the_names_that_there_are():
    assert get_args(BackendName) == NAMES
    assert tuple(named(name) for name in NAMES[1:]) == BACKENDS


@pytest.mark.parametrize(
    ("cell", "types", "wanted"),
    [
        (jlstm.RNNCell(3), CPU, "native"),
        (jlstm.RNNCell(3), FEW, "fused"),
        (jlstm.RNNCell(3), replace(CPU, steps=1), "scan"),
        (jlstm.RNNCell(3), GPU, "fused"),
        (RESET, replace(GPU, target=Target("tpu")), "fused"),
        (LSTM, replace(GPU, steps=1), "scan"),
        (jlstm.CutRecurrentGradient(LSTM), GPU, "scan"),
        (jlstm.MinGRUCell(3), CPU, "native"),
        (jlstm.MinGRUCell(600), CPU, "parallel"),
        (jlstm.MinGRUCell(3), GPU, "parallel"),
        (jlstm.MinGRUCell(3), replace(CPU, steps=1), "scan"),
        (jlstm.Zoneout(LSTM, h=0.1), CPU, "native"),
        (jlstm.Zoneout(LSTM, h=0.1), FEW, "scan"),
        (jlstm.RecurrentDropout(LSTM, 0.5), CPU, "native"),
        (jlstm.RecurrentDropout(LSTM, 0.5), FEW, "fused"),
        (jlstm.RecurrentDropout(RESET, 0.5), FEW, "scan"),
        (jlstm.CutRecurrentGradient(LSTM), CPU, "native"),
        (jlstm.CutRecurrentGradient(LSTM), FEW, "scan"),
        (LSTM, FEW, "fused"),
        (LSTM, replace(CPU, dtypes=("bfloat16", "float32", "bfloat16")), "native"),
        (LSTM, replace(CPU, dtypes=("float64",)), "native"),
        (LSTM, replace(CPU, dtypes=("float64", "float32", "float32")), "fused"),
        (LSTM, replace(CPU, devices=2), "fused"),
        (LSTM, GPU, "fused"),
        (subclass(jlstm.LSTMCell)(3), CPU, "native"),
        (jlstm.MogrifierLSTMCell(3), CPU, "scan"),
        (jlstm.MogrifierLSTMCell(3), replace(CPU, features=3), "native"),
        (jlstm.MLSTMCell(4), CPU, "parallel"),
    ],
)
def test_the_choice(cell, types, wanted):
    if wanted == "native" and (reason := unavailable(cell)) and types.features is None:
        pytest.skip(reason)
    assert choose(cell, types=types).backend == wanted


@pytest.mark.parametrize(
    ("cell", "slow"),
    [
        (LSTM, False),
        (GRU, False),
        (RESET, True),
        (subclass(jlstm.GRUCell)(3, reset="before"), True),
        (jlstm.MGUCell(3), True),
        (jlstm.MGUCell(3, reset="after"), False),
        (jlstm.IndRNNCell(3), True),
        (subclass(jlstm.LayerNormLSTMCell)(3), True),
        (jlstm.LayerNormGRUCell(3), True),
        (jlstm.MogrifierLSTMCell(3), True),
        (jlstm.RecurrentDropout(jlstm.CutRecurrentGradient(RESET), 0.5), True),
    ],
)
def test_slow_gates_are_those_of_the_innermost_cell(cell, slow):
    assert has_slow_gates(cell) == slow


@pytest.mark.parametrize(
    ("cell", "types"),
    [
        (LSTM, GPU),
        (LSTM, replace(CPU, dtypes=("float16",))),
        (jlstm.MLSTMCell(4), CPU),
        (jlstm.MogrifierLSTMCell(4), CPU),
    ],
)
def test_asking_compiles_nothing_where_the_kernel_is_out_of_question(
    cell, types, monkeypatch
):
    def failure(real="float32"):
        raise AssertionError("compiles")

    monkeypatch.setattr(jlstm._backends.native.available, "failure", failure)
    assert named("native").unsupported(cell, types) is not None
    choose(cell, types=types)
    if jax.default_backend() == "cpu":
        with pytest.raises(AssertionError, match="compiles"):
            named("native").unsupported(LSTM, CPU)


def test_asking_for_another_machine_compiles_nothing(monkeypatch):
    monkeypatch.setattr(
        jlstm._backends.native.available, "failure", lambda real: "it cannot compile"
    )
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert named("native").unsupported(LSTM, CPU) is None
    assert choose(LSTM, types=CPU).backend == "native"


def test_cudnn_is_told_of_resets_before_anything_runs():
    types = CallTypes.of(LSTM, jnp.ones((2, 3, 1), jnp.float32), None, jnp.ones((2, 3)))
    types = replace(types, target=Target("cuda"))
    said = message_of(ValueError, lambda: choose(LSTM, "cudnn", types))
    assert said == (
        "The cudnn backend cannot run LSTMCell(hidden_size=3): cuDNN cannot start "
        'afresh within a sequence, and resets are given. Use backend="scan".'
    )
    types = replace(types, has_resets=False)
    assert str(choose(LSTM, "cudnn", types)) == "cudnn: asked for"


@pytest.mark.usefixtures("unchecked")  # a name is no int
@pytest.mark.parametrize("cell", [LSTM, GRU, jlstm.SRUCell(3)], ids=repr)
@pytest.mark.parametrize("names", ["t, b", "8, b", "t, 8"])
def test_a_size_that_is_only_a_name_is_left_to_jax(cell, names):
    """There JAX writes other equations, which the kernel cannot have."""
    steps, rows = export.symbolic_shape(names)
    xs = jax.ShapeDtypeStruct((steps, rows, 2), jnp.float32)
    choice = choose(cell, types=CallTypes.of(cell, xs))
    assert choice.backend in {"fused", "parallel"}
    assert "a size is only a name, as in an exported program" in choice.reason
