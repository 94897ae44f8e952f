"""``jlstm.interop.equinox``: Equinox's cells compute here what they compute there."""

import numpy as np
import pytest

from jlstm import GRUCell, LSTMCell, RNNCell
from jlstm.interop import from_equinox, to_equinox
from tests.interop.peers import (
    HIDDEN_SIZE,
    golden,
    inputs,
    need,
    network,
    require_close,
    require_same,
    run,
    shapes_of,
    usual_jax,
)
from tests.interop.run_equinox import CASES, modules, weights
from tests.interop.run_equinox import run as run_equinox

each_case = pytest.mark.parametrize("case", CASES)


def stand_ins(case):
    """Return objects with the fields of Equinox's cells, where it is not installed."""
    kind, _, bare = case.partition("_")
    shared = {"hidden_size": HIDDEN_SIZE, "use_bias": not bare}
    empty = {"bias": None, "bias_n": None}
    return [type(kind, (), empty | shared | own)() for own in weights(case)]


def export(parts):
    with usual_jax():
        return [to_equinox(*part) for part in parts]


@each_case
def test_we_compute_what_equinox_did(case):
    parts = [from_equinox(cell) for cell in stand_ins(case)]
    kind = LSTMCell if case.startswith("LSTM") else GRUCell
    assert parts[0][0] == kind(3, use_bias=not case.endswith("bare"))
    require_close(run(*network(parts), inputs()), golden("equinox")[case])


@each_case
def test_there_and_back_keeps_every_bit(case):
    need("equinox")
    parts = [from_equinox(cell) for cell in modules(case)]
    require_same([from_equinox(cell) for cell in export(parts)], parts)


@each_case
def test_equinox_computes_what_we_export(case):
    need("equinox")
    parts = [from_equinox(cell) for cell in stand_ins(case)]
    require_close(run(*network(parts), inputs()), run_equinox(case, export(parts)))


@each_case
def test_the_golden_file_is_what_equinox_computes(case):
    need("equinox")
    live = run_equinox(case, modules(case))
    np.testing.assert_allclose(live, golden("equinox")[case], rtol=1e-12, atol=1e-12)


REFUSED = [
    (GRUCell(3, reset="before"), ValueError, "reset is 'before'"),
    (LSTMCell(3, gate_activation="hard_sigmoid"), ValueError, "gate_activation is"),
    (RNNCell(3), TypeError, "no cell like RNNCell"),
]


@pytest.mark.parametrize(("cell", "error", "message"), REFUSED)
def test_what_equinox_cannot_hold_is_refused(cell, error, message):
    with pytest.raises(error, match=message):
        to_equinox(cell, shapes_of(cell))


def test_other_objects_are_refused():
    with pytest.raises(TypeError, match="cannot read a list; give LSTMCell, GRUCell"):
        from_equinox([])
