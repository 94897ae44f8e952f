"""Cache and dynamic evaluation against loops that are written out."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.data import TokenStream
from jlstm.tasks.language.dynamic import Rule, dynamic_nll, gradient_scale
from jlstm.tasks.language.model import LanguageConfig, LanguageModel
from jlstm.tasks.language.neural_cache import cache_nll
from jlstm.tasks.language.objective import stream_nll
from jlstm.training.config.stack import StackConfig
from tests.quick import quick

TOKENS = np.random.default_rng(0).integers(0, 6, 46)
STREAM = TokenStream(TOKENS, batch_size=2, window=6)
CONFIG = LanguageConfig(
    StackConfig(hidden_sizes=(4,), options={"forget_bias": 0.0}), embedding_size=3
)


@functools.cache
def model():
    draw = jax.jit(lambda: LanguageModel(6, CONFIG, rngs=nnx.Rngs(0)))
    return jax.tree.map(lambda leaf: 3 * leaf + jnp.float32(0.05), draw())


@functools.cache
def read():
    """Features and log-probabilities at every step of both streams."""
    inputs = jnp.asarray(TOKENS.reshape(2, 23).T[:-1], jnp.int32)

    @jax.jit
    def run(model, inputs):
        hs = model.features(inputs)[1]
        return hs, jax.nn.log_softmax(model.logits(hs))

    return tuple(np.asarray(each, np.float64) for each in run(model(), inputs))


def by_hand(size, theta, share):
    """The mean nats with a cache, token by token."""
    hs, logs = read()
    targets, total = TOKENS.reshape(2, 23).T[1:], 0.0
    for row in range(2):
        for t in range(22):
            own = np.exp(logs[t, row, targets[t, row]])
            past = range(max(t - size, 0), t)
            weights = [np.exp(theta * hs[t, row] @ hs[i, row]) for i in past]
            hits = [targets[i, row] == targets[t, row] for i in past]
            if weights:
                own = (1 - share) * own + share * np.dot(weights, hits) / sum(weights)
            total -= np.log(own)
    return total / 44


@pytest.mark.slow
def test_the_cache_is_a_mixture_with_the_last_steps():
    thetas, shares = (0.0, 2.0), (0.0, 0.3)
    found = cache_nll(model(), STREAM, 4, thetas, shares)
    expected = [[by_hand(4, theta, share) for share in shares] for theta in thetas]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    plain = stream_nll(model(), STREAM)
    np.testing.assert_allclose(found[:, 0], plain, rtol=1e-5)
    assert abs(found[1, 1] - plain) > 1e-4
    longer = cache_nll(model(), TokenStream(TOKENS, 2, 22), 4, thetas, shares)
    np.testing.assert_allclose(longer, found, rtol=1e-5)


@jax.jit
@functools.partial(jax.value_and_grad, has_aux=True)
def scored(weights, carry, window):
    carry, hs = weights.features(window.inputs, carry)
    table = jax.nn.log_softmax(weights.logits(hs))
    chosen = jnp.take_along_axis(table, window.targets[..., None], -1)
    return -jnp.mean(chosen), carry


def to_numpy(tree):
    return [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(tree)]


def follow(rate, decay, scale=None):
    """Dynamic evaluation with the update in numpy."""
    start = to_numpy(model())
    scale = [np.ones_like(leaf) for leaf in start] if scale is None else scale
    mean = np.concatenate([leaf.ravel() for leaf in scale]).mean()
    weights, carry, total = start, model().init_carry((2,)), 0.0
    for window in STREAM:
        current = jax.tree.unflatten(
            jax.tree.structure(model()), [jnp.asarray(w, jnp.float32) for w in weights]
        )
        window = type(window)(*map(jnp.asarray, window))
        (nll, carry), grads = scored(current, carry, window)
        total += float(nll) * window.targets.size
        weights = [
            w - rate * g / s + np.minimum(decay * s / mean, 1) * (old - w)
            for w, old, g, s in zip(weights, start, to_numpy(grads), scale, strict=True)
        ]
    return total / 44


@pytest.mark.slow
@pytest.mark.parametrize("decay", quick([0.4, 0.0]))
def test_the_weights_follow_the_text(decay):
    found = dynamic_nll(model(), STREAM, Rule(0.5, decay))
    assert found == pytest.approx(follow(0.5, decay), rel=1e-5)
    assert abs(found - stream_nll(model(), STREAM)) > 1e-4


@pytest.mark.slow
def test_the_rms_form_divides_by_the_gradients_of_the_training_text():
    training = TokenStream(TOKENS[::-1].copy(), 2, 6)
    scale = gradient_scale(model(), training, windows=3, epsilon=0.01)
    squares, carry = [], model().init_carry((2,))
    for number in range(3):
        window = type(training[0])(*map(jnp.asarray, training[number]))
        (_, carry), grads = scored(model(), carry, window)
        squares.append([g**2 for g in to_numpy(grads)])
    roots = [np.sqrt(np.mean(each, 0)) + 0.01 for each in zip(*squares, strict=True)]
    for ours, expected in zip(to_numpy(scale), roots, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4)
    found = dynamic_nll(model(), STREAM, Rule(0.02, 0.3), scale)
    assert found == pytest.approx(follow(0.02, 0.3, roots), rel=1e-4)


@pytest.mark.long
def test_no_rate_changes_nothing():
    found = dynamic_nll(model(), STREAM, Rule(0.0))
    assert found == pytest.approx(stream_nll(model(), STREAM), rel=1e-6)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: cache_nll(model(), STREAM, 0, (1.0,), (0.1,)), "size is 0, sharpness"),
        (
            lambda: cache_nll(model(), STREAM, 9, (-1.0,), (0.1,)),
            "no negative sharpness",
        ),
        (lambda: cache_nll(model(), STREAM, 9, (1.0,), (1.0,)), "weights in "),
        (lambda: dynamic_nll(model(), STREAM, Rule(-0.1)), "rate is -0.1 and decay"),
        (lambda: dynamic_nll(model(), STREAM, Rule(0.1, 2.0)), "a decay from 0 to 1"),
    ],
)
def test_settings_out_of_range_are_refused(run, message):
    with pytest.raises(ValueError, match=message):
        run()
