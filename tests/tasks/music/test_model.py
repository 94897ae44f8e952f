"""The music model: its likelihood against probabilities, and what it writes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.tasks.music.model import MusicConfig, MusicModel, chord_nll, compose
from jlstm.training.config.stack import StackConfig

KEYS = 5
STACK = StackConfig(hidden_sizes=(4, 3), dropout=0.5).make_stack()


def make(output_dropout=0.0):
    model = MusicModel(STACK, output_dropout, keys=KEYS, rngs=nnx.Rngs(0))
    drawn = jax.random.normal(jax.random.key(1), (KEYS,), jnp.float32)
    model.out.bias[...] = drawn
    return model


@jax.jit
def run(model, xs, lengths, key=None):
    return model(xs, lengths=lengths, key=key)[1]


XS = jnp.asarray(np.random.default_rng(0).integers(2, size=(6, 2, KEYS)), jnp.float32)
LENGTHS = jnp.array([6, 3], jnp.int32)


def test_nats_are_those_of_each_key():
    logits = np.random.default_rng(1).normal(size=(4, KEYS))
    chords = np.random.default_rng(2).integers(2, size=(4, KEYS)).astype(float)
    chances = 1 / (1 + np.exp(-logits))
    expected = -np.log(np.where(chords > 0, chances, 1 - chances)).sum(-1)
    found = chord_nll(jnp.asarray(logits), jnp.asarray(chords))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_wrong_certainty_costs_what_it_claims():
    nats = chord_nll(jnp.array([[1000.0, -1000.0]]), jnp.array([[0.0, 1.0]]))
    assert nats.tolist() == [2000.0]


def test_no_step_hears_what_it_predicts():
    model = make()
    logits = run(model, XS, LENGTHS)
    changed = run(model, XS.at[3, 0].set(1 - XS[3, 0]), LENGTHS)
    np.testing.assert_array_equal(changed[:3], logits[:3])
    assert not np.allclose(changed[3, 0], logits[3, 0])


def test_padding_is_invisible():
    model = make()
    broken = XS.at[3:, 1].set(jnp.nan)
    logits, others = run(model, XS, LENGTHS), run(model, broken, LENGTHS)
    np.testing.assert_array_equal(others[:3], logits[:3])
    np.testing.assert_array_equal(others[3:, 0], logits[3:, 0])


def test_noise_needs_a_key():
    noisy = make(output_dropout=0.5)
    np.testing.assert_array_equal(run(noisy, XS, LENGTHS), run(make(), XS, LENGTHS))
    assert not np.allclose(
        run(noisy, XS, LENGTHS, jax.random.key(2)), run(noisy, XS, LENGTHS)
    )


def test_a_written_piece_is_drawn_from_the_model_step_by_step():
    model = make()
    opening = jnp.asarray(XS[:2, 0], jnp.uint8)
    piece = compose(model, opening, 4, jax.random.key(3), temperature=0.5)
    heard = jnp.concatenate([opening, piece]).astype(jnp.float32)
    padded = jnp.pad(heard[:-1], ((0, 1), (0, 0)))[:, None]
    logits = run(model, jnp.tile(padded, (1, 2, 1)), LENGTHS)[:, 0]
    keys = jax.random.split(jax.random.key(3), 4)
    for step, k in enumerate(keys):
        chances = jax.nn.sigmoid(logits[step + 1] / 0.5)
        drawn = jax.random.bernoulli(k, chances)
        assert piece[step].tolist() == drawn.astype(int).tolist()


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (
            lambda: MusicConfig(StackConfig(bidirectional=True)),
            "the layers would have heard the step that they predict",
        ),
        (lambda: MusicConfig(output_dropout=1.0), "MusicConfig: output_dropout is 1.0"),
        (
            lambda: compose(make(), jnp.ones((0, KEYS)), 3, jax.random.key(0)),
            "The opening has 0 steps and steps is 3; give at least one of each",
        ),
        (
            lambda: compose(make(), jnp.ones((1, KEYS)), 3, jax.random.key(0), 0.0),
            r"temperature is 0\.0; give a positive number",
        ),
    ],
)
def test_what_is_out_of_range_is_refused(call, line):
    with pytest.raises(ValueError, match=line):
        call()
