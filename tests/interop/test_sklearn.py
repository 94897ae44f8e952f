"""Estimators of scikit-learn's kind: what it asks of them, on sequences and tables."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="it comes with jlstm[train]")

from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import jlstm
from jlstm import GRUCell
from jlstm.interop.sklearn import Forecaster, SequenceClassifier, SequenceRegressor

pytestmark = pytest.mark.usefixtures("user_defaults")
QUICK = {
    "check_estimators_unfitted", "check_get_params_invariance", "check_estimator_repr",
    "check_supervised_y_2d", "check_complex_data",
}  # fmt: skip


def rows():
    """Yield the checks of scikit-learn's that are run before a merge, and all."""
    for kind in (SequenceClassifier, SequenceRegressor):
        for estimator, check in estimator_checks_generator(kind()):
            name = getattr(check, "func", check).__name__
            marks = () if name in QUICK else pytest.mark.slow
            label = f"{kind.__name__}-{name}"
            yield pytest.param(estimator, check, id=label, marks=marks)


@pytest.mark.long
@pytest.mark.usefixtures("unchecked")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "check"), list(rows()))
def test_scikit_learn_finds_nothing(estimator, check):
    check(estimator)


def walks(count=60):
    """Return random walks of different lengths, and whether each went up."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)).cumsum(0) for n in rng.integers(5, 12, count)]
    return X, np.array(["up" if x[-1, 0] > 0 else "down" for x in X])


@pytest.mark.long
def test_sequences_of_any_length_are_told_apart():
    X, y = walks(120)
    model = jlstm.sklearn.SequenceClassifier(random_state=0).fit(X[:60], y[:60])
    assert model.score(X[60:], y[60:]) > 0.85
    chances = model.predict_proba(X)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-12)
    again = SequenceClassifier(random_state=0).fit(X[:60], y[:60])
    np.testing.assert_array_equal(again.predict_proba(X), chances)
    np.testing.assert_array_equal(model.predict_proba(X[3:5]), chances[3:5])


@pytest.mark.slow
def test_it_stands_in_searches_and_pipelines():
    X = np.random.default_rng(0).normal(size=(60, 6))
    y = X.sum(axis=1)
    searched = GridSearchCV(
        SequenceRegressor(epochs=20, random_state=0),
        {"cell": [GRUCell], "hidden_sizes": [(4,), (16,)]}, cv=2,
    ).fit(X, y)  # fmt: skip
    assert searched.best_params_["hidden_sizes"] == (16,)
    piped = make_pipeline(StandardScaler(), SequenceRegressor(random_state=0))
    assert cross_val_score(piped, X, y, cv=2).min() > 0.8


@pytest.mark.long
def test_the_next_steps_of_a_series_are_forecast():
    series = np.sin(np.arange(240) / 5) * 30 + 100
    model = Forecaster(horizon=10, context=24, random_state=0).fit(series[:200])
    np.testing.assert_allclose(model.forecast(), series[200:210], atol=6)
    np.testing.assert_allclose(model.forecast(series[:230]), series[230:240], atol=6)


REFUSED = {
    "two shapes": ([np.ones((4, 2)), np.ones((4, 3))], [0, 1], "Sequence 1 has shape"),
    "no step": ([np.ones((0, 2)), np.ones((4, 2))], [0, 1], "Sequence 0 has shape"),
    "NaN": ([np.full((4, 2), np.nan), np.ones((4, 2))], [0, 1], "Sequence 0 has NaN"),
    "nothing": (np.ones((0, 4, 2)), [], "There is no sequence"),
    "counts": ([np.ones((4, 2))] * 3, [0, 1], "There are 3 sequences and 2 targets"),
    "one class": ([np.ones((4, 2))] * 2, [1, 1], "learns from more than one class"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learned_from_is_refused(name):
    X, y, said = REFUSED[name]
    with pytest.raises(ValueError, match=said):
        SequenceClassifier().fit(X, y)


def test_a_series_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="The series has 25 steps; context 24"):
        Forecaster(horizon=1, context=24).fit(np.ones(25))
