"""Scores of forecasts against their definitions, summed by brute force."""

from statistics import NormalDist

import numpy as np
import pytest

from jlstm.metrics.forecast import (
    ForecastTally,
    at_level,
    crps_gaussian,
    crps_quantiles,
    crps_samples,
    level_widths,
    pinball,
    sample_levels,
)
from jlstm.metrics.scaled import Units

RNG = np.random.default_rng(0)


def test_the_median_of_samples_has_the_lowest_quantile_loss():
    samples = RNG.normal(size=1001)
    for level in (0.1, 0.5, 0.9):
        best = np.quantile(samples, level)
        guesses = [np.array(best + d) for d in (-0.1, 0.0, 0.1)]
        near = [pinball(samples, guess, level).mean() for guess in guesses]
        assert near[1] == min(near)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_quantile_loss_is_its_formula_of_any_number(dtype):
    low_by = np.array([0.0, 1.5, -2.0, np.nan, np.inf, -np.inf], dtype)
    found = pinball(low_by, np.zeros_like(low_by), 0.3)
    wanted = np.maximum(0.3 * low_by, -0.7 * low_by)
    np.testing.assert_allclose(found, wanted, rtol=2 * np.finfo(dtype).eps)


def test_crps_of_samples_is_their_mean_distance_less_half_of_that_between_them():
    samples, targets = RNG.normal(size=(7, 4)), RNG.normal(size=4)
    apart = np.abs(samples[:, None] - samples[None]).mean((0, 1))
    wanted = np.abs(samples - targets).mean(0) - apart / 2
    np.testing.assert_allclose(crps_samples(targets, samples), wanted, rtol=1e-12)


def test_crps_of_a_normal_distribution_is_the_integral_of_squared_differences():
    points = np.linspace(-12, 12, 4_801)
    mean, std, target = 0.3, 1.7, -0.9
    normal = NormalDist(mean, std)
    below = np.array([normal.cdf(point) for point in points])
    squares = (below - (points >= target)) ** 2
    wanted = np.trapezoid(squares, points)
    found = crps_gaussian(*(np.array([x]) for x in (target, mean, std)))
    np.testing.assert_allclose(found, wanted, rtol=2e-3)
    levels = sample_levels(400)
    quantiles = np.array([[normal.inv_cdf(level)] for level in levels])
    near = crps_quantiles(np.array([target]), quantiles, levels)
    np.testing.assert_allclose(near, wanted, rtol=1e-2)


def test_levels_share_the_unit_interval():
    assert level_widths((0.2, 0.3, 0.9)).sum() == pytest.approx(1)
    values = np.array([[0.0], [1.0], [5.0]])
    assert at_level(values, (0.2, 0.3, 0.9), 0.6) == pytest.approx(3)
    assert at_level(values, (0.2, 0.3, 0.9), 0.05) == 0


def test_sums_do_not_depend_on_how_windows_are_cut():
    targets, quantiles = RNG.normal(size=(9, 3, 2)), RNG.normal(size=(5, 9, 3, 2))
    quantiles, levels = np.sort(quantiles, axis=0), (0.05, 0.25, 0.5, 0.75, 0.95)
    whole, cut = ForecastTally(levels), ForecastTally(levels)
    whole.add(targets, quantiles)
    for part in (slice(0, 4), slice(4, 8), slice(8, 9)):
        cut.add(targets[part], quantiles[:, part])
    wrong = targets - quantiles[2]
    inside = (quantiles[0] <= targets) & (targets <= quantiles[4])
    found = cut.means()
    assert found == pytest.approx(whole.means())
    assert found["mse"] == pytest.approx((wrong**2).mean())
    assert found["mae"] == pytest.approx(np.abs(wrong).mean())
    assert found["coverage"] == pytest.approx(inside.mean())
    spread = (targets - targets.mean((0, 1))) ** 2
    assert found["rse"] == pytest.approx(np.sqrt((wrong**2).sum() / spread.sum()))
    spread = ((targets - targets.mean(0)) ** 2).sum((0, 2))
    by_step = np.sqrt((wrong**2).sum((0, 2)) / spread)
    np.testing.assert_allclose(cut.by_step()["rse"], by_step)
    crps = crps_quantiles(targets, quantiles, levels)
    np.testing.assert_allclose(cut.by_step()["crps"], crps.mean((0, 2)))
    width = (quantiles[4] - quantiles[0]).mean()
    assert found["width"] == pytest.approx(width)


def test_units_give_errors_that_compare_across_series():
    targets, points = RNG.normal(size=(6, 3, 2)), RNG.normal(size=(1, 6, 3, 2))
    units = Units(np.array([5.0, -2.0]), np.array([2.0, 1.0]), np.array([0.5, 0.0]))
    tally = ForecastTally((0.5,), units=units)
    tally.add(targets, points)
    wrong = np.abs(targets - points[0])
    wrong[..., 1] = 0  # what never changes has no naive error
    np.testing.assert_allclose(tally.by_step()["mase"], (wrong / 0.5).mean((0, 2)))
    own, other = targets * units.std + units.mean, points[0] * units.std + units.mean
    shares = 200 * np.abs(own - other) / (np.abs(own) + np.abs(other))
    np.testing.assert_allclose(tally.by_step()["smape"], shares.mean((0, 2)))


def test_forecasts_of_other_windows_are_refused(unchecked):
    line = r"shape \(1, 2, 3, 1\), 1 levels of targets \(1, 4, 3, 1\): predict every"
    with pytest.raises(ValueError, match=line):
        ForecastTally((0.5,)).add(np.zeros((4, 3, 1)), np.zeros((1, 2, 3, 1)))
