"""The Transformer language model is its parts, and continues from what it has seen."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.decoding.sample import Sampling
from jlstm.nnx.transformer import TransformerConfig
from jlstm.tasks.language.model import generate_tokens
from jlstm.tasks.language.transformer_model import (
    TransformerLanguageConfig,
    TransformerLanguageModel,
)

LAYERS = TransformerConfig(num_layers=1, width=8, num_heads=2, mlp_ratio=2)
TOKENS = jnp.array([[1, 2], [3, 4], [5, 6], [0, 1]], jnp.int32)


@functools.cache
def make(tied=True, context=3, **rates):
    config = TransformerLanguageConfig(LAYERS, tied, context=context, **rates)
    draw = jax.jit(lambda: TransformerLanguageModel(7, config, rngs=nnx.Rngs(0)))
    return jax.tree.map(lambda leaf: leaf + 0.05, draw())


@jax.jit
def run(model, tokens, key=None):
    return model(tokens, key=key)[1]


@jax.jit
def parts(model, tokens):
    """What comes in at each stage."""
    carry, logits = model(tokens)
    hs = model.layers(model.table.embedding[...][tokens])
    nll = model.nll(model.features(tokens)[1], jnp.roll(tokens, -1, 0))
    return carry, logits, hs, nll


@pytest.mark.long
@pytest.mark.parametrize("tied", [False, True])
def test_model_is_embedding_transformer_softmax(tied):
    model = make(tied)
    carry, logits, hs, nll = parts(model, TOKENS)
    weight = model.table.embedding[...].T if tied else model.softmax.kernel[...]
    expected = np.asarray(hs) @ np.asarray(weight) + np.asarray(model.softmax.bias[...])
    assert carry == ()
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    targets = jnp.roll(TOKENS, -1, 0)
    shifted = expected - np.log(np.exp(expected).sum(-1, keepdims=True))
    chosen = np.take_along_axis(shifted, np.asarray(targets)[..., None], -1)
    np.testing.assert_allclose(nll, -chosen[..., 0], atol=1e-5)


@pytest.mark.long
def test_a_sample_continues_the_last_tokens_of_its_context():
    model = make()
    greedy = generate_tokens(model, TOKENS, 4, jax.random.key(0), Sampling(0.0))
    fed = TOKENS
    for n in range(4):
        best = jnp.argmax(run(model, fed[-3:])[-1], axis=-1).astype(jnp.int32)
        assert best.tolist() == greedy[n].tolist()
        fed = jnp.concatenate([fed, best[None]])


@pytest.mark.long
def test_a_short_prompt_is_read_as_it_is():
    model = make(context=9)
    _, logits = jax.jit(lambda tokens: model.read(tokens))(TOKENS[:3])
    np.testing.assert_allclose(logits, run(model, TOKENS[:3])[-1], atol=1e-6)


@pytest.mark.slow
def test_each_dropout_needs_a_key():
    noisy, quiet = make(embedding_dropout=0.5, output_dropout=0.5), run(make(), TOKENS)
    np.testing.assert_array_equal(quiet, run(noisy, TOKENS))
    first, again, other = (run(noisy, TOKENS, jax.random.key(n)) for n in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other) and not np.allclose(first, quiet)
    words = noisy.lookup(TOKENS, 0.5, jax.random.key(3))
    np.testing.assert_array_equal(words[0, 0], words[3, 1])  # the same word
    dropped = noisy.drop_output(jnp.ones((4, 2, 8), jnp.float32), jax.random.key(4))
    assert set(np.unique(dropped)) == {0.0, 2.0}


def test_a_context_of_nothing_is_refused():
    with pytest.raises(ValueError, match="context is 0; give a positive integer"):
        TransformerLanguageConfig(context=0)
