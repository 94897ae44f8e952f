"""Linear forecasts against least squares by numpy on the rows written out."""

import numpy as np
import pytest

from jlstm.data.windows import Windows, errors
from jlstm.training.baselines import ridge
from jlstm.training.baselines.ridge import fit_linear, moments, moving_average

RNG = np.random.default_rng(0)
LENGTH, HORIZON = 6, 3


def series():
    """Two columns that follow one linear rule, with noise and another level."""
    values = np.zeros((300, 2))
    noise = 0.1 * RNG.normal(size=values.shape)
    for t in range(2, 300):
        values[t] = 1.6 * values[t - 1] - 0.8 * values[t - 2] + noise[t]
    return values + np.array([2.0, -5.0])


VALUES = series()
TRAIN = Windows(VALUES, 0, 200, LENGTH, HORIZON, (0, 1))
VALID = Windows(VALUES, 200, 250, LENGTH, HORIZON, (0, 1))
TEST = Windows(VALUES, 250, 300, LENGTH, HORIZON, (0, 1))


def rows(windows):
    xs = windows.inputs.swapaxes(1, 2).reshape(-1, LENGTH)
    return xs, windows.targets.swapaxes(1, 2).reshape(-1, HORIZON)


@pytest.mark.parametrize("kind", ["nlinear", "dlinear"])
def test_it_is_the_ridge_of_the_rows_written_out(kind, monkeypatch):
    monkeypatch.setattr(ridge, "PENALTIES", (0.01,))
    monkeypatch.setattr(ridge, "_ROWS", 37)  # so that there are several pieces
    model = fit_linear(moments(TRAIN), moments(VALID), kind)
    xs, ys = rows(TRAIN)

    def read(xs):
        if kind == "nlinear":
            return xs - xs[:, -1:]
        padded = np.pad(xs, ((0, 0), (12, 12)), mode="edge")
        trend = np.stack([padded[:, n : n + 25].mean(1) for n in range(LENGTH)], 1)
        return np.concatenate([trend, xs - trend], axis=1)

    last = xs[:, -1:] if kind == "nlinear" else np.zeros((len(xs), 1))
    features, answers = read(xs), ys - last
    centered = features - features.mean(0)
    square = centered.T @ centered
    penalty = 0.01 * np.trace(square) / len(square) * np.eye(len(square))
    weight = np.linalg.solve(square + penalty, centered.T @ (answers - answers.mean(0)))
    test_xs, _ = rows(TEST)
    wanted = (read(test_xs) - features.mean(0)) @ weight + answers.mean(0)
    wanted += test_xs[:, -1:] if kind == "nlinear" else 0
    np.testing.assert_allclose(rows_of(model(TEST)), wanted, atol=1e-8)


def rows_of(predictions):
    return predictions.swapaxes(1, 2).reshape(-1, HORIZON)


def test_the_ridge_that_is_best_on_validation_is_taken():
    parts = moments(TRAIN), moments(VALID)
    chosen = fit_linear(*parts, "nlinear")
    found = errors(VALID, chosen(VALID)).mse
    for penalty in ridge.PENALTIES:
        own = ridge._error(chosen, parts[1]) / HORIZON
        assert own == pytest.approx(found)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ridge, "PENALTIES", (penalty,))
            other = fit_linear(*parts, "nlinear")
        assert errors(VALID, other(VALID)).mse >= found


def test_a_linear_rule_is_found_but_for_its_noise():
    model = fit_linear(moments(TRAIN), moments(VALID), "dlinear")
    assert errors(TEST, model(TEST)).mse < 0.06
    assert model.weight.shape == (LENGTH, HORIZON)


def test_only_what_is_predicted_is_read():
    one = [
        Windows(VALUES, w.start, w.stop, LENGTH, HORIZON, (1,)) for w in (TRAIN, VALID)
    ]
    model = fit_linear(*map(moments, one), "nlinear")
    alone = [
        Windows(VALUES[:, 1:], w.start, w.stop, LENGTH, HORIZON, (0,)) for w in one
    ]
    np.testing.assert_allclose(model(one[1]), model(alone[1]))


def test_the_average_of_a_constant_is_the_constant():
    np.testing.assert_allclose(np.ones(9) @ moving_average(9, 4), np.ones(9))
