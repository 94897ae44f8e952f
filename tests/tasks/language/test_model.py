"""The language model is its parts put together, drops where it says, and generates."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import jlstm
from jlstm.decoding.sample import Sampling
from jlstm.tasks.language.model import (
    LanguageConfig,
    LanguageDropout,
    LanguageModel,
    generate_tokens,
)
from jlstm.training.config.stack import StackConfig
from tests.quick import quick

TOKENS = jnp.array([[1, 2], [3, 4], [5, 6], [0, 1]])
SMALL = {"stack": {"hidden_sizes": (5, 4)}, "embedding_size": 4}


def configured(**options):
    options = SMALL | options
    return LanguageConfig(StackConfig(**options.pop("stack")), **options)


def make(vocab=7, **options):
    return LanguageModel(vocab, configured(**options), rngs=nnx.Rngs(0))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(
    "cell", quick(["LSTMCell", "GRUCell", "LRUCell", "PeepholeLSTMCell"], 2)
)
def test_model_is_embedding_layers_softmax(cell, tied):
    model = make(stack=SMALL["stack"] | {"cell": cell}, tied=tied)
    carry, logits = model(TOKENS)
    xs = model.table.embedding[...][TOKENS]
    params = model.layer_params()
    for n, layer in enumerate(model.rnn.layer.layers):
        last, xs = jlstm.unroll(layer.cell, params[n], xs)
        assert np.allclose(carry[n].h, last.h)
    weight = model.table.embedding[...].T if tied else model.softmax.kernel[...]
    expected = np.asarray(xs) @ np.asarray(weight) + np.asarray(model.softmax.bias[...])
    assert np.allclose(logits, expected, atol=1e-6)


def test_one_hot_input_has_no_table():
    model = make(embedding_size=None)
    assert model.table is None
    w_ih = model.layer_params()[0].w_ih
    assert w_ih.shape == (7, 4, 5)
    zx = model.rnn.layer.layers[0].cell.project(model.layer_params()[0], jnp.eye(7)[3])
    assert np.allclose(zx, w_ih[3] + model.layer_params()[0].b)


def test_carry_splits_a_sequence():
    model = make()
    whole, logits = model(TOKENS)
    half, first = model(TOKENS[:2])
    last, second = model(TOKENS[2:], half)
    assert np.allclose(logits, jnp.concatenate([first, second]))
    chex.assert_trees_all_close(last, whole, rtol=1e-5, atol=1e-8)


@pytest.mark.long
def test_uniform_init_draws_every_parameter_within_the_scale():
    drawn = {"init": "uniform", "init_scale": 0.03, "options": {"forget_bias": 0.0}}
    model = make(stack=SMALL["stack"] | drawn)
    leaves = jax.tree.leaves(model)
    assert len(leaves) == 9
    assert all(0 < float(jnp.max(jnp.abs(p))) <= 0.03 for p in leaves)


def test_torch_init_is_bounded_by_hidden_size():
    params = make(
        stack=SMALL["stack"] | {"init": "torch", "options": {"forget_bias": 0.0}}
    ).layer_params()
    for layer, hidden in zip(params, (5, 4), strict=True):
        largest = max(float(jnp.max(jnp.abs(p))) for p in layer)
        assert 0.5 / hidden**0.5 < largest <= 1 / hidden**0.5


def test_a_projected_model_narrows_its_outputs_for_the_softmax():
    model = make(projected=True, tied=True, embedding_size=3)
    _, hs = model.features(TOKENS)
    down, table = (
        np.asarray(model.down.kernel[...]),
        np.asarray(model.table.embedding[...]),
    )
    expected = np.asarray(hs) @ down @ table.T + np.asarray(model.softmax.bias[...])
    assert down.shape == (4, 3)
    np.testing.assert_allclose(model.logits(hs), expected, atol=1e-6)
    shifted = expected - np.log(np.exp(expected).sum(-1, keepdims=True))
    nll = model.nll(hs, TOKENS)
    chosen = np.take_along_axis(shifted, np.asarray(TOKENS)[..., None], -1)
    np.testing.assert_allclose(nll, -chosen[..., 0], atol=1e-5)


RATES = ["embedding", "input", "hidden", "output", "weight", "state"]


@pytest.mark.parametrize("rate", quick(RATES, 3))
def test_each_dropout_is_off_without_a_key_and_on_with_one(rate):
    quiet, noisy = make(), make(dropout=LanguageDropout(**{rate: 0.5}))
    assert np.array_equal(quiet(TOKENS)[1], noisy(TOKENS)[1])
    run = jax.jit(lambda key: noisy(TOKENS, key=key)[1])
    first, again, other = (run(jax.random.key(n)) for n in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_variational_output_mask_is_shared_over_time():
    hs = jnp.ones((6, 3, 4))
    for variational in (False, True):
        rates = LanguageDropout(output=0.5, variational=variational)
        dropped = make(dropout=rates).drop_output(hs, jax.random.key(2))
        assert set(np.unique(dropped)) == {0.0, 2.0}
        assert bool((dropped == dropped[:1]).all()) is variational


def test_weight_dropout_touches_only_recurrent_weights():
    model = make(dropout=LanguageDropout(weight=0.5))
    # One token from the zero carry: w_hh has nothing to multiply.
    first = model(TOKENS[:1], key=jax.random.key(0))[1]
    assert np.allclose(first, model(TOKENS[:1])[1])


@pytest.mark.slow
def test_module_goes_through_vmap_and_grad():
    config = configured()
    keys = jax.random.split(jax.random.key(0), 3)
    models = jax.vmap(lambda k: LanguageModel(7, config, rngs=nnx.Rngs(k)))(keys)
    logits = jax.vmap(lambda m: m(TOKENS)[1])(models)
    one = LanguageModel(7, config, rngs=nnx.Rngs(keys[1]))
    assert np.allclose(logits[1], one(TOKENS)[1])
    grads = jax.jit(jax.grad(lambda m: jnp.sum(jnp.square(m(TOKENS)[1]))))(one)
    assert float(jnp.sum(jnp.abs(grads.table.embedding[...]))) > 0


@pytest.mark.long
def test_generation_is_fixed_by_the_key_and_follows_the_model():
    model = make()
    prompt = jnp.array([[1, 2], [3, 4]])
    keys = [jax.random.key(n) for n in (0, 0, 1)]
    a, b, c = (generate_tokens(model, prompt, 12, k).tolist() for k in keys)
    assert a == b != c
    greedy = generate_tokens(model, prompt, 3, jax.random.key(0), Sampling(0.0))
    fed = prompt
    for n in range(3):
        best = jnp.argmax(model(fed)[1][-1], axis=-1)
        assert best.tolist() == greedy[n].tolist()
        fed = jnp.concatenate([fed, best[None]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tied": True, "embedding_size": 9}, "tied=True needs outputs of"),
        (
            {"stack": {"connect": "skip", "hidden_sizes": (4, 4)}, "tied": True}
            | {"embedding_size": 4},
            "the stack has 8 and embedding_size is 4",
        ),
        ({"stack": {"hidden_sizes": ()}}, "hidden_sizes is \\(\\); give one or more"),
        ({"stack": {"bidirectional": True}}, "would have read the tokens that they"),
        ({"stack": {"dropout": 0.1}}, "takes it from model.dropout.hidden: set that"),
        ({"stack": {"init_scale": 0.0}}, "init_scale is 0.0; give a positive number."),
    ],
)
def test_impossible_configurations_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        configured(**options)


def test_a_tied_softmax_reads_all_that_a_skip_stack_shows():
    model = make(stack={"connect": "skip", "hidden_sizes": (4, 4)}, embedding_size=8)
    tied = make(
        stack={"connect": "skip", "hidden_sizes": (4, 4)}, embedding_size=8, tied=True
    )
    assert model(TOKENS)[1].shape == tied(TOKENS)[1].shape == (*TOKENS.shape, 7)


def test_out_of_range_dropout_names_its_field():
    with pytest.raises(ValueError, match=r"LanguageDropout: hidden is 1\.0"):
        LanguageDropout(hidden=1.0)
