"""The JavaScript of the pages computes what JAX does: value, gradients, updates."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jlstm
from docs.explore.weights import as_script
from jlstm.analysis.layer_inputs import trace_top
from jlstm.tasks.language.export import load_model
from tests.explore.node import SOURCE, call, needs_node

pytestmark = [needs_node, pytest.mark.long]
WEIGHTS = SOURCE.parent / "tutorial" / "weights"
CELLS = {
    "RNN": jlstm.RNNCell(hidden_size=5),
    "LSTM": jlstm.LSTMCell(hidden_size=5),
    "GRU": jlstm.GRUCell(hidden_size=5),
}
STEPS, BATCH, INPUT = 12, 3, 4
PARAMS = ("w_ih", "w_hh", "b")


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_has_the_outputs_and_the_gradients_of_jax(name):
    cell = CELLS[name]
    k_params, k_xs, k_weights = jax.random.split(jax.random.key(3), 3)
    params = cell.init(k_params, INPUT)
    xs = jax.random.normal(k_xs, (STEPS, BATCH, INPUT), jnp.float32)
    weights = jax.random.normal(k_weights, (STEPS, BATCH, 5), jnp.float32)

    def weighted(params, xs):
        _, hs = jlstm.unroll(cell, params, xs, backend="scan")
        return (hs * weights).sum(), hs

    (grads, dxs), hs = jax.grad(weighted, (0, 1), has_aux=True)(params, xs)
    answer = call(
        "runtime.mjs",
        {
            "question": "cell",
            "name": name,
            "sizes": {"steps": STEPS, "batch": BATCH, "input": INPUT, "hidden": 5},
            "params": {
                k: np.asarray(getattr(params, k)) for k in ("w_ih", "w_hh", "b")
            },
            "xs": np.asarray(xs),
            "weights": np.asarray(weights),
        },
    )
    np.testing.assert_allclose(np.ravel(answer["outputs"]), np.ravel(hs), atol=1e-5)
    for key, ours in answer["grads"].items():
        close(ours, getattr(grads, key))
    close(answer["dxs"], dxs)


def close(ours, theirs):
    """Gradients agree to 1e-4 of the largest."""
    theirs = np.ravel(theirs)
    tolerance = 1e-4 * np.abs(theirs).max()
    np.testing.assert_allclose(np.ravel(ours), theirs, rtol=0, atol=tolerance)


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("explore") / "captions.js"
    path.write_text(as_script(WEIGHTS / "captions_cpu.npz", "captions"), "utf-8")
    return path


def test_the_shipped_model_reads_as_it_does_in_jax(script, user_defaults):
    model, vocab = load_model(WEIGHTS / "captions_cpu.npz")
    known = [word for word in vocab.symbols if re.fullmatch("[a-z]+", word)]
    words = ["<eos>", *np.random.default_rng(5).choice(known, 20), "."]
    ids = jnp.array([vocab.index[word] for word in words])
    _, logits = model(ids)
    carries, gates = trace_top(model.top_layer_inputs(ids))
    answer = call(
        "runtime.mjs",
        {"question": "model", "script": str(script), "text": " ".join(words)},
    )
    assert answer["words"] == words
    np.testing.assert_allclose(answer["c"], carries.c, atol=1e-5)
    every = np.stack([gates.i, gates.f, gates.g, gates.o], axis=1)
    np.testing.assert_allclose(np.ravel(answer["gates"]), np.ravel(every), atol=1e-5)
    np.testing.assert_allclose(answer["next"], jax.nn.softmax(logits), atol=1e-5)


def test_a_gate_that_is_held_open_forgets_nothing(script):
    question = {"question": "model", "script": str(script), "hold": {"f": 1, "i": 0}}
    answer = call("runtime.mjs", {**question, "text": "<eos> a unicornish cat !"})
    assert answer["words"] == ["<eos>", "a", "<unk>", "cat", "!"]
    assert not np.any(answer["c"])  # nothing was ever written


def test_a_script_of_weights_is_small_and_true(script):
    assert script.stat().st_size < 2e6
    with pytest.raises(ValueError, match="the pages read one layer of LSTMCell"):
        as_script(WEIGHTS / "demo.npz", "demo")


def test_cross_entropy_is_that_of_optax():
    logits, target = np.random.default_rng(0).normal(size=7) * 5, 2
    loss, grad = jax.value_and_grad(
        lambda z: optax.softmax_cross_entropy_with_integer_labels(z, target)
    )(jnp.asarray(logits))
    answer = call(
        "runtime.mjs", {"question": "softmax", "logits": logits, "target": target}
    )
    np.testing.assert_allclose(answer["loss"], loss, rtol=1e-6)
    np.testing.assert_allclose(answer["grad"], grad, atol=1e-6)


def test_adam_moves_as_that_of_optax(standard_promotion):
    rng = np.random.default_rng(1)
    start, grads = rng.normal(size=4), rng.normal(size=(5, 4))
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(0.1))
    params, state = jnp.asarray(start), rule.init(jnp.asarray(start))
    for g in grads:
        updates, state = rule.update(jnp.asarray(g), state)
        params = optax.apply_updates(params, updates)
    question = {"question": "adam", "params": start, "grads": grads}
    answer = call("runtime.mjs", {**question, "rate": 0.1, "clip": 1.0})
    np.testing.assert_allclose(answer["params"], params, rtol=1e-5)


@pytest.mark.slow
def test_an_lstm_solves_what_an_rnn_does_not():
    sizes = {"steps": 50, "hidden": 32, "forgetBias": 3, "updates": 600, "rate": 1e-2}
    losses = {
        cell: call("runtime.mjs", {"question": "training", "cell": cell, **sizes})[
            "losses"
        ]
        for cell in ("RNN", "LSTM")
    }
    assert np.mean(losses["LSTM"][-50:]) < 0.02
    assert np.mean(losses["RNN"][-50:]) > 0.12
