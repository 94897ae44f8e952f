"""What a model writes step by step is what it reads off the whole, however connected.

The layers have what a plain stack has not: a way past them, noise, a learned start.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm._internal.options import Component
from jlstm.tasks.forecasting.decoder import DecoderForecaster
from jlstm.tasks.forecasting.deepar import DeepAR
from jlstm.tasks.forecasting.model_config import ForecasterConfig, ForecastSizes
from jlstm.tasks.language.model import LanguageConfig, LanguageModel
from jlstm.tasks.music.model import MusicModel
from jlstm.tasks.translation.model import Seq2Seq
from jlstm.tasks.translation.model_config import Seq2SeqConfig, Seq2SeqDropout
from jlstm.training.config.stack import StackConfig
from tests.quick import quick
from tests.zoo import assert_close

CONNECT = ("highway", "residual", "skip", "plain")
IN_FRONT = ("highway", "residual", "plain")
"""What is fed are the last rows of a weight; with skips those of layers follow."""
KEYS = 6
SIZES = ForecastSizes(length=6, horizon=4, columns=2, predicted=(0, 1))


WRAPPERS = (
    Component("RecurrentDropout", {"rate": 0.3}),
    Component("Zoneout", {"h": 0.3}),
    Component("WeightDrop", {"rate": 0.4}),
    Component("LearnedCarry"),
)


def layers(connect, dropout=0.4, **options):
    return StackConfig(
        hidden_sizes=(4, 4), connect=connect, dropout=dropout, wrappers=WRAPPERS,
        **options,
    )  # fmt: skip


def drawn(model):
    """Draw every parameter: biases and learned carries too."""
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda p: jnp.asarray(rng.normal(size=p.shape)), model)


@pytest.mark.long
@pytest.mark.parametrize("connect", quick(CONNECT))
def test_a_language_model(connect):
    config = LanguageConfig(layers(connect, dropout=0.0), embedding_size=4)
    model = drawn(LanguageModel(7, config, rngs=nnx.Rngs(0), param_dtype=jnp.float64))
    tokens = jnp.array([[1, 2], [3, 4], [5, 6], [0, 1]])

    def stepped(model):
        start = model.init_carry((2,), jnp.float64)
        return jax.lax.scan(lambda c, token: model.advance(token, c), start, tokens)

    assert_close(jax.jit(stepped)(model), jax.jit(lambda m: m(tokens))(model))


@pytest.mark.parametrize("connect", quick(CONNECT))
def test_music(connect):
    stack = layers(connect).make_stack()
    model = MusicModel(stack, keys=KEYS, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    model, chords = (
        drawn(model),
        jnp.ones((5, 2, KEYS)) * jnp.arange(5.0)[:, None, None],
    )

    def stepped(model):
        start = model.init_carry((2,), jnp.float64)
        return jax.lax.scan(lambda c, chord: model.advance(chord, c), start, chords)

    assert_close(jax.jit(stepped)(model), jax.jit(lambda m: m(chords))(model))


def translator(connect, *, input_feeding, variational=False):
    config = Seq2SeqConfig(
        layers(connect), layers(connect, variational=variational), embedding_size=3,
        input_feeding=input_feeding, dropout=Seq2SeqDropout(0.2, 0.2, 0.2),
    )  # fmt: skip
    return Seq2Seq(config, 9, 8, rngs=nnx.Rngs(0), param_dtype=jnp.float64)


def decode(model, key=None):
    sources, lengths = jnp.array([[4, 5], [6, 4], [8, 0]]), jnp.array([3, 2])
    inputs = jnp.array([[3, 3], [4, 5], [6, 7], [5, 4]])
    start, memory = model.encode(sources, lengths)

    def step(state, x):
        state, _ = model.advance(state, x, memory)
        return state, state.readout

    stepped = jax.lax.scan(step, start, model.embed(inputs))[1]
    return stepped, model.decode(inputs, start, memory, key=key)


@pytest.mark.long
@pytest.mark.parametrize("connect", quick(CONNECT))
@pytest.mark.parametrize("input_feeding", quick([True, False]))
def test_a_translator(input_feeding, connect):
    model = drawn(translator(connect, input_feeding=input_feeding))
    stepped, whole = jax.jit(decode)(model)
    assert_close(stepped, whole)


@pytest.mark.long
@pytest.mark.parametrize("connect", quick([*IN_FRONT]))
@pytest.mark.parametrize("variational", quick([False, True]))
def test_a_translator_that_feeds_draws_the_noise_of_one_that_does_not(
    variational, connect
):
    """What is fed meets a weight of zero, so that it makes no difference."""
    options = {"connect": connect, "variational": variational}
    fed = drawn(translator(**options, input_feeding=True))
    whole = translator(**options, input_feeding=False)
    at = [path for path, p in jax.tree.leaves_with_path(fed)]
    own = jax.tree.leaves(whole)
    leaves = jax.tree.leaves(fed)
    cut = []
    for n, (leaf, like) in enumerate(zip(leaves, own, strict=True)):
        rows = tuple(slice(size) for size in like.shape)
        cut.append(leaf[rows])
        if leaf.shape != like.shape:
            assert "decoder" in jax.tree_util.keystr(at[n])
            leaves[n] = jnp.zeros_like(leaf).at[rows].set(leaf[rows])
    whole = jax.tree.unflatten(jax.tree.structure(whole), cut)
    fed = jax.tree.unflatten(jax.tree.structure(fed), leaves)
    noisy = jax.jit(lambda m, seed: decode(m, jax.random.key(seed))[1])
    assert_close(noisy(fed, 3), noisy(whole, 3))
    assert not jnp.allclose(noisy(fed, 3), noisy(fed, 4))


@pytest.mark.long
@pytest.mark.parametrize("connect", quick(CONNECT))
def test_a_forecast_by_steps(connect):
    """Told its own answers for the truth, the decoder gives them again."""
    config = ForecasterConfig(kind="decoder", stack=layers(connect))
    model = DecoderForecaster(config, SIZES, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    inputs = jax.random.normal(jax.random.key(0), (6, 3, 2), jnp.float64)

    def errors(model, seed):
        answers = model(inputs, key=jax.random.key(seed))
        return answers, model.losses(inputs, answers, key=jax.random.key(seed))

    answers, own = jax.jit(errors)(drawn(model), 1)
    np.testing.assert_allclose(own, 0.0, atol=1e-20)
    other, _ = jax.jit(errors)(drawn(model), 2)
    assert not jnp.allclose(answers, other)
    assert not jnp.allclose(answers, drawn(model)(inputs))


@pytest.mark.long
@pytest.mark.parametrize("connect", quick(CONNECT))
def test_drawn_paths(connect):
    """Read over a path that it has drawn, the model draws it again."""
    config = ForecasterConfig(
        kind="deepar", lags=(1, 2), samples=3, stack=layers(connect)
    )
    model = DeepAR(config, SIZES, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    model = jax.tree.map(lambda leaf: 0.3 * leaf, drawn(model))
    inputs = jax.random.normal(jax.random.key(0), (6, 3, 2), jnp.float64)

    def both(model):
        paths = jnp.moveaxis(model.sample(inputs, jax.random.key(1)), 0, 1)
        frame, zs = model._framed(inputs)
        read = jnp.concatenate([jnp.stack([zs] * 3, axis=1), frame.enter(paths)])
        ahead = jax.vmap(lambda path: model._next(path, None)[1], 1, 1)(read)
        ahead = jax.tree.map(lambda leaf: leaf[-SIZES.horizon :], ahead)
        keys = jax.random.split(jax.random.key(1), SIZES.horizon)
        return paths, frame.leave(jax.vmap(lambda d, k: d.draw(k))(ahead, keys))

    assert_close(*jax.jit(both)(model))
