"""Forecasters: against their parts put together by hand, and what they must not see."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.tasks.forecasting.decoder import DecoderForecaster
from jlstm.tasks.forecasting.deepar import DeepAR
from jlstm.tasks.forecasting.distributions import Gaussian, StudentT
from jlstm.tasks.forecasting.linear import LinearForecaster
from jlstm.tasks.forecasting.model import DirectForecaster, Forecaster
from jlstm.tasks.forecasting.model_config import ForecasterConfig, ForecastSizes
from jlstm.tasks.forecasting.normalize import measure
from jlstm.training.config.stack import StackConfig

RNG = np.random.default_rng(0)
SIZES = ForecastSizes(length=6, horizon=2, columns=3, predicted=(0, 2))
PREDICTED = [0, 2]
CONFIG = ForecasterConfig(stack=StackConfig("RNNCell", hidden_sizes=(4,)))


def drawn(*shape):
    return jnp.asarray(RNG.normal(size=shape), jnp.float32)


INPUTS, TARGETS = drawn(6, 5, 3), drawn(2, 5, 2)
XS, YS = np.asarray(INPUTS), np.asarray(TARGETS)


@jax.jit
def call(model, inputs):
    return model(inputs)


@jax.jit
def losses(model, inputs, targets, key=None):
    return model.losses(inputs, targets, key=key)


def make(model, **options):
    """Draw a model, with noise on all parameters so that none is zero."""
    fresh = model(replace(CONFIG, **options), SIZES, rngs=nnx.Rngs(0))
    return jax.tree.map(lambda p: jnp.asarray(np.asarray(p) + noise(p)), fresh)


def noise(leaf):
    return (0.3 * RNG.normal(size=leaf.shape)).astype(np.float32)


def step(params, h, x):
    """One step of the tanh RNN, in numpy."""
    w_ih, w_hh, b = map(np.asarray, params)
    return np.tanh(x @ w_ih + h @ w_hh + b)


def run(params, xs, h=None):
    """All its steps: the last state, and all of them."""
    h, hs = np.zeros((*xs.shape[1:-1], 4)) if h is None else h, []
    for x in xs:
        h = step(params, h, x)
        hs.append(h)
    return h, np.stack(hs)


def head(model, h):
    return h @ np.asarray(model.out.kernel[...]) + np.asarray(model.out.bias[...])


def test_the_shared_model_reads_patches_of_each_column_alone():
    model = make(DirectForecaster, patch=3, normalize="last")
    found = np.asarray(call(model, INPUTS))
    assert found.shape == (1, 2, 5, 2)
    zs = XS - XS[-1:]
    for place, column in enumerate(PREDICTED):
        tokens = zs[:, :, column].reshape(2, 3, 5).swapaxes(1, 2)
        h, _ = run(model.rnn.pure_params()[0], tokens)
        wanted = head(model, h) + XS[-1, :, column][:, None]
        np.testing.assert_allclose(
            found[0, :, :, place], wanted.T, rtol=2e-5, atol=1e-5
        )


def test_one_model_of_all_columns_reads_them_all():
    model = make(DirectForecaster, shared=False, patch=2)
    shared = make(DirectForecaster, patch=2)
    other = INPUTS.at[0, 0, 1].add(1.0)  # a column that is not predicted

    def moved(model):
        return np.abs(np.asarray(call(model, other) - call(model, INPUTS))).sum(
            (0, 1, 3)
        )

    assert moved(model)[0] > 0 and moved(model)[1:].max() == 0
    assert moved(shared).max() == 0
    h, _ = run(
        model.rnn.pure_params()[0],
        XS.reshape(3, 2, 5, 3).swapaxes(1, 2).reshape(3, 5, 6),
    )
    wanted = head(model, h).reshape(5, 2, 2).swapaxes(0, 1)
    np.testing.assert_allclose(call(model, INPUTS)[0], wanted, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("how", "scale", "shift"),
    [("none", 1.0, 0.0), ("last", 1.0, 7.0), ("revin", 3.0, -2.0)],
)
def test_a_frame_carries_a_forecast_along(how, scale, shift):
    model = make(DirectForecaster, normalize=how)
    moved = call(model, scale * INPUTS + shift)
    wanted = scale * call(model, INPUTS) + shift
    np.testing.assert_allclose(moved, wanted, rtol=1e-3, atol=1e-3)


def test_frames():
    frame = measure(INPUTS, "revin")
    inner = frame.enter(INPUTS)
    np.testing.assert_allclose(inner.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(inner.std(0), 1, atol=1e-4)
    np.testing.assert_allclose(frame.leave(inner), INPUTS, atol=1e-5)
    scale = measure(INPUTS, "mean_scale").scale
    np.testing.assert_allclose(scale, 1 + np.abs(INPUTS).mean(0), rtol=1e-5)


def test_a_skip_adds_a_linear_map_of_the_frame():
    with_skip = make(DirectForecaster, skip=True, normalize="last")
    without = make(DirectForecaster, normalize="last")
    without.rnn, without.out = with_skip.rnn, with_skip.out
    added = np.asarray(call(with_skip, INPUTS) - call(without, INPUTS))[0]
    zs = np.asarray(INPUTS - INPUTS[-1:])[:, :, [0, 2]]
    wanted = np.einsum("tbp,tk->kbp", zs, np.asarray(with_skip.skip.kernel[...]))
    np.testing.assert_allclose(added, wanted, atol=1e-5)


def test_quantiles_rise_and_their_loss_is_that_of_regression():
    levels = (0.1, 0.5, 0.8)
    model = make(DirectForecaster, head="quantile", levels=levels)
    raw = np.asarray(call(model, INPUTS))
    wrong = np.asarray(TARGETS)[None] - raw
    q = np.array(levels)[:, None, None, None]
    wanted = np.where(wrong > 0, q * wrong, (q - 1) * wrong).mean((0, 1, 3))
    np.testing.assert_allclose(losses(model, INPUTS, TARGETS), wanted, rtol=1e-5)
    found = np.asarray(model.quantiles(INPUTS, jax.random.key(0)))
    np.testing.assert_allclose(found, np.sort(raw, 0))
    assert model.levels == levels and isinstance(model, Forecaster)


def test_dropout_needs_a_key():
    model = make(DirectForecaster, dropout=0.5)
    quiet = losses(model, INPUTS, TARGETS)
    assert jnp.array_equal(quiet, losses(model, INPUTS, TARGETS))
    assert not jnp.allclose(quiet, losses(model, INPUTS, TARGETS, jax.random.key(1)))


def test_the_decoder_reads_its_own_answers_and_in_training_the_true_ones():
    model = make(DecoderForecaster, kind="decoder")
    start, _ = run(model.encoder.pure_params()[0], XS)
    decoder, last = model.decoder.pure_params()[0], XS[-1][:, PREDICTED]
    first = step(decoder, start, last)
    own = [head(model, first), head(model, step(decoder, first, head(model, first)))]
    np.testing.assert_allclose(call(model, INPUTS), np.stack(own), atol=1e-5)
    wanted = np.square(np.stack(own) - YS).mean((0, 2))
    np.testing.assert_allclose(losses(model, INPUTS, TARGETS), wanted, rtol=1e-4)
    forced = [head(model, first), head(model, step(decoder, first, YS[0]))]
    wanted = np.square(np.stack(forced) - YS).mean((0, 2))
    found = losses(model, INPUTS, TARGETS, jax.random.key(0))
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


@pytest.mark.parametrize("kind", ["nlinear", "dlinear"])
def test_linear_models_start_as_the_mean_of_the_steps(kind):
    config = ForecasterConfig(kind=kind)
    model = LinearForecaster(config, SIZES, rngs=nnx.Rngs(0))
    wanted = XS.mean(0)[:, PREDICTED]
    np.testing.assert_allclose(call(model, INPUTS)[1], wanted, atol=1e-6)
    loss = np.square(wanted - YS).mean((0, 2))
    np.testing.assert_allclose(losses(model, INPUTS, TARGETS), loss, rtol=1e-5)
    moved = make(LinearForecaster, kind=kind)
    shift = 1.0 if kind == "nlinear" else 0.0
    grown = call(moved, INPUTS + shift) - call(moved, INPUTS)
    np.testing.assert_allclose(grown, shift, atol=1e-5)


DEEP = {"kind": "deepar", "lags": (1, 3), "normalize": "mean_scale", "samples": 4}


def lagged(zs, t):
    return np.stack([zs[t - 1], zs[t - 3]], axis=-1)


def test_deepar_predicts_each_step_from_its_lags():
    model = make(DeepAR, **DEEP)
    scale = (1 + np.abs(XS).mean(0))[:, PREDICTED]
    zs = np.concatenate([XS[:, :, PREDICTED], YS]) / scale
    _, hs = run(
        model.rnn.pure_params()[0], np.stack([lagged(zs, t) for t in range(3, 8)])
    )
    mean, raw = np.moveaxis(head(model, hs), -1, 0)
    std = np.log1p(np.exp(raw)) + 1e-3
    nll = 0.5 * ((zs[3:] - mean) / std) ** 2 + np.log(std) + 0.5 * np.log(2 * np.pi)
    found = losses(model, INPUTS, TARGETS)
    np.testing.assert_allclose(found, nll.mean((0, 2)), rtol=1e-4)


def test_paths_with_little_noise_follow_the_mean():
    model = make(DeepAR, **DEEP)
    model.out.kernel[...] = model.out.kernel[...].at[:, 1].set(0.0)
    model.out.bias[...] = model.out.bias[...].at[1].set(-30.0)
    paths = np.asarray(jax.jit(model.sample)(INPUTS, jax.random.key(0)))
    assert paths.shape == (4, 2, 5, 2)
    scale = (1 + np.abs(XS).mean(0))[:, PREDICTED]
    zs, h = list(XS[:, :, PREDICTED] / scale), np.zeros((5, 2, 4))
    for t in range(3, 8):
        h = step(model.rnn.pure_params()[0], h, lagged(zs, t))
        if t >= 6:
            zs.append(head(model, h)[..., 0])
    wanted = np.stack(zs[6:]) * scale
    np.testing.assert_allclose(paths, np.stack([wanted] * 4), atol=0.03)
    assert np.ptp(paths, axis=0).min() > 0
    assert model.levels == (0.125, 0.375, 0.625, 0.875)


def uneven(ranks):
    """Return how far ranks are from uniform ones, in units of what 1 % exceed."""
    steps = np.arange(1, len(ranks) + 1) / len(ranks)
    return np.abs(np.sort(ranks) - steps).max() * np.sqrt(len(ranks)) / 1.63


def test_distributions_have_the_density_that_they_draw_from():
    from scipy.special import gammaln, ndtr, stdtr

    z, values = drawn(4000, 3), drawn(4000)
    student, normal = StudentT.read(z), Gaussian.read(z[:, :2])
    mean, scale, freedom = (np.asarray(part, np.float64) for part in student)
    apart = (np.asarray(values) - mean) / scale
    nats = 0.5 * np.log(np.pi * freedom) + gammaln(freedom / 2) + np.log(scale)
    nats += (freedom + 1) / 2 * np.log1p(apart**2 / freedom) - gammaln(
        (freedom + 1) / 2
    )
    np.testing.assert_allclose(student.nll(values), nats, rtol=2e-3, atol=1e-4)
    nats = 0.5 * apart**2 + np.log(scale * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(normal.nll(values), nats, rtol=1e-3, atol=1e-4)
    paths = np.asarray(student.draw(jax.random.key(0))), normal.draw(jax.random.key(1))
    assert uneven(stdtr(freedom, (paths[0] - mean) / scale)) < 1
    assert uneven(ndtr((np.asarray(paths[1]) - mean) / scale)) < 1


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"patch": 0}, "ForecasterConfig: patch is 0; give a positive"),
        ({"lags": (0,)}, r"ForecasterConfig: lags\[0\] is 0; give a positive"),
        (
            {"levels": (0.5, 0.1)},
            r"ForecasterConfig: levels is \(0\.5, 0\.1\); give two or more",
        ),
        ({"dropout": 1.0}, r"ForecasterConfig: dropout is 1\.0"),
        ({"stack": StackConfig(bidirectional=True)}, "the way back has only begun"),
    ],
)
def test_options_out_of_range_are_refused(options, line):
    with pytest.raises(ValueError, match=line):
        ForecasterConfig(**options)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(
        ValueError, match=r"data\.length is 6, no multiple of model\.patch=4"
    ):
        DirectForecaster(ForecasterConfig(patch=4), SIZES, rngs=nnx.Rngs(0))
    with pytest.raises(
        ValueError, match=r"model\.lags reach 6 steps back, data\.length is 6"
    ):
        ForecasterConfig(kind="deepar", lags=(1, 6)).check(SIZES)
