"""What a layer consists of, told without arrays; and how a notebook shows layers."""

import importlib.util
from html.parser import HTMLParser

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

import jlstm.nnx
from jlstm import Bidirectional, GRUCell, LSTMCell, Recurrent, Stack, summary
from tests.zoo import MAIN, each

STACK = Stack((Recurrent(LSTMCell(4)), Bidirectional(GRUCell(3))))
TABLE = """\
params        layer                                    output  name  array           count  bytes
              Stack of 2                               (6,)
[0]           Recurrent(cell=LSTMCell(hidden_size=4))  (4,)    w_ih  float32[2,4,4]     32    128
                                                               w_hh  float32[4,4,4]     64    256
                                                               b     float32[4,4]       16     64
[1]           Bidirectional, concat                    (6,)
[1].forward   GRUCell(hidden_size=3)                   (3,)    w_ih  float32[4,3,3]     36    144
                                                               w_hh  float32[3,3,3]     27    108
                                                               b     float32[3,3]        9     36
                                                               b_hn  float32[3]          3     12
[1].backward  GRUCell(hidden_size=3)                   (3,)    w_ih  float32[4,3,3]     36    144
                                                               w_hh  float32[3,3,3]     27    108
                                                               b     float32[3,3]        9     36
                                                               b_hn  float32[3]          3     12
total                                                                                  262  1,048
"""  # noqa: E501


def drawn(layer, input_size, dtype=jnp.float32):
    return jax.eval_shape(lambda: layer.init(jax.random.key(0), input_size, dtype))


@pytest.mark.long
@each(MAIN, always=True)
def test_every_array_is_told_once_and_the_output_has_its_shape(row):
    table = summary(row.layer, row.input_size, jnp.bfloat16)
    params = drawn(row.layer, row.input_size, jnp.bfloat16)
    leaves = jax.tree.leaves(params)
    sizes = [x.size * x.dtype.itemsize for x in leaves]
    told = sorted((one.shape, one.dtype, one.bytes) for one in table.parameters)
    assert told == sorted(
        (x.shape, x.dtype.name, size) for x, size in zip(leaves, sizes, strict=True)
    )
    assert (table.count, table.bytes) == (sum(x.size for x in leaves), sum(sizes))
    xs = jax.ShapeDtypeStruct((1, *row.feature_shape), jnp.float32)
    _, ys = jax.eval_shape(row.layer.apply, drawn(row.layer, row.input_size), xs)
    assert table.parts[0].output == ys.shape[1:]


@pytest.mark.long
@pytest.mark.parametrize("connect", ["highway", "skip"])
def test_a_path_leads_to_the_parameters(connect):
    cells = (GRUCell(4), jlstm.LearnedCarry(LSTMCell(4)), LSTMCell(4))
    layer = Stack(tuple(map(Recurrent, cells)), connect=connect)
    params = drawn(layer, 5)
    table = summary(layer, 5)
    assert len(table.parameters) == len(jax.tree.leaves(params))
    for part in table.parts:
        for one in part.parameters:
            array = eval(f"params{part.path}.{one.name}", {"params": params})
            assert array.shape == one.shape
    assert table.parts[0].output == ((4,) if connect == "highway" else (12,))


@pytest.mark.long
def test_the_table_reads_well():
    assert f"{summary(STACK, 2)}\n" == TABLE
    assert repr(summary(STACK, 2)) == "Summary(count=262, bytes=1048)"


class Cells(HTMLParser):
    """Collects the text of the cells of each line."""

    def __init__(self, text):
        super().__init__()
        self.lines = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.lines.append([])
        if tag == "td":
            self.lines[-1].append("")

    def handle_data(self, data):
        self.lines[-1][-1] += data


def test_a_notebook_shows_the_same_table():
    lines = Cells(summary(STACK, 2)._repr_html_()).lines
    assert [" ".join(filter(None, line)) for line in lines] == [
        " ".join(line.split()) for line in TABLE.splitlines()
    ]


def test_a_summary_makes_no_array():
    large = summary(LSTMCell(100_000), 100_000)  # 320 GB
    assert large.count == 4 * 100_000 * (200_000 + 1)


def test_what_is_wrong_is_told_before_anything_is_drawn():
    with pytest.raises(TypeError, match=r"layer is 'lstm'; give a cell or a layer"):
        summary("lstm", 2)
    with pytest.raises(TypeError, match=r"layer is <class .*GRUCell'>; give a cell"):
        summary(GRUCell, 2)
    for wrong in (0, True):
        with pytest.raises(ValueError, match=f"input_size is {wrong}; give a positive"):
            summary(GRUCell(3), wrong)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:The chararray class:DeprecationWarning")
def test_treescope_shows_layers_params_and_modules():
    if importlib.util.find_spec("treescope") is None:
        pytest.skip("treescope is not installed: nothing to show layers with")
    import treescope

    params = STACK.init(jax.random.key(0), 2)
    module = jlstm.nnx.RNN(STACK, 2, rngs=nnx.Rngs(0))
    wanted = {"cell=LSTMCell(hidden_size=4": STACK, "LSTMParams(": params}
    for text, value in (wanted | {"BidirectionalParams(": module}).items():
        assert text in treescope.render_to_text(value)
        assert "<treescope-run-here>" in treescope.render_to_html(value)
