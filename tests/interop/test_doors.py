"""What does not fit is named: weights, levels of trees, modules, files."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

import jlstm
from jlstm import (
    Bidirectional,
    ConvLSTMCell,
    GRUCell,
    LSTMCell,
    Recurrent,
    RNNCell,
    Stack,
)
from jlstm.interop import (
    KerasLayer,
    Sizes,
    from_cudnn,
    from_equinox,
    from_haiku,
    from_keras,
    from_linen,
    from_nnx,
    from_safetensors,
    from_torch,
    save_safetensors,
    stablehlo,
    to_cudnn,
    to_equinox,
    to_haiku,
    to_keras,
    to_linen,
    to_nnx,
    to_torch,
)
from jlstm.interop.onnx import from_onnx, from_onnx_node, to_onnx
from tests.interop.peers import need, usual_jax
from tests.messages import message_of
from tests.zoo import assert_same

pytestmark = pytest.mark.usefixtures("unchecked")
X, H = 2, 3
LSTM, GRU, RELU = LSTMCell(H), GRUCell(H), RNNCell(H, activation="relu")
STACK = Stack((Recurrent(LSTM), Recurrent(LSTM)))
HAIKU_GRU = GRUCell(H, reset="before")


def drawn(layer, size=X):
    random = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda: layer.init(jax.random.key(0), size))
    return jax.tree.map(
        lambda a: jnp.asarray(random.normal(size=a.shape), jnp.float32), shapes
    )


NAMED = to_torch(STACK, drawn(STACK))
CELL = {name.removesuffix("_l0"): a for name, a in NAMED.items() if "_l0" in name}


def but(tree, **changes):
    """Return a dict with other entries, without those that are None."""
    changed = {**tree, **changes}
    return {name: value for name, value in changed.items() if value is not None}


def test_weights_of_a_cell_of_torch_are_a_stack_of_one():
    layer, params = from_torch(CELL)
    assert layer == Stack((Recurrent(LSTM),))
    assert_same(params[0], drawn(STACK)[0])
    within = {f"module.rnn.{name}": array for name, array in CELL.items()}
    assert_same(from_torch(within, prefix="module.rnn.")[1], params)


def test_half_precision_is_kept():
    halves = {name: array.astype(np.float16) for name, array in NAMED.items()}
    params = from_torch(halves)[1]
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {np.dtype("float16")}


TORCH = {
    "a checkpoint": (
        {"state_dict": NAMED, "epoch": 3}, ValueError,
        "The mapping is a checkpoint; its weights are under 'state_dict': give source",
    ),
    "another": ({"model": NAMED}, ValueError, "The mapping is a checkpoint; its weigh"),
    "a checkpoint of a module": (
        {"model": types.SimpleNamespace(state_dict=dict)}, ValueError,
        "The mapping has a SimpleNamespace under 'model': give source['model'].state_",
    ),
    "another prefix": (
        {f"module.{n}": a for n, a in NAMED.items()}, ValueError,
        "No weight_ih_l0 with the prefix ''; recurrent weights have the prefixes "
        "['module.']. Give one",
    ),
    "compiled": (
        {f"_orig_mod.rnn.{n}": a for n, a in NAMED.items()}, ValueError,
        "No weight_ih_l0 with the prefix ''; recurrent weights have the prefixes "
        "['_orig_mod.rnn.'].",
    ),
    "quantized": (
        {"_all_weight_values.0.param": 0, "version": 1}, ValueError,
        "No weight_ih_l0, as torch.nn's",
    ),
    "numbers as names": ({3: NAMED["bias_ih_l0"]}, ValueError, "No weight_ih_l0, as t"),
    "nothing": ({}, ValueError, "No weight_ih_l0, as torch.nn's"),
    "a list": ([NAMED], TypeError, "from_torch cannot read a list; give a torch.nn.LS"),
    "a path": ("model.pt", TypeError, "from_torch cannot read a str; give a torch.nn"),
    "none": (None, TypeError, "from_torch cannot read a NoneType; give a torch.nn.LST"),
    "a compiled module": (
        types.SimpleNamespace(_orig_mod=1), TypeError,
        "from_torch cannot read a SimpleNamespace; give a torch.nn.LSTM, GRU or RNN, o",
    ),
    "no w_hh": (
        but(NAMED, weight_hh_l1=None), ValueError,
        "The weights with the prefix '' are not those of a whole module: bias_hh_l0",
    ),
    "layer 1 of other features": (
        but(NAMED, weight_ih_l1=np.zeros((12, 9))), ValueError,
        "torch.nn: weight_ih_l1 has shape (12, 9); it takes (12, 3).",
    ),
    "a bias of another size": (
        but(NAMED, bias_ih_l0=np.zeros(10)), ValueError,
        "torch.nn: bias_ih_l0 has shape (10,); it takes (12,).",
    ),
    "w_hh of other rows": (
        but(NAMED, weight_hh_l1=np.zeros((9, 3))), ValueError,
        "torch.nn: weight_hh_l1 has shape (9, 3); it takes (12, 3).",
    ),
    "w_ih of other rows": (
        but(NAMED, weight_ih_l0=np.zeros((7, 2))), ValueError,
        "torch.nn: weight_ih_l0 has 7 rows for 3 hidden units; an LSTM has 4 rows",
    ),
    "a vector": (
        but(NAMED, weight_ih_l0=np.zeros(12)), ValueError,
        "torch.nn: weight_ih_l0 has shape (12,); it takes 2 axes, none empty.",
    ),
    "integers": (
        but(NAMED, weight_ih_l0=np.zeros((12, 2), np.int8)), TypeError,
        "torch.nn: weight_ih_l0 has dtype int8; give floats (dequantize",
    ),
    "text": (but(NAMED, bias_ih_l0="b"), TypeError, "torch.nn: bias_ih_l0 has dtype <"),
}  # fmt: skip


@pytest.mark.parametrize("what", TORCH)
def test_torch(what):
    source, error, wanted = TORCH[what]
    assert message_of(error, lambda: from_torch(source)).startswith(wanted)


(KERAS,) = to_keras(LSTM, drawn(LSTM))


def keras_layer(weights, **options):
    config = {**KERAS.config, "config": {**KERAS.config["config"], **options}}
    return KerasLayer(config, weights)


def data(kind, **config):
    return KerasLayer({"class_name": kind, "config": config}, [])


W = KERAS.weights
KERAS_CASES = {
    "two for three": (
        [keras_layer(W[1:])], ValueError,
        "Keras: LSTM: bias is missing; the weights are kernel (3, 12), recurrent_kerne",
    ),
    "without bias": ([keras_layer(W[:2])], ValueError, "Keras: LSTM: bias is missing;"),
    "one too many": (
        [keras_layer([*W, W[0]])], ValueError,
        "Keras: LSTM: weight 3 is too much; the weights are kernel (2, 12)",
    ),
    "another recurrent kernel": (
        [keras_layer([W[0], W[0], W[2]])], ValueError,
        "Keras: LSTM: recurrent_kernel has shape (2, 12); it takes (3, 12).",
    ),
    "other units": (
        [keras_layer(W, units=4)], ValueError,
        "Keras: LSTM: kernel has shape (2, 12); it takes (2, 16).",
    ),
    "integers": (
        [keras_layer([w.astype(int) for w in W])], TypeError,
        "Keras: the kernel of the LSTM has dtype int64; give floats",
    ),
    "no units": (
        [KerasLayer({**KERAS.config, "config": {"use_bias": True}}, W)], ValueError,
        "Keras: the config of the LSTM has no activation; give all that keras.layers",
    ),
    "two that do not fit": (
        [KERAS, KERAS], ValueError,
        "Keras: layer 1 takes 2 features and layer 0 gives 3: the two are not a stack.",
    ),
    "an Embedding": (
        [data("Embedding"), KERAS], TypeError,
        "Keras: cannot read a Embedding; give the recurrent layers alone, LSTM, GRU",
    ),
    "TimeDistributed": ([data("TimeDistributed")], TypeError, "Keras: cannot read a T"),
    "RNN of several": (
        [KerasLayer({**KERAS.config, "class_name": "RNN", "config": {
            "cell": {"class_name": "StackedRNNCells", "config": {}}}}, W)],
        TypeError, "Keras: cannot read a RNN of StackedRNNCells; give RNN of LSTMCell",
    ),
    "dropout alone": (
        [data("Dropout")], ValueError, "Keras: no layer is recurrent; give at least on",
    ),
    "a path": ("model.keras", TypeError, "Keras: cannot read a str; give a model, lay"),
    "none": (None, TypeError, "Keras: cannot read a NoneType; give a model, layers or"),
    "a number": (3, TypeError, "Keras: cannot read a int; give a model, or a list of"),
    "no config": ([KerasLayer({}, W)], TypeError, "Keras: cannot read a KerasLayer; g"),
}  # fmt: skip


@pytest.mark.parametrize("what", KERAS_CASES)
def test_keras(what):
    layers, error, wanted = KERAS_CASES[what]
    assert message_of(error, lambda: from_keras(layers)).startswith(wanted)


def test_what_computes_nothing_is_left_out_of_keras():
    params = from_keras([KERAS])[1]
    for layers in (
        KERAS,
        [data("InputLayer"), data("Masking"), KERAS, data("Dropout")],
    ):
        assert_same(from_keras(layers)[1], params)
    model = types.SimpleNamespace(layers=[KERAS])
    assert_same(from_keras(model)[1], params)
    cell = {"class_name": "LSTMCell", "config": KERAS.config["config"]}
    options = {"cell": cell, "go_backwards": False, "return_sequences": True}
    rnn = KerasLayer({**KERAS.config, "class_name": "RNN", "config": options}, W)
    stack, same = from_keras(rnn)
    assert stack == Stack((Recurrent(LSTM),))
    assert_same(same, params)


def test_keras_layers_side_by_side_are_no_stack():
    keras = need("keras")
    with usual_jax():
        inputs = keras.Input((6, 4))
        sides = [keras.layers.LSTM(4, return_sequences=True)(inputs) for _ in "ab"]
        model = keras.Model(inputs, keras.layers.Concatenate()(sides))
    recurrent = [layer for layer in model.layers if "lstm" in layer.name]
    text = message_of(ValueError, lambda: from_keras(recurrent))
    assert "does not read the outputs of" in text


FLAX = linen.LSTMCell(H)
TREE = to_linen(LSTM, drawn(LSTM))[1]
RNGS = nnx.Rngs(0)
FLAX_CASES = {
    "variables": (
        lambda: from_linen(FLAX, {"params": {"cell": TREE}}), ValueError,
        "flax.linen: the parameters of the cell are not on this level, which has params"
        "; it has ii and hi. Give params['params']['cell'].",
    ),
    "one level up": (
        lambda: from_linen(FLAX, {"cell": TREE}), ValueError,
        "flax.linen: the parameters of the cell are not on this level, which has cell; "
        "it has ii and hi. Give params['cell'].",
    ),
    "one level down": (
        lambda: from_linen(FLAX, TREE["ii"]), ValueError,
        "flax.linen: the parameters of the cell are not on this level, which has kerne",
    ),
    "nothing": (
        lambda: from_linen(FLAX, {}), ValueError,
        "flax.linen: the parameters of the cell are not on this level, which has nothi",
    ),
    "a list": (
        lambda: from_linen(FLAX, [TREE]), TypeError,
        "flax.linen: params is a list; give the dict of the cell.",
    ),
    "no gate": (
        lambda: from_linen(FLAX, but(TREE, hf=None)), ValueError,
        "flax.linen: hf/kernel is missing; the weights are ii/kernel (2, 3)",
    ),
    "no bias": (
        lambda: from_linen(FLAX, but(TREE, hi={"kernel": TREE["hi"]["kernel"]})),
        ValueError, "flax.linen: hi/bias is missing; the weights are ii/kernel (2, 3)",
    ),
    "too much": (
        lambda: from_linen(FLAX, but(TREE, extra=TREE["hi"])), ValueError,
        "flax.linen: extra/kernel is too much; the weights are ii/kernel (2, 3)",
    ),
    "another shape": (
        lambda: from_linen(FLAX, but(TREE, ig={"kernel": jnp.ones((4, 3))})),
        ValueError, "flax.linen: ig/kernel has shape (4, 3); it takes (2, 3).",
    ),
    "another size": (
        lambda: from_linen(linen.LSTMCell(4), TREE), ValueError,
        "flax.linen: ii/kernel has shape (2, 3); it takes (2, 4).",
    ),
    "an RNN of Linen": (
        lambda: from_linen(linen.RNN(FLAX), TREE), TypeError,
        "flax.linen: cannot read a RNN; give LSTMCell, OptimizedLSTMCell, GRUCell, ",
    ),
    "a class of Linen": (
        lambda: from_linen(linen.LSTMCell, TREE), TypeError,
        "flax.linen: cannot read a LSTMCell; give",
    ),
    "an RNN of NNX": (
        lambda: from_nnx(nnx.RNN(nnx.GRUCell(X, H, rngs=nnx.Rngs(0)))), TypeError,
        "flax.nnx: cannot read a RNN; give LSTMCell, OptimizedLSTMCell, GRUCell, "
        "SimpleCell. It holds cells: give its .cell.",
    ),
    "both ways of NNX": (
        lambda: from_nnx(
            nnx.Bidirectional(
                *(nnx.RNN(nnx.GRUCell(X, H, rngs=nnx.Rngs(n))) for n in range(2))
            )
        ),
        TypeError,
        "flax.nnx: cannot read a Bidirectional; give LSTMCell, OptimizedLSTMCell, "
        "GRUCell, SimpleCell. It holds cells: give its .forward_rnn.cell and "
        ".backward_rnn.cell.",
    ),
    "a module of ours": (
        lambda: from_nnx(LSTM), TypeError, "flax.nnx: cannot read a LSTMCell; give LST",
    ),
    "a state": (
        lambda: from_nnx({"dense_i": 1}), TypeError, "flax.nnx: cannot read a dict; gi",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FLAX_CASES)
def test_flax(what):
    call, error, wanted = FLAX_CASES[what]
    assert message_of(error, call).startswith(wanted)


HAIKU = {
    kind: to_haiku(cell, drawn(cell), "core")
    for kind, cell in {"lstm": LSTM, "gru": HAIKU_GRU, "rnn": RELU}.items()
}


def haiku(kind, name, **changes):
    tree = dict(HAIKU[kind])
    return {**tree, name: but(tree[name], **changes)}


BLOB = to_cudnn(LSTM, drawn(LSTM))
EQUINOX = types.SimpleNamespace(
    hidden_size=H, use_bias=True, bias=np.ones(12),
    weight_ih=np.ones((12, X)), weight_hh=np.ones((12, H)),
)  # fmt: skip


def equinox(name="LSTMCell", **changes):
    """Return an object that looks as Equinox's cell of this name does."""
    return type(name, (), {**vars(EQUINOX), **changes})()


OTHERS = {
    "haiku of a list": (
        lambda: from_haiku([HAIKU], "core"), TypeError, "haiku: params is a list; give",
    ),
    "haiku of another name": (
        lambda: from_haiku(HAIKU["lstm"], "lstm"), ValueError,
        "haiku: no LSTM, GRU or VanillaRNN is called 'lstm'; the parameters have",
    ),
    "haiku without bias": (
        lambda: from_haiku(haiku("lstm", "core/linear", b=None), "core"), ValueError,
        "haiku: core/linear: b is missing; the weights are w (5, 12), b (12,).",
    ),
    "haiku without weight": (
        lambda: from_haiku(haiku("lstm", "core/linear", w=None), "core"), TypeError,
        "haiku: core/linear: w is a NoneType; give an array of floats.",
    ),
    "haiku of odd columns": (
        lambda: from_haiku(haiku("lstm", "core/linear", w=np.ones((5, 10))), "core"),
        ValueError, "haiku: core/linear: w has shape (5, 10); an LSTM takes (x + h, 4·",
    ),
    "haiku of another bias": (
        lambda: from_haiku(haiku("gru", "core", b=np.ones(8)), "core"), ValueError,
        "haiku: core: b has shape (8,); it takes (9,).",
    ),
    "a GRU of haiku without bias": (
        lambda: from_haiku(haiku("gru", "core", b=None), "core"), ValueError,
        "haiku: core: b is missing; the weights are w_i (2, 9), w_h (3, 9), b (9,).",
    ),
    "an RNN of haiku that is not square": (
        lambda: from_haiku(haiku("rnn", "core/linear_1", w=np.ones((2, 3))), "core"),
        ValueError, "haiku: core/linear_1: w has shape (2, 3); it takes (3, 3).",
    ),
    "a cell of ours for equinox": (
        lambda: from_equinox(LSTM), TypeError,
        "equinox.nn: the LSTMCell has no weight_ih; give an object of equinox.nn.LSTM",
    ),
    "equinox without bias": (
        lambda: from_equinox(equinox(bias=None)), ValueError,
        "equinox.nn: bias is missing; the weights are weight_ih (12, 2), weight_hh",
    ),
    "equinox of another shape": (
        lambda: from_equinox(equinox(weight_hh=np.ones((12, 2)))), ValueError,
        "equinox.nn: weight_hh has shape (12, 2); it takes (12, 3).",
    ),
    "a GRU of equinox with an LSTM's weights": (
        lambda: from_equinox(equinox("GRUCell", bias_n=np.ones(3))), ValueError,
        "equinox.nn: weight_ih has shape (12, 2); it takes (9, 2).",
    ),
    "cudnn of a list": (
        lambda: from_cudnn([1.0], Sizes(X, H)), TypeError,
        "jax.experimental.rnn: weights is a list; give an array of floats.",
    ),
    "cudnn too short": (
        lambda: from_cudnn(BLOB[:-1], Sizes(X, H)), ValueError,
        "The weights have shape (83,); Sizes(input_size=2, hidden_size=3,",
    ),
    "cudnn of integers": (
        lambda: from_cudnn(BLOB.astype(int), Sizes(X, H)), TypeError,
        "jax.experimental.rnn: weights has dtype int64; give floats",
    ),
    "cudnn without sizes": (
        lambda: from_cudnn(BLOB, (X, H)), TypeError,
        "jax.experimental.rnn: sizes is (2, 3); give Sizes(input_size, hidden_size).",
    ),
    "cudnn of no layer": (
        lambda: from_cudnn(BLOB, Sizes(X, H, 0)), ValueError,
        "jax.experimental.rnn: num_layers is 0; give a positive integer.",
    ),
    "an ONNX node of text": (
        lambda: from_onnx_node("LSTM", W[0], W[1]), TypeError,
        "The node is a str; give an onnx.NodeProto.",
    ),
    "a model of bytes": (
        lambda: from_onnx(b"abc"), TypeError,
        "from_onnx: model is a bytes; give an onnx.ModelProto or the path of a file.",
    ),
    "an artifact of numbers": (
        lambda: stablehlo.load(3), TypeError, "The artifact is a int; give bytes or a",
    ),
    "an artifact of other bytes": (
        lambda: stablehlo.load(b"abcdefgh"), ValueError,
        "The 8 bytes are no artifact of jax.export, or damaged",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHERS)
def test_other_libraries(what):
    if "ONNX" in what or "model of bytes" in what:
        need("onnx")
    call, error, wanted = OTHERS[what]
    assert message_of(error, call).startswith(wanted)


EXPORTERS = {
    "torch": (to_torch, LSTM),
    "keras": (to_keras, LSTM),
    "cudnn": (to_cudnn, LSTM),
    "linen": (to_linen, LSTM),
    "haiku": (lambda cell, params: to_haiku(cell, params, "core"), LSTM),
    "haiku gru": (lambda cell, params: to_haiku(cell, params, "core"), HAIKU_GRU),
    "equinox": (to_equinox, GRU),
    "nnx": (lambda cell, params: to_nnx(cell, params, nnx.OptimizedLSTMCell), LSTM),
    "onnx": (to_onnx, LSTM),
}
WRONG = {
    "w_ih missing": (lambda p: p._replace(w_ih=None), "w_ih is missing; the weights a"),
    "w_hh missing": (lambda p: p._replace(w_hh=None), "w_hh is missing; the weights a"),
    "b missing": (lambda p: p._replace(b=None), "b is missing; the weights are w_ih"),
    "w_hh of another shape": (
        lambda p: p._replace(w_hh=p.w_hh[1:]), "w_hh has shape (2, ",
    ),
    "b of another shape": (lambda p: p._replace(b=p.b[0]), "b has shape (3,); it take"),
    "another cell's": (lambda p: drawn(jlstm.MinGRUCell(3)), " is "),
    "those of a layer": (lambda p: (p,), "params is too much"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", EXPORTERS)
def test_exporters_name_what_is_missing(name, wrong):
    if name == "onnx":
        need("onnx")
    export, cell = EXPORTERS[name]
    change, wanted = WRONG[wrong]
    if wrong == "those of a layer":
        wanted = "w_ih is missing"
    text = message_of(ValueError, lambda: export(cell, change(drawn(cell))))
    assert wanted in text


@pytest.mark.parametrize("export", [to_torch, to_keras, to_cudnn, to_linen])
def test_exporters_take_the_parameters_of_init_only(export):
    params = drawn(LSTM)
    text = message_of(TypeError, lambda: export(LSTM, params._asdict()))
    assert text.endswith("params is a dict; give the LSTMParams of cell.init.")
    types_only = jax.eval_shape(lambda: params)
    text = message_of(TypeError, lambda: export(LSTM, types_only))
    assert text.endswith("is a ShapeDtypeStruct; give an array of floats.")


@pytest.mark.parametrize("path", [None, 3, b"model"])
def test_what_is_no_path_is_refused(path):
    text = message_of(TypeError, lambda: from_safetensors(path))
    assert text == f"path is {path!r}; give the path of a safetensors file."


@pytest.mark.parametrize("export", [to_torch, to_keras, to_cudnn])
def test_exporters_name_a_layer_that_is_missing(export):
    text = message_of(ValueError, lambda: export(STACK, drawn(STACK)[:1]))
    assert "give a tuple of 2, one per layer of Stack" in text
    both = Bidirectional(LSTM)
    text = message_of(ValueError, lambda: export(both, tuple(drawn(both))))
    assert "give BidirectionalParams(forward, backward), as init makes it." in text


FILES = {
    "missing": (None, FileNotFoundError, "There is no file {}: give the path of one."),
    "a folder": ("folder", ValueError, "{} is no file: give the path of one {kind} fi"),
    "empty": (b"", ValueError, "{} is empty: give a whole {kind} file."),
    "a pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n",
        ValueError, "{} is a pointer of git-lfs, not the file: fetch it by git lfs pul",
    ),
    "text": (b"once upon a time\n" * 9, ValueError, "{} is no {kind} file, or it is c"),
    "cut off": ("half", ValueError, "{} is no {kind} file, or it is cut off or damage"),
}  # fmt: skip
READERS = {
    "safetensors": from_safetensors,
    "ONNX": from_onnx,
    "StableHLO": stablehlo.load,
}


def whole(kind, path):
    """Write a whole model file."""
    if kind == "safetensors":
        save_safetensors(path, STACK, drawn(STACK))
    elif kind == "ONNX":
        path.write_bytes(to_onnx(LSTM, drawn(LSTM)).SerializeToString())
    else:
        path.write_bytes(stablehlo.export_step(LSTM, drawn(LSTM), X))


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("kind", READERS)
def test_a_file_that_is_no_model_is_told_by_what_it_is(kind, what, tmp_path):
    if kind != "StableHLO":
        need(kind.lower())
    content, error, wanted = FILES[what]
    path = tmp_path / "model"
    if content == "folder":
        path.mkdir()
    elif content == "half":
        whole(kind, path)
        READERS[kind](path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif content is not None:
        path.write_bytes(content)
    text = message_of(error, lambda: READERS[kind](path))
    assert text.startswith(wanted.format(path, kind=kind))


IMAGES = {
    "cell": ConvLSTMCell(2, (4, 3)),
    "stack": Stack(
        (Recurrent(ConvLSTMCell(2, (4, 3))), Recurrent(ConvLSTMCell(3, (4, 3))))
    ),
    "both ways": Bidirectional(jlstm.ConvGRUCell(2, (4, 3))),
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_layers_of_images_are_exported_by_channels_or_by_shape(name):
    layer = IMAGES[name]
    params = drawn(layer, 3)
    layer = Recurrent(layer) if name == "cell" else layer
    xs = jnp.asarray(np.random.default_rng(1).normal(size=(5, 2, 4, 3, 3)), jnp.float32)
    run = stablehlo.load(stablehlo.export_sequence(layer, params, 3))
    start = stablehlo.to_dicts(layer.fresh_carry(params, (2,)))
    wanted = layer.apply(params, xs)[1]
    np.testing.assert_allclose(run(xs, start)[1], wanted, rtol=1e-5, atol=1e-6)
    if name == "cell":
        step = stablehlo.load(stablehlo.export_step(layer, params, (4, 3, 3)))
        first = stablehlo.load(stablehlo.export_start(layer, params, 3))
        found = step(xs[0], first(xs[0]))[1]
        np.testing.assert_allclose(found, wanted[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [0, -1, None, "3", True, (4, 3), (4, 3, 0), 2.5])
def test_the_size_of_an_export_is_checked(size):
    layer = Recurrent(ConvLSTMCell(2, (4, 3)))
    call = lambda: stablehlo.export_sequence(layer, drawn(layer, 3), size)  # noqa: E731
    wanted = f"input_size is {size!r}; {layer!r} takes 3 positive integers in one step."
    assert message_of(ValueError, call) == wanted
