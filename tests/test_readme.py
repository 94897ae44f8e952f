"""README's code runs as it stands there, and it takes no more than two screens."""

import ast

import jax
import pytest

import jlstm
from tests.pages import ROOT, blocks, inline

README = ROOT / "README.md"
BLOCKS = blocks(README)


def calls_in_prose():
    """Return the code between the lines that calls something of jlstm."""
    for text in inline(README):
        try:
            tree = ast.parse(text, mode="eval")
        except SyntaxError:  # a file, a command, an option
            continue
        if any(isinstance(node, ast.Call) for node in ast.walk(tree)):
            yield text


CALLS = list(calls_in_prose())


@pytest.mark.long
@pytest.mark.usefixtures("unchecked", "user_defaults")
def test_all_code_runs_from_the_top():
    names = {}
    for block in BLOCKS:
        exec(block, names)
    assert names["ys"].shape == (32, 100, 128)
    assert 0 < float(names["gates"].f.mean()) < 1


@pytest.mark.long
@pytest.mark.parametrize("text", CALLS)
@pytest.mark.usefixtures("unchecked", "user_defaults")
def test_a_layer_or_cell_of_the_prose_runs(text):
    names = vars(jlstm) | {"cell": jlstm.LSTMCell(hidden_size=64, forget_bias=1.0)}
    made = eval(text, names)
    params = made.init(jax.random.key(0), 8)
    xs = jax.numpy.ones((100, 32, 8))
    layer = jlstm.Recurrent(made) if isinstance(made, jlstm.Cell) else made
    _, ys = jax.eval_shape(layer.apply, params, xs)
    assert ys.shape == (100, 32, layer.output_size(8))


def test_there_is_code_in_all_places():
    assert len(BLOCKS) == 2 and len(CALLS) == 2


def test_it_takes_two_screens():
    """A screen has fifty lines or so."""
    assert len(README.read_text("utf-8").splitlines()) <= 110
