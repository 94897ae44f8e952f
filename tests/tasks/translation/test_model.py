"""The translator: its loop against a step by step one, padding, search, attention."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.decoding.beam import Search
from jlstm.losses import token_nll
from jlstm.tasks.translation.model import Seq2Seq
from jlstm.tasks.translation.model_config import Seq2SeqConfig, Seq2SeqDropout
from jlstm.tasks.translation.translate import (
    END,
    START,
    Sources,
    attention_weights,
    translate,
)
from jlstm.training.config.stack import StackConfig
from tests.quick import quick

SOURCE, TARGET = 9, 8
CONFIGS = {
    "feeding": Seq2SeqConfig(
        StackConfig(hidden_sizes=(3,), bidirectional=True),
        StackConfig(hidden_sizes=(5, 4), dropout=0.5),
        embedding_size=4,
        dropout=Seq2SeqDropout(0.3, 0.3, 0.3),
    ),
    "at once": Seq2SeqConfig(
        StackConfig(hidden_sizes=(3,), bidirectional=True),
        StackConfig("GRUCell", hidden_sizes=(6,)),
        embedding_size=4,
        attention="dot",
        input_feeding=False,
        tied=False,
    ),
    "blind": Seq2SeqConfig(
        StackConfig(hidden_sizes=(3, 2)),
        StackConfig(hidden_sizes=(3,)),
        embedding_size=4,
        attention="none",
        input_feeding=False,
    ),
}


@functools.cache
def make(name):
    """Return a model whose every parameter, biases too, is drawn."""
    model = Seq2Seq(
        CONFIGS[name], SOURCE, TARGET, rngs=nnx.Rngs(0), param_dtype=jnp.float64
    )
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda p: jnp.asarray(rng.normal(size=p.shape)), model)


def ids(steps, rows, size):
    rng = np.random.default_rng(2)
    return jnp.asarray(rng.integers(4, size, (steps, rows), np.int32))


def total_nll(model, sources, lengths, inputs, targets, live):
    start, memory = model.encode(sources, lengths)
    nll = model.nll(model.decode(inputs, start, memory), targets)
    return jnp.sum(jnp.where(live, nll, 0.0))


def readouts(model, sources, lengths, inputs, keys=(None, None)):
    """Run the decoder over all its steps."""
    start, memory = model.encode(sources, lengths, key=keys[0])
    return model.decode(inputs, start, memory, key=keys[1])


def step_by_step(model, sources, lengths, inputs):
    """Run the decoder one step after the other; weights come next to the readouts."""
    state, memory = model.encode(sources, lengths)
    out = []
    for x in model.embed(inputs):
        state, weights = model.advance(state, x, memory)
        out.append((state.readout, weights))
    return out


run = jax.jit(jax.value_and_grad(total_nll))
readouts, step_by_step = jax.jit(readouts), jax.jit(step_by_step)


@pytest.mark.long
@pytest.mark.parametrize("name", quick(CONFIGS))
def test_the_decoder_is_one_step_after_the_other(name):
    given = make(name), ids(4, 2, SOURCE), jnp.array([4, 2]), ids(3, 2, TARGET)
    hs, steps = jax.jit(lambda *g: (readouts(*g), step_by_step(*g)))(*given)
    for h, (expected, weights) in zip(hs, steps, strict=True):
        np.testing.assert_allclose(h, expected, rtol=1e-9, atol=1e-12)
        assert (weights is None) == (name == "blind")


@pytest.mark.parametrize("name", quick(CONFIGS))
def test_padding_of_either_side_changes_no_value_and_no_gradient(name):
    """Row 0 is shorter than the batch, row 1 is nothing but padding."""
    model, rng = make(name), np.random.default_rng(5)
    lengths, live = jnp.array([3, 0]), np.array([[1, 0], [1, 0], [0, 0]], bool)
    sources, inputs, targets = ids(5, 2, SOURCE), ids(3, 2, TARGET), ids(3, 2, TARGET)
    found = run(model, sources, lengths, inputs, targets, live)
    real = np.arange(5)[:, None] < np.asarray(lengths)
    sources = jnp.where(real, sources, rng.integers(0, 4, (5, 2), np.int32))
    inputs, targets = (
        jnp.where(live, side, rng.integers(0, 4, (3, 2), np.int32))
        for side in (inputs, targets)
    )
    other = run(model, sources, lengths, inputs, targets, live)
    chex.assert_trees_all_equal(found, other)
    assert found[0] > 1 and np.abs(found[1].readout.kernel[...]).sum() > 0


@pytest.mark.slow
def test_a_pair_alone_gets_the_nats_that_it_gets_in_a_wider_batch():
    model = make("feeding")
    sources, inputs = ids(5, 2, SOURCE), ids(3, 2, TARGET)
    wide = readouts(model, sources, jnp.array([5, 3]), inputs)
    alone = readouts(model, sources[:3, 1:], jnp.array([3]), inputs[:2, 1:])
    np.testing.assert_allclose(wide[:2, 1:], alone, rtol=1e-9)


def test_the_nats_are_those_of_the_logits():
    for name in ("feeding", "at once"):
        model, targets = make(name), ids(3, 2, TARGET)
        size = CONFIGS[name].readout_size
        hs = jnp.asarray(np.random.default_rng(3).normal(size=(3, 2, size)))
        nll = token_nll(model.logits(hs), jnp.asarray(targets))
        np.testing.assert_allclose(model.nll(hs, targets), nll, rtol=1e-9)


@pytest.mark.long
def test_a_key_drops_and_no_key_does_not():
    model = make("feeding")
    given = model, ids(4, 2, SOURCE), jnp.array([4, 2]), ids(3, 2, TARGET)
    quiet = readouts(*given)
    encoding = readouts(*given, (jax.random.key(0), None))
    decoding = readouts(*given, (None, jax.random.key(1)))
    assert (encoding != quiet).any() and (decoding != quiet).any()
    hs = model.drop_output(quiet, jax.random.key(2))
    kept = hs != 0
    assert 0 < kept.sum() < kept.size
    np.testing.assert_allclose(hs[kept], quiet[kept] / 0.7, rtol=1e-9)


@pytest.mark.parametrize(
    "name", ["feeding", pytest.param("blind", marks=pytest.mark.slow)]
)
def test_a_beam_of_all_words_finds_the_best_pair_of_words(name):
    model = make(name)
    sentences = [np.array([4, 5, 6], np.int32), np.array([7], np.int32)]
    given = Sources(sentences, batch_size=3, boundaries=(4,))
    # Of two tokens, END at most one: 7 continuations before, and END after.
    found = translate(model, given, Search(beams=7, alpha=0.0, limit=2))
    words = [END, *range(3, TARGET)]
    inputs = jnp.array([[START] * len(words), words])
    for sentence, tokens in zip(sentences, found, strict=True):
        sources = jnp.tile(
            jnp.pad(sentence, (0, 4 - len(sentence)))[:, None], len(words)
        )
        hs = readouts(model, sources, jnp.full(len(words), len(sentence)), inputs)
        logits = model.logits(hs).at[..., jnp.array([0, START])].set(-jnp.inf)
        log_p = np.array(jax.nn.log_softmax(logits))
        scores = {(END,): log_p[0, 0, END]}
        for column, word in enumerate(words[1:], start=1):
            scores[word, END] = log_p[0, 0, word] + log_p[1, column, END]
        assert tuple(tokens.tolist()) == max(scores, key=scores.get)


def test_attention_weights_are_what_the_step_gives():
    model = make("feeding")
    source, target = np.array([4, 5, 6], np.int32), np.array([5, 7, END], np.int32)
    weights = attention_weights(model, source, target)
    assert weights.shape == (3, 3)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-9)
    inputs = jnp.array([[START], [5], [7]])
    steps = step_by_step(model, jnp.asarray(source)[:, None], jnp.array([3]), inputs)
    for row, (_, expected) in zip(weights, steps, strict=True):
        np.testing.assert_allclose(row, expected[:, 0], rtol=1e-9)
    with pytest.raises(ValueError, match="This model has no attention"):
        attention_weights(make("blind"), source, target)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"embedding_size": 0},
            "Seq2SeqConfig: embedding_size is 0; give a positive integer",
        ),
        ({"attention": "none"}, "there is no context to feed"),
        ({"decoder": StackConfig(bidirectional=True)}, "a decoder knows no later"),
    ],
)
def test_what_does_not_go_together_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        Seq2SeqConfig(**wrong)
