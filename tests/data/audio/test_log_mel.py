"""The front end is what a few lines of numpy say it is, and does not see padding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.data.audio import (
    AugmentConfig,
    LogMelConfig,
    change_speed,
    count_frames,
    extract_log_mel,
    leave_out,
    log_mel,
    mel_filters,
)

CONFIG = LogMelConfig(bands=12, deltas=2)
PLAIN = LogMelConfig(bands=12, normalize=False)
RNG = np.random.default_rng(0)
SOUND = RNG.normal(size=1_000)


def run(xs, config, lengths=None):
    return jax.jit(log_mel, static_argnums=1)(xs, config, lengths)


def by_hand(sound, bands=12):
    """Return the log energies in a loop, from the definitions."""
    size, hop, fft, rate = 200, 80, 256, 8_000
    mel = np.linspace(
        2595 * np.log10(1 + 20 / 700), 2595 * np.log10(1 + 4000 / 700), bands + 2
    )
    corner = 700 * (10 ** (mel / 2595) - 1)
    window = [np.sin(np.pi * n / size) ** 2 for n in range(size)]
    rows = []
    for start in range(0, len(sound) - size + 1, hop):
        wave = np.concatenate(
            [sound[start : start + size] * window, np.zeros(fft - size)]
        )
        turns = np.exp(
            -2j * np.pi * np.outer(np.arange(fft // 2 + 1), np.arange(fft)) / fft
        )
        power = abs(turns @ wave) ** 2
        row = []
        for low, peak, high in zip(corner, corner[1:], corner[2:], strict=False):
            total = 0.0
            for k, p in enumerate(power):
                f = k * rate / fft
                if low < f <= peak:
                    total += p * (f - low) / (peak - low)
                elif peak < f < high:
                    total += p * (high - f) / (high - peak)
            row.append(np.log(total + 1e-6))
        rows.append(row)
    return np.array(rows)


def test_log_energies_are_those_of_a_loop_over_frames():
    features, frames = run(jnp.asarray(SOUND), PLAIN)
    expected = by_hand(SOUND)
    assert features.shape == expected.shape == (11, 12) and int(frames) == 11
    np.testing.assert_allclose(features, expected, rtol=1e-9)


def test_deltas_and_normalization_are_those_of_numpy():
    features, _ = run(jnp.asarray(SOUND), CONFIG)

    def slope(rows):
        at = lambda n: rows[np.clip(np.arange(len(rows)) + n, 0, len(rows) - 1)]  # noqa: E731
        return ((at(1) - at(-1)) + 2 * (at(2) - at(-2))) / 10

    base = by_hand(SOUND)
    whole = np.hstack([base, slope(base), slope(slope(base))])
    expected = (whole - whole.mean(axis=0)) / whole.std(axis=0)
    np.testing.assert_allclose(features, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("hz", [300.0, 1_000.0, 2_500.0])
def test_a_pure_tone_is_loudest_in_its_band(hz):
    tone = np.sin(2 * np.pi * hz * np.arange(1_000) / 8_000)
    features, _ = run(jnp.asarray(tone), PLAIN)
    mels = 2595 * np.log10(1 + np.array([20, 4000, hz]) / 700)
    band = round((mels[2] - mels[0]) / ((mels[1] - mels[0]) / 13)) - 1
    assert np.argmax(np.asarray(features), axis=1).tolist() == [band] * 11


def test_twice_as_loud_adds_the_logarithm_of_four():
    once, _ = run(jnp.asarray(SOUND), PLAIN)
    twice, _ = run(jnp.asarray(2 * SOUND), PLAIN)
    np.testing.assert_allclose(twice - once, np.log(4), atol=1e-4)


def test_a_level_makes_loudness_invisible_and_does_not_see_padding():
    config = LogMelConfig(bands=12, level=True, floor=0.1, normalize=False)
    xs = np.stack([SOUND, 0.01 * SOUND, np.zeros(1_000)], axis=1)
    xs[600:, 1] = np.nan
    features, _ = run(jnp.asarray(xs), config, jnp.array([1_000, 600, 1_000]))
    for column, length in enumerate((1_000, 600)):
        sound = SOUND[:length]
        level = sound / np.sqrt((sound**2).mean())
        expected = np.log(np.exp(by_hand(level)) - 1e-6 + 0.1)
        np.testing.assert_allclose(features[: len(expected), column], expected)
    np.testing.assert_allclose(features[:, 2], np.log(0.1))


def test_neighboring_bands_sum_to_one_between_their_peaks():
    filters = mel_filters(PLAIN)
    inside = filters.sum(axis=1)[filters.argmax(0)[0] : filters.argmax(0)[-1]]
    np.testing.assert_allclose(inside[1:], 1.0)


def test_padding_changes_neither_features_nor_gradients_even_if_it_is_nan():
    lengths = np.array([1_000, 620, 150])
    xs = np.full((1_100, 3), np.nan)
    for column, length in enumerate(lengths):
        xs[:length, column] = SOUND[:length]
    weights = RNG.normal(size=(12, 3, 36))

    def total(xs, lengths):
        return jnp.sum(
            log_mel(xs, CONFIG, lengths)[0] * weights[: 1 + (len(xs) - 200) // 80]
        )

    features, frames = run(jnp.asarray(xs), CONFIG, jnp.asarray(lengths))
    assert frames.tolist() == [11, 6, 0]
    for column, (length, count) in enumerate(
        zip(lengths, frames.tolist(), strict=True)
    ):
        if count:
            alone, _ = run(jnp.asarray(SOUND[:length]), CONFIG)
            np.testing.assert_allclose(features[:count, column], alone, atol=1e-9)
        assert not np.asarray(features[count:, column]).any()
    gradient = jax.jit(jax.grad(total))(jnp.asarray(xs), jnp.asarray(lengths))
    assert np.isfinite(gradient).all()
    assert (
        not np.asarray(gradient[620:, 1]).any() and np.asarray(gradient[:620, 1]).any()
    )


def test_float32_stays_float32():
    features, frames = run(jnp.asarray(SOUND, jnp.float32), CONFIG)
    assert features.dtype == jnp.float32 and frames.dtype == jnp.int32
    np.testing.assert_allclose(features, run(jnp.asarray(SOUND), CONFIG)[0], atol=2e-3)


def test_a_data_set_comes_back_in_its_order():
    sounds = [SOUND[:n].astype(np.float32) for n in (900, 300, 1_000)]
    found = extract_log_mel(sounds, PLAIN, batch_size=2, buckets=1)
    assert [len(one) for one in found] == count_frames(
        np.array([900, 300, 1_000]), 200, 80
    ).tolist()
    for one, sound in zip(found, sounds, strict=True):
        np.testing.assert_allclose(one, by_hand(sound), atol=1e-3)


def test_a_sound_without_a_frame_is_named():
    line = "Sound 1 has 150 samples, a frame has 200; leave it out, or train with a"
    with pytest.raises(ValueError, match=line):
        extract_log_mel([np.ones(300, np.float32), np.ones(150, np.float32)], PLAIN)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"hop": 0.0}, "LogMelConfig: hop is 0.0; give a positive number"),
        (
            {"low": 5_000.0},
            "front.low is 5000.0 and front.high 4000.0 Hz; give 0 <= low",
        ),
        ({"high": 5_000.0}, "<= 4000.0, half of the sample rate"),
        ({"deltas": 3}, "LogMelConfig: deltas is 3; give 0, 1 or 2"),
        ({"hop": 1e-5}, "give 1 to 16777216 samples at 8000 Hz"),
    ],
)
def test_what_is_out_of_range_is_refused(options, line):
    with pytest.raises(ValueError, match=line):
        LogMelConfig(**options)


def test_a_band_without_a_frequency_is_refused():
    with pytest.raises(ValueError, match="bands is 200, and band 2 lies between"):
        mel_filters(LogMelConfig(bands=200))


def test_speed_moves_a_tone():
    tone = np.sin(2 * np.pi * 400 * np.arange(8_000) / 8_000).astype(np.float32)
    slow = change_speed(tone, 0.5)
    assert len(slow) == 16_000
    assert np.argmax(abs(np.fft.rfft(slow))) == 400  # of two seconds: 200 Hz


def test_runs_are_left_out_in_copies():
    config = AugmentConfig(band_masks=1, band_width=3, time_masks=2, time_width=4)
    before = [np.ones((20, 8)), np.ones((9, 8))]
    after = leave_out(before, config, np.random.default_rng(3))
    again = leave_out(before, config, np.random.default_rng(3))
    for one, two, plain in zip(after, again, before, strict=True):
        assert plain.all() and np.array_equal(one, two)
        assert (~one.any(axis=0)).sum() <= 3 and (~one.any(axis=1)).sum() <= 8
    assert sum((one == 0).sum() for one in after) > 0
