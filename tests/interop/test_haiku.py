"""``jlstm.interop.haiku``: Haiku's weights compute here what they compute there."""

import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import GRUCell, LSTMCell, RNNCell
from jlstm.interop import from_haiku, to_haiku
from tests.interop.peers import (
    golden,
    inputs,
    need,
    network,
    require_close,
    require_same,
    run,
    shapes_of,
)
from tests.interop.run_haiku import CASES, weights
from tests.interop.run_haiku import run as run_haiku

each_case = pytest.mark.parametrize("case", CASES)


def name(case):
    return case.removesuffix("_single")


def read(case, trees):
    return [from_haiku(tree, name(case)) for tree in trees]


def write(case, parts):
    return [to_haiku(*part, name(case)) for part in parts]


@each_case
def test_we_compute_what_haiku_did(case):
    ours = run(*network(read(case, weights(case))), inputs())
    require_close(ours, golden("haiku")[case])


@each_case
def test_there_and_back(case):
    parts = read(case, weights(case))
    assert {cell for cell, _ in parts} == {
        {
            "lstm": LSTMCell(3),
            "gru": GRUCell(3, reset="before"),
            "vanilla_rnn": RNNCell(3, activation="relu"),
        }[name(case)]
    }
    again = read(case, write(case, parts))
    if case != "lstm":
        return require_same(again, parts)
    for (_, new), (_, old) in zip(again, parts, strict=True):
        # Adding 1 to the forget bias rounds: one unit in the last place.
        np.testing.assert_array_max_ulp(np.asarray(new.b), np.asarray(old.b), 4)
        require_same(new._replace(b=old.b), old)


@each_case
def test_haiku_computes_what_we_export(case):
    need("haiku")
    parts = read(case, weights(case))
    trees = write(case, parts)
    live = run_haiku("vanilla_rnn" if "vanilla" in case else case, trees)
    require_close(run(*network(parts), inputs()), live)


@each_case
def test_the_golden_file_is_what_haiku_computes(case):
    need("haiku")
    live = run_haiku(case, weights(case))
    np.testing.assert_allclose(live, golden("haiku")[case], rtol=1e-12, atol=1e-12)


REFUSED = [
    (GRUCell(3), ValueError, "reset is 'after' where it has only 'before'"),
    (RNNCell(3), ValueError, "activation is 'tanh' where it has only 'relu'"),
    (LSTMCell(3, use_bias=False), ValueError, "always has biases"),
    (LSTMCell(3, cell_clip=1.0), ValueError, "cell_clip is 1.0"),
    (GRUCell(4, reset="before", num_heads=2), ValueError, "num_heads is 2"),
]


@pytest.mark.parametrize(("cell", "error", "message"), REFUSED)
def test_what_haiku_cannot_hold_is_refused(cell, error, message):
    with pytest.raises(error, match=message):
        to_haiku(cell, shapes_of(cell), "core")


def test_a_wrong_name_is_an_error():
    tree = {"actor/~/lstm/linear": {"w": jnp.ones((5, 12)), "b": jnp.ones(12)}}
    assert from_haiku(tree, "actor/~/lstm")[0] == LSTMCell(3)
    with pytest.raises(ValueError, match=r"is called 'lstm'; .*actor/~/lstm/linear"):
        from_haiku(tree, "lstm")
