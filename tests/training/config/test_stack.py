"""The layers of a configuration: any cell, its options, its wrappers, how they meet."""

import pickle

import jax
import jax.numpy as jnp
import pytest

import jlstm
from jlstm import Bidirectional, Recurrent, Stack
from jlstm._internal.options import Component, OptionMap
from jlstm.activations import Clipped, LeakyReLU
from jlstm.initializers import Chrono, HiddenUniform, Identity, Orthogonal, Uniform
from jlstm.tasks.translation.model_config import Seq2SeqConfig
from jlstm.training.config.catalog import CELLS, WRAPPERS
from jlstm.training.config.schema import build, plain
from jlstm.training.config.stack import StackConfig

IMAGES = {"ConvGRUCell", "ConvLSTMCell"}
NEEDED = {"ProjectedLSTMCell": {"proj_size": 3}}


def configured(**mapping):
    """Return the configuration of a mapping, as YAML has it, below ``model.stack``."""
    return build(StackConfig, mapping, "model.stack")


def test_every_exported_cell_and_wrapper_can_be_named():
    exported = {name: kind for name, kind in vars(jlstm).items() if name in CELLS}
    assert len(CELLS) == 30 and exported == CELLS
    assert len(WRAPPERS) == 8 and all(hasattr(jlstm, name) for name in WRAPPERS)


@pytest.mark.parametrize("name", sorted(set(CELLS) - IMAGES))
def test_every_cell_has_the_layers_that_python_would_make(name):
    options = NEEDED.get(name, {})
    made = configured(cell=name, options=options, hidden_sizes=[6, 6]).make_stack()
    layer = Recurrent(CELLS[name](hidden_size=6, **options))
    assert made == Stack((layer, layer))


@pytest.mark.parametrize(
    ("mapping", "cell"),
    [
        (
            {"cell": "RNNCell", "options": {"activation": "relu",
                                            "w_hh_init": "Identity"}},
            jlstm.RNNCell(4, "relu", w_hh_init=Identity()),
        ),
        (
            {"options": {"forget_bias": {"name": "Chrono", "t_max": 50}}},
            jlstm.LSTMCell(4, Chrono(50)),
        ),
        (
            {"options": {"w_hh_init": ["Identity", "Orthogonal", "Orthogonal",
                                       {"name": "Orthogonal", "gain": 0.5}]}},
            jlstm.LSTMCell(4, w_hh_init=(Identity(), Orthogonal(), Orthogonal(),
                                         Orthogonal(0.5))),
        ),
        (
            {"options": {"activation": {"name": "Clipped", "limit": 2, "activation": {
                "name": "LeakyReLU", "alpha": 0.1}}}},
            jlstm.LSTMCell(4, activation=Clipped(LeakyReLU(0.1), 2.0)),
        ),
        ({"cell": "LEMCell", "options": {"time_step": "1e-2"}}, jlstm.LEMCell(4, 0.01)),
        (
            {"init": "torch", "options": {"w_hh_init": "Identity"}},
            jlstm.LSTMCell(4, w_ih_init=HiddenUniform(), w_hh_init=Identity(),
                           b_init=HiddenUniform()),
        ),
        (
            {"cell": "MLSTMCell", "init": "uniform", "init_scale": 0.5},
            jlstm.MLSTMCell(4, w_init=Uniform(0.5), b_init=Uniform(0.5)),
        ),
        (
            {"wrappers": [{"name": "Zoneout", "h": 0.1}, "LearnedCarry"]},
            jlstm.LearnedCarry(jlstm.Zoneout(jlstm.LSTMCell(4), h=0.1)),
        ),
    ],
)  # fmt: skip
def test_options_and_wrappers_reach_the_cell_and_go_back_to_yaml(mapping, cell):
    config = configured(**mapping, hidden_sizes=[4])
    assert config.make_cell(4) == cell
    again = configured(**plain(config))
    assert again == config == pickle.loads(pickle.dumps(config))
    assert hash(again) == hash(config) and again.make_stack() == config.make_stack()


def test_objects_in_python_are_kept_as_what_yaml_says():
    python = StackConfig(options={"w_hh_init": Orthogonal(0.5), "b_init": Uniform(1.0)})
    yaml = {"w_hh_init": {"name": "Orthogonal", "gain": 0.5},
            "b_init": {"name": "Uniform", "limit": 1.0}}  # fmt: skip
    assert python == configured(options=yaml)
    assert OptionMap({"w_hh_init": Orthogonal()})["w_hh_init"] == "Orthogonal"


def test_layers_are_connected_and_read_both_ways():
    layers = configured(
        hidden_sizes=[4, 4], bidirectional=True, connect="residual", dropout=0.5,
        variational=True,
    )  # fmt: skip
    one = Bidirectional(jlstm.LSTMCell(4))
    assert layers.make_stack() == Stack((one, one), 0.5, True, "residual")
    assert layers.title == "BiLSTM 2×4, residual" and layers.output_size == 8


REFUSALS = [
    ({"cell": "lstm"}, ".cell is 'lstm'; did you mean LSTMCell?"),
    ({"cell": "peephole"}, ".cell is 'peephole'; did you mean PeepholeLSTMCell?"),
    ({"cell": "irnn"}, ".cell is 'irnn'; choose one of CIFGLSTMCell, "),
    (
        {"cell": "ConvLSTMCell"},
        ".cell is ConvLSTMCell, which reads images, and this task feeds vectors: "
        "choose another cell, or task=video, which feeds frames.",
    ),
    ({"options": 3}, ".options is 3 (int); give options by name, such as "),
    (
        {"cell": "GRUCell", "options": {"forget_bias": 1.0}},
        ".options: GRUCell has no option forget_bias; it has reset, use_bias, "
        "gate_activation, activation, w_ih_init, w_hh_init, b_init, num_heads. If it "
        "is of another cell, ~model.stack.options.forget_bias clears it.",
    ),
    (
        {"cell": "LEMCell", "options": {"tme_step": 1}},
        ".options: LEMCell has no option tme_step: did you mean time_step?",
    ),
    (
        {"cell": "LEMCell", "options": {"time_step": -1}},
        ".options: LEMCell: time_step is -1.0; give a positive number.",
    ),
    (
        {"options": {"use_bias": "no"}},
        ".options: LSTMCell: use_bias is 'no' (str); give True or False.",
    ),
    (
        {"cell": "ProjectedLSTMCell"},
        ".options: ProjectedLSTMCell needs the option proj_size: give it.",
    ),
    (
        {"options": {"w_hh_init": "Orthogonl"}},
        ".options: LSTMCell: w_hh_init is 'Orthogonl'; choose one of Constant, "
        "Uniform, Between, HiddenUniform, Glorot, Orthogonal, Identity, Chrono. Did "
        "you mean Orthogonal?",
    ),
    (
        {"options": {"w_hh_init": {"name": "Orthogonal", "gian": 2}}},
        ".options: Orthogonal has no option gian: did you mean gain?",
    ),
    (
        {"options": {"w_hh_init": {"gain": 2}}},
        ".options: {'gain': 2} names nothing; give a name or {name: NAME, opt",
    ),
    (
        {"options": {"w_hh_init": ["Orthogonal", "Identity"]}},
        ".options: 2 initialisers came for the 4 gates i, f, g, o. Give one for all",
    ),
    (
        {"options": {"forget_bias": {"name": "Chrono", "t_max": 2}}},
        ".options: Chrono: t_max is 2; give 3 or more whole steps.",
    ),
    (
        {"options": {"activation": "rleu"}},
        ".options: LSTMCell: activation is 'rleu'; did you mean relu?",
    ),
    (
        {"wrappers": "Zoneout"},
        ".wrappers is 'Zoneout' (str); give a tuple or list with a name or {name: NAME",
    ),
    ({"wrappers": ["Zoneot"]}, ".wrappers[0]: name is 'Zoneot'; choose one of Input"),
    (
        {"wrappers": ["LearnedCarry", {"name": "Zoneout", "h": 2}]},
        ".wrappers[1]: Zoneout: h is 2.0; give a probability in [0, 1).",
    ),
    (
        {"cell": "LRUCell", "wrappers": ["RecurrentDropout"]},
        ".wrappers[0]: RecurrentDropout: cell is LRUCell(hidden_size=128) (LRUCell); "
        "give a gated cell",
    ),
    ({"connect": "residul"}, ".connect is 'residul'; choose one of plain, residual, h"),
    (
        {"connect": "residual", "hidden_sizes": [3, 4]},
        ": Stack: connect='residual' needs layers of one width; they have [3, 4]",
    ),
]


@pytest.mark.parametrize(("mapping", "line"), REFUSALS)
def test_what_does_not_fit_is_one_line_with_its_key(mapping, line):
    with pytest.raises(ValueError) as refused:
        configured(**mapping)
    said = str(refused.value)
    assert said.startswith(f"model.stack{line}") and "\n" not in said


@pytest.mark.parametrize("key", ["stack", "decoder"])
def test_a_bridge_maps_vectors(key):
    with pytest.raises(ValueError, match=rf"model.{key}.cell keeps an array of shape"):
        Seq2SeqConfig(**{key: StackConfig("MLSTMCell")})


@pytest.mark.parametrize("cell", ["SLSTMCell", "GRUCell", "LRUCell"])
def test_a_bridge_takes_vectors_of_any_number(cell):
    stack = StackConfig(cell, hidden_sizes=(4,))
    assert Seq2SeqConfig(stack=stack, decoder=stack).stack == stack


def test_a_component_without_options_is_its_name():
    assert Component.of("Zoneout").as_plain() == "Zoneout"
    assert Component("Zoneout", {"h": 0.5}).as_plain() == {"name": "Zoneout", "h": 0.5}
    with pytest.raises(ValueError, match="an option is the array"):
        OptionMap({"x": jnp.ones(3)})


def test_projected_outputs_have_their_own_width():
    config = configured(
        cell="ProjectedLSTMCell", options={"proj_size": 3}, hidden_sizes=[5, 5]
    )
    params = jax.eval_shape(lambda: config.make_stack().init(jax.random.key(0), 2))
    assert config.output_size == 3 and params[1].w_ih.shape == (3, 4, 5)
