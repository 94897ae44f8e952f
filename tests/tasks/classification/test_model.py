"""The classifier is its parts put together; padding and filler rows are not there."""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import jlstm
from jlstm.initializers import Chrono
from jlstm.nnx.sequence_dropout import SequenceDropout
from jlstm.tasks.classification.model import Classifier, ClassifierConfig
from jlstm.training.config.stack import StackConfig

TOKENS = jnp.array([[1, 2, 3], [3, 4, 0], [5, 6, 0], [0, 1, 0]])
LENGTHS = jnp.array([4, 3, 0], jnp.int32)
SMALL = ClassifierConfig(
    StackConfig(hidden_sizes=(4,), bidirectional=True),
    embedding_size=3,
    attention_size=2,
    embedding_scale=1.0,
)


def make(vocab_size=7, input_size=None, unknown=None, **options):
    return Classifier(
        dataclasses.replace(SMALL, **options),
        3,
        vocab_size=vocab_size,
        input_size=input_size,
        unknown=unknown,
        rngs=nnx.Rngs(0),
    )


@pytest.mark.long
def test_last_state_of_both_directions_to_logits():
    model = make(pooling="last")
    model.out.bias[...] = jnp.array([0.3, -0.2, 0.1], jnp.float32)
    xs = model.table.embedding[...][TOKENS]
    for own in model.rnn.pure_params():
        cell = jlstm.LSTMCell(own.forward.w_hh.shape[0])
        left, ys_left = jlstm.unroll(cell, own.forward, xs, lengths=LENGTHS)
        right, ys_right = jlstm.unroll(
            cell, own.backward, xs, lengths=LENGTHS, reverse=True
        )
        xs = jnp.concatenate([ys_left, ys_right], -1)
    pooled = np.concatenate([left.h, right.h], -1)
    expected = pooled @ np.asarray(model.out.kernel[...]) + np.asarray(
        model.out.bias[...]
    )
    np.testing.assert_allclose(model(TOKENS, LENGTHS), expected, atol=1e-6)
    np.testing.assert_allclose(expected[2], model.out.bias[...])  # a row without steps


def test_padding_moves_neither_logits_nor_gradients():
    model = make(pooling="attention")
    within = np.arange(4)[:, None] < np.asarray(LENGTHS)
    dirty = jnp.asarray(np.where(within, TOKENS, 6))
    weight = jnp.asarray(np.random.default_rng(0).normal(size=(3, 3)), jnp.float32)

    @jax.jit
    @jax.value_and_grad
    def score(model, tokens):
        return jnp.sum(weight * model(tokens, LENGTHS))

    (value, grads), (again, same) = score(model, TOKENS), score(model, dirty)
    np.testing.assert_allclose(again, value, rtol=1e-6)
    chex.assert_trees_all_close(grads, same, rtol=1e-7, atol=1e-6)


def test_vectors_have_no_table_and_all_their_steps_by_default():
    model = make(None, 2, pooling="mean")
    xs = jnp.asarray(np.random.default_rng(0).normal(size=(4, 3, 2)), jnp.float32)
    assert model.table is None
    full = jnp.full(3, 4, jnp.int32)
    np.testing.assert_allclose(model(xs), model(xs, full), atol=1e-6)


@pytest.mark.parametrize("unknown", [None, 1])
def test_words_are_dropped_whole(unknown):
    model = make(dropout=SequenceDropout(word=0.5), unknown=unknown)
    vectors = jnp.full((40, 2, 3), 9, jnp.float32)
    dropped = np.asarray(model.drop_words(vectors, jax.random.key(0)))
    gone = (dropped != 9).any(-1)
    assert 0.2 < gone.mean() < 0.8
    blank = (
        np.zeros(3) if unknown is None else np.asarray(model.table.embedding[...][1])
    )
    assert (dropped[gone] == blank).all() and (dropped[~gone] == 9).all()


@pytest.mark.long
def test_without_a_key_nothing_is_dropped():
    rates = SequenceDropout(word=0.5, input=0.5, output=0.5)
    plain, noisy = make(), make(dropout=rates)
    np.testing.assert_array_equal(plain(TOKENS, LENGTHS), noisy(TOKENS, LENGTHS))
    dropped = noisy(TOKENS, LENGTHS, key=jax.random.key(0))
    assert not np.allclose(dropped, plain(TOKENS, LENGTHS), atol=1e-3)


@pytest.mark.parametrize("sizes", [(None, None), (7, 2)])
def test_one_of_two_sizes_is_needed(sizes):
    with pytest.raises(ValueError, match="give the first for token ids or the second"):
        make(*sizes)


def test_numbers_out_of_range_are_refused():
    with pytest.raises(
        ValueError, match="ClassifierConfig: embedding_size is 0; give a positive"
    ):
        ClassifierConfig(embedding_size=0)
    with pytest.raises(ValueError, match=r"SequenceDropout: word is 1\.0"):
        SequenceDropout(word=1.0)


def test_the_last_steps_of_layers_side_by_side_are_refused():
    layers = StackConfig(hidden_sizes=(4, 4), bidirectional=True, connect="skip")
    assert ClassifierConfig(layers, "mean").stack == layers
    with pytest.raises(ValueError, match="choose another pooling, or connect=residual"):
        ClassifierConfig(layers, "last")


def test_chrono_draws_the_forget_bias():
    config = StackConfig(hidden_sizes=(4,), options={"forget_bias": Chrono(196)})
    (layer,) = config.make_stack().layers
    assert layer.cell.forget_bias == Chrono(196)
    with pytest.raises(ValueError, match="options: Chrono: t_max is 2; give 3 or"):
        StackConfig(options={"forget_bias": {"name": "Chrono", "t_max": 2}})
