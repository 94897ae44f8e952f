"""Estimators of scikit-learn's kind: what it asks of them, on sequences and tables."""

import importlib

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


TWO, FLAT, CUBE = [np.ones((4, 2))] * 2, np.ones((4, 6)), np.ones((4, 3, 2))
RAGGED = np.empty(2, object)
RAGGED[:] = [np.ones((3, 2)), np.ones((4, 2))]
REFUSED = {
    "two shapes": ([np.ones((4, 2)), np.ones((4, 3))], [0, 1], "Sequence 1 has shape"),
    "no step": ([np.ones((0, 2)), np.ones((4, 2))], [0, 1], "Sequence 0 has shape"),
    "NaN": ([np.full((4, 2), np.nan), np.ones((4, 2))], [0, 1], "Sequence 0 has NaN"),
    "nothing": (np.ones((0, 4, 2)), [], "There is no sequence"),
    "an empty list": ([], [], "There is no sequence"),
    "counts": ([np.ones((4, 2))] * 3, [0, 1], "There are 3 sequences and 2 targets"),
    "one class": (TWO, ["a", "a"], "learns from more than one class; .* 'a'"),
    "no class": (TWO, ["a", None], "y has values of several types, nothing, text"),
    "a class is NaN": (TWO, np.array(["a", np.nan], object), "types, nothing, text"),
    "complex": (CUBE * 1j, [0, 1] * 2, "Sequence 0 does not hold real numbers"),
    "dates": (
        CUBE.astype("M8[s]"),
        [0, 1] * 2,
        "Sequence 0 does not hold real numbers",
    ),
    "words": ([[["a", "b"]]] * 2, [0, 1], "Sequence 0 does not hold real numbers"),
    "rows of two lengths": ([[[1, 2], [3]]] * 2, [0, 1], "Sequence 0 does not hold"),
    "large": (CUBE * 1e300, [0, 1] * 2, "Numbers up to 1e.300 are too large"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learned_from_is_refused(name):
    X, y, said = REFUSED[name]
    with pytest.raises(ValueError, match=said):
        SequenceClassifier().fit(X, y)


OPTIONS = {
    "epochs": (0, -1, 2.5, "2", None, True), "batch_size": (0, -3, 1.5),
    "hidden_sizes": (4, (0,), ("a",), (4.5,), ()), "cell": ("LSTMCell", None),
    "learning_rate": (0, -1.0, np.nan, np.inf, "x"),
}  # fmt: skip


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_that_is_none_is_named(name):
    for value in OPTIONS[name]:
        said = f"SequenceRegressor: {name}(\\[0\\])? is" if value != () else "one layer"
        with pytest.raises((TypeError, ValueError), match=said):
            SequenceRegressor(**{name: value}).fit(CUBE, np.arange(4.0))
    for name in ("horizon", "context"):
        with pytest.raises((TypeError, ValueError), match=f"Forecaster: {name} is"):
            Forecaster(**{name: 0}).fit(np.ones(90))


class Named(np.ndarray):
    """Numbers with names of columns, as a table of pandas has them."""

    columns: tuple

    @classmethod
    def of(cls, columns, rows=3):
        """Return so many rows of ones."""
        made = np.ones((rows, len(columns))).view(cls)
        made.columns = tuple(columns)
        return made


LEARNED = {
    "sequences, then a table": ([*TWO] * 2, np.ones((4, 2)), "X is a table"),
    "sequences, then one of them": (CUBE, np.ones((3, 2)), "X is a table"),
    "a table, then sequences": (FLAT, [np.ones((3, 6))], "X is sequences of steps"),
    "a table, then an array": (FLAT, np.ones((4, 3, 6)), "X is sequences of steps"),
    "columns in another order": (
        [Named.of("ab")] * 4,
        [Named.of("ba")],
        "columns b, a",
    ),
    "other columns": ([Named.of("ab")] * 4, [Named.of("ac")], "columns a, c"),
    "other features": (CUBE, np.ones((4, 3, 3)), "X has 3 features"),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.long] * n.startswith("a ")) for n in LEARNED],
)
def test_what_differs_from_what_was_learned_is_refused(name):
    X, new, said = LEARNED[name]
    model = SequenceRegressor(hidden_sizes=(2,), epochs=1).fit(X, np.arange(4.0))
    assert model.predict(X).shape == (4,)
    with pytest.raises(ValueError, match=said):
        model.predict(new)


@pytest.mark.long
def test_sequences_of_one_table_have_the_columns_of_all():
    with pytest.raises(ValueError, match="Table 1 has the columns b, a, and a, b"):
        SequenceRegressor().fit([Named.of("ab"), Named.of("ba")], [0.0, 1.0])
    series = Named.of("ab", rows=40)
    model = Forecaster(context=5, epochs=1, hidden_sizes=(2,)).fit(series)
    assert model.forecast(series).shape == (1,)
    with pytest.raises(ValueError, match="columns b, a, and a, b are learned from"):
        model.forecast(Named.of("ba", rows=40))


@pytest.mark.long
def test_an_array_of_sequences_is_a_list_of_them():
    made = [
        SequenceClassifier(hidden_sizes=(2,), epochs=1, random_state=0).fit(X, [0, 1])
        for X in (RAGGED, list(RAGGED))
    ]
    answers = [model.predict_proba(RAGGED) for model in made]
    np.testing.assert_array_equal(*answers)


SERIES = {
    "short": (np.ones(25), "The series has 25 steps; context 24"),
    "NaN": (np.r_[np.ones(40), np.nan], "The series has NaN or infinity"),
    "cube": (np.ones((40, 2, 2)), r"The series has shape \(40, 2, 2\)"),
    "words": ([["2024-01-01", 1.0]] * 40, "The series does not hold real numbers"),
}


@pytest.mark.parametrize("name", SERIES)
def test_a_series_that_is_none_is_refused(name):
    series, said = SERIES[name]
    with pytest.raises(ValueError, match=said):
        Forecaster(horizon=1, context=24).fit(series)


def test_the_module_has_the_name_that_one_looks_for():
    module = importlib.import_module("jlstm.sklearn")
    assert module is jlstm.sklearn
    assert module.Forecaster is Forecaster
