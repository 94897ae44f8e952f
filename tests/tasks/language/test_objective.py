"""The language task: windows that vary, penalties, and a Transformer in the task."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm._internal.options import Component
from jlstm.data import Corpus, TokenStream, Vocab
from jlstm.nnx.transformer import TransformerConfig
from jlstm.tasks.language.model import LanguageConfig, LanguageDropout
from jlstm.tasks.language.objective import LanguageTask, StreamConfig, stream_nll
from jlstm.tasks.language.transformer_model import TransformerLanguageConfig
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig
from jlstm.training.optimizer import make_optimizer
from jlstm.training.state import init_state
from jlstm.training.step import train_step

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
TEXT = "abcabdabcabe" * 30
VOCAB = Vocab.from_text(TEXT, "char")
IDS = VOCAB.encode(TEXT)
SMALL = LanguageConfig(StackConfig(hidden_sizes=(4,)), embedding_size=3)


def make_task(model=SMALL, **options):
    corpus = Corpus("toy", IDS[:260], IDS[260:], None, VOCAB)
    return LanguageTask(corpus, model, StreamConfig(batch_size=4, **options), {})


def test_windows_vary_and_scale_the_rate():
    task = make_task(window=10, window_deviation=3.0)
    first, second = task.batches(1), task.batches(2)
    assert len(first) == len(second) and first.lengths != second.lengths
    targets = np.concatenate([window.targets for window in second])
    np.testing.assert_array_equal(targets, IDS[:260].reshape(4, 65).T[1:])
    window = next(w for w in first if len(w.inputs) != 10)
    assert task.rate_scale(window) == len(window.inputs) / 10
    assert make_task(window=10).rate_scale(window) == 1.0


@pytest.mark.slow
def test_penalties_are_of_the_dropped_and_of_the_raw_outputs():
    drops = LanguageDropout(output=0.5, variational=True)
    model = LanguageConfig(
        StackConfig(hidden_sizes=(4,)), embedding_size=3, dropout=drops
    )
    plain = make_task(model, window=6)
    task = make_task(model, window=6, activation_penalty=2.0, temporal_penalty=3.0)
    made, key = jax.jit(plain.make_model)(jax.random.key(0)), jax.random.key(1)
    window = plain.batches(1)[0]
    start = plain.init_carry()

    @jax.jit
    def run(made, window, key):
        noise, out_noise = jax.random.split(key)
        _, raw = made.features(window.inputs, start, key=noise)
        losses = [each.loss(made, start, window, key) for each in (plain, task)]
        return losses, raw, made.drop_output(raw, out_noise)

    ((bare, (_, metrics)), (loss, (_, same))), raw, dropped = run(made, window, key)
    dropped = np.asarray(dropped)
    changes = np.asarray(raw)[1:] - np.asarray(raw)[:-1]
    expected = bare + 2 * np.mean(dropped**2) + 3 * np.mean(changes**2)
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    assert metrics["loss"] == same["loss"] == bare


@pytest.mark.slow
def test_a_transformer_learns_in_the_same_task():
    layers = TransformerConfig(1, 8, 2, 2)
    task = make_task(TransformerLanguageConfig(layers), window=16, eval_window=16)
    rule = make_optimizer(OptimizerConfig("adam", clip=1.0))
    state = init_state(task, rule, 0.02, seed=0)
    step = jax.jit(lambda state, window: train_step(task, rule, state, window))
    assert state.carry == task.init_carry() == ()
    for _ in range(40):
        state, metrics = step(state, task.batches(1)[0])
    assert metrics["loss"] < 0.4 < np.log(len(VOCAB))
    assert task.evaluate(state.model, "valid")["loss"] < 0.8


LEARNED = LanguageConfig(
    StackConfig("GRUCell", wrappers=(Component("LearnedCarry"),), hidden_sizes=(4,)),
    embedding_size=3,
)


def is_start(path):
    return ".carry" in jax.tree_util.keystr(path)


def learned_start(tree):
    """Return the one array that a model has learned to start from."""
    (start,) = (
        leaf for path, leaf in jax.tree.leaves_with_path(tree) if is_start(path)
    )
    return start


@pytest.mark.long
def test_a_learned_start_has_a_gradient_in_the_first_window_only():
    task = make_task(LEARNED, window=6)
    model, key = jax.jit(task.make_model)(jax.random.key(0)), jax.random.key(1)
    gradient = jax.jit(jax.grad(task.loss, has_aux=True))
    first, (carry, _) = gradient(model, task.init_carry(), task.batches(1)[0], key)
    second, (after, _) = gradient(model, carry, task.batches(1)[1], key)
    chex.assert_trees_all_equal_shapes_and_dtypes(task.init_carry(), carry, after)
    assert np.abs(learned_start(first)).min() > 0
    assert not np.any(learned_start(second))
    assert not np.allclose(carry.carry[0].h, after.carry[0].h)


@pytest.mark.long
def test_training_starts_from_the_learned_carry_and_not_from_zeros():
    task = make_task(LEARNED, window=6)
    model, key = jax.jit(task.make_model)(jax.random.key(0)), jax.random.key(1)
    window, half = task.batches(1)[0], np.full(4, 0.5, np.float32)
    moved = jax.tree.map_with_path(
        lambda path, leaf: jnp.asarray(half) if is_start(path) else leaf, model
    )
    loss, (carry, _) = jax.jit(task.loss)(moved, task.init_carry(), window, key)
    given = jax.tree.map(lambda leaf: leaf + 0.5, task.init_carry().carry)
    last, hs = jax.jit(moved.features)(window.inputs, given)
    chex.assert_trees_all_close(carry.carry, last, rtol=1e-6, atol=1e-7)
    nats = moved.nll(hs, jnp.asarray(window.targets)).mean()
    np.testing.assert_allclose(loss, nats, rtol=1e-6)
    zeros, _ = jax.jit(task.loss)(model, task.init_carry(), window, key)
    assert abs(loss - zeros) > 1e-4


@pytest.mark.slow
def test_a_window_is_the_context_of_a_transformer():
    task = make_task(TransformerLanguageConfig(TransformerConfig(1, 8, 2)))
    model = jax.jit(task.make_model)(jax.random.key(0))
    score = jax.jit(
        lambda part: jnp.sum(model.nll(model.features(part[:-1])[1], part[1:]))
    )
    nll = sum(
        float(score(jnp.asarray(IDS[start : start + 6, None], jnp.int32)))
        for start in range(0, 20, 5)
    )
    found = stream_nll(model, TokenStream(IDS[:21], 1, 5))
    assert found == pytest.approx(nll / 20, rel=1e-5)


def test_windows_that_vary_must_all_be_used():
    with pytest.raises(
        ValueError, match=r"window_deviation is 3\.0 and drop_last True"
    ):
        StreamConfig(window_deviation=3.0, drop_last=True)


def test_an_epoch_of_some_windows_goes_on_where_the_last_one_ended():
    """Four streams of 64 steps have 13 windows of 5; three epochs of 6 pass the end."""
    whole, task = make_task(window=5), make_task(window=5, epoch_windows=6)
    found = [window for epoch in (1, 2, 3) for window in task.batches(epoch)]
    want = [whole.batches(1)[k % 13] for k in range(18)]
    chex.assert_trees_all_equal(found, want)
    assert len(task.batches(1)) == 6
    with pytest.raises(
        ValueError, match=r"window_deviation is 3\.0 and epoch_windows 6; an"
    ):
        StreamConfig(window_deviation=3.0, epoch_windows=6)
