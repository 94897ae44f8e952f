"""Numbers as labels: told from classes, learnt as z-scores, scored in their unit."""

import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from jlstm.data.batch_config import BatchConfig
from jlstm.tasks import find_task
from jlstm.tasks.classification.data import DataConfig
from jlstm.tasks.classification.labels import read_labels
from jlstm.tasks.classification.load import load
from jlstm.tasks.classification.model import ClassifierConfig
from jlstm.tasks.classification.regression import MEASURES, number_scores
from jlstm.tasks.runs import load_run
from jlstm.training.config.class_loss import ClassLossConfig
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig, TrainConfig

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
MODEL = ClassifierConfig(StackConfig("GRUCell", hidden_sizes=(8,)), embedding_size=4)

LABELS = {
    "fractions": ("3.5 4 2", "auto", [3.5, 4, 2], "a number to predict (2 to 4, mean"),
    "decimal commas": ("3,5 4 2", "auto", [3.5, 4, 2], "=classification makes classes"),
    "whole": ("1 2 3 1 2 3", "auto", "123", "data.problem_type=regression predicts"),
    "whole, as points": ("1.0 2.0 1.0", "auto", ["1.0", "2.0"], "2 classes (1.0 2"),
    "whole, to predict": ("1 2 1", "regression", [1, 2, 1], "to predict (1 to 2, mean"),
    "fractions as classes": ("3.5 4 4", "classification", ["3.5", "4"], "2 classes"),
    "a name among them": ("3.5 none 3.5", "auto", ["3.5", "none"], "2 classes"),
    "maybe thousands": ("1,250 2 2", "auto", ["1,250", "2"], "2 classes"),
    "infinite": ("inf 2.5 2.5", "auto", ["2.5", "inf"], "2 classes"),
}


@pytest.mark.parametrize("what", LABELS)
def test_numbers_are_told_from_classes(what):
    found, kind, wanted, told = LABELS[what]
    labels = read_labels("a.csv", found.split(), kind)
    assert told in labels.told
    if labels.classes:
        assert list(labels.classes) == list(wanted)
    else:
        np.testing.assert_array_equal(labels.values, wanted)
        assert not labels.strata.any()


REFUSED = {
    "a name": ("2.5 high", "'high', which is no number, and numbers are to be"),
    "infinite": ("2.5 inf", "'inf', which is not finite"),
    "maybe thousands": ("2 1,250", "'1,250', whose comma may be a decimal mark or"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_label_that_is_no_number_is_refused(what):
    found, said = REFUSED[what]
    with pytest.raises(ValueError, match=re.escape(said)):
        read_labels("a.csv", found.split(), "regression")


@pytest.mark.parametrize("truth", [[1.0, 2.5, -3.0, 9.0], [2.0, 2.0], [5.0]])
def test_scores_are_those_of_scikit_learn(truth):
    truth = np.array(truth)
    for answers in (truth, truth + np.arange(len(truth)) + 0.5):
        found = number_scores(truth, answers)
        pair = truth, answers
        assert found["mse"] == pytest.approx(metrics.mean_squared_error(*pair))
        assert found["rmse"] == pytest.approx(metrics.mean_squared_error(*pair) ** 0.5)
        assert found["mae"] == pytest.approx(metrics.mean_absolute_error(*pair))
        if len(truth) > 1:
            assert found["r2"] == pytest.approx(metrics.r2_score(*pair))
    assert list(found) == list(MEASURES)


def sequences(folder, count=40, name="a.csv", labelled=True):
    """Write sequences whose label is about ten times their mean."""
    rng = np.random.default_rng(count)
    lines = ["id,x,label" if labelled else "id,x"]
    for number in range(count):
        level = rng.uniform(-3, 3)
        for x in level + 0.1 * rng.normal(size=rng.integers(3, 6)):
            lines.append(f"q{number},{x:.4f}" + f",{10 * level:.3f}" * labelled)
    (folder / name).write_text("\n".join(lines) + "\n")
    return str(folder / name)


def texts(folder, count=40):
    rng = np.random.default_rng(0)
    marks = {"good": 1.5, "bad": -1.5, "dull": -0.5, "film": 0.0}
    lines = ["text,score"]
    for words in rng.choice([*marks], (count, 4)):
        lines.append(f"{' '.join(words)},{sum(map(marks.get, words)) + 0.25}")
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    return str(folder / "t.csv")


def made_of(data, epochs=1, **given):
    kind = find_task("classify")
    config = kind.Config(
        task="classify",
        data=data,
        model=MODEL,
        batches=BatchConfig(8, 64, 1),
        optimizer=OptimizerConfig(name="adam", learning_rate=0.02),
        train=TrainConfig(epochs=epochs),
        **given,
    )
    return kind.from_config(config)


@pytest.mark.long
def test_z_scores_are_learnt_and_padding_counts_for_nothing(tmp_path):
    made = made_of(DataConfig("sequences", sequences(tmp_path, 27)))
    data = made.data
    task, target = made.task(data, {}), data.prep.target
    np.testing.assert_allclose(task.train.labels.mean(), 0, atol=1e-12)
    np.testing.assert_allclose(task.train.labels.std(), 1)
    np.testing.assert_allclose(target.mean[0], data.train.labels.mean())
    model = task.make_model(jax.random.key(0))
    batch = next(batch for batch in task.batches(1) if 0 in batch.weights)
    assert batch.labels.dtype == np.float32
    batch = jax.tree.map(jnp.asarray, batch)
    loss, _ = task.loss(model, (), batch, jax.random.key(0))
    kept = batch.weights > 0
    answers = np.asarray(model(batch.xs, batch.lengths))[kept, 0]
    wanted = np.mean((answers - batch.labels[kept]) ** 2)
    np.testing.assert_allclose(loss, wanted, rtol=1e-5)
    rows = [*made.held_out(task, model, data.valid, data.prep)]
    truth, value = (np.array([row[n] for row in rows]) for n in ("right", "value"))
    np.testing.assert_array_equal(truth, data.valid.labels)
    found = task.evaluate(model, "valid")
    assert found.pop("loss") == pytest.approx(found["mse"] / target.std[0] ** 2)
    assert found == pytest.approx(number_scores(truth, value))
    assert set(task.measures) == {"loss", *found}


def test_what_is_of_classes_alone_is_refused(tmp_path):
    data = DataConfig("sequences", sequences(tmp_path))
    with pytest.raises(ValueError, match=r"loss\.class_weights and loss\.label_smooth"):
        made_of(data, loss=ClassLossConfig(label_smoothing=0.1))
    with pytest.raises(
        ValueError, match=r"data\.problem_type goes with data\.name=lab"
    ):
        DataConfig(problem_type="regression")


def test_files_of_a_folder_have_their_number_in_a_column(tmp_path, capsys):
    for number in range(12):
        path = tmp_path / "all" / f"{number}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"x,grade\n{number},{number / 8}\n{number + 1},{number / 8}\n")
    data = load(DataConfig("sequences", str(tmp_path / "all"), label="grade"))
    assert "1 column (x), a number to predict (0 to 1.375, mean 0.6875)" in (
        capsys.readouterr().out
    )
    pairs = [zip(p.names, p.labels, strict=True) for p in data.parts.values()]
    found = dict(pair for part in pairs for pair in part)
    assert found == {f"{n}.csv": n / 8 for n in range(12)}


def test_files_of_validation_and_test_are_numbers_too(tmp_path):
    """Even where all of theirs are whole, or would be."""
    other = tmp_path / "test.csv"
    other.write_text("text,score\na good film,2\na bad film,-1\n")
    data = load(DataConfig("labelled_text", texts(tmp_path), test_path=str(other)))
    assert data.prep.classes == () and data.test.labels.tolist() == [2.0, -1.0]


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sequences", "texts"])
def test_a_run_beats_its_baselines_and_is_a_model(kind, tmp_path):
    data = (
        DataConfig("sequences", sequences(tmp_path, 120))
        if kind == "sequences"
        else DataConfig("labelled_text", texts(tmp_path, 200))
    )
    made, folder = made_of(data, epochs=12), tmp_path / "run"
    folder.mkdir()
    summary = made.run(folder)
    ridge = next(name for name in summary["baselines"] if name.startswith("ridge"))
    mean = summary["baselines"]["mean of training"]["test"]
    truth, train = made.data.test.labels, made.data.train.labels
    assert mean["mse"] == pytest.approx(np.mean((truth - train.mean()) ** 2))
    assert summary["baselines"][ridge]["test"]["r2"] > 0.9
    assert summary["test"]["rmse"] < 0.6 * mean["rmse"] and summary["test"]["r2"] > 0.6
    page = (folder / "report.html").read_text("utf-8")
    assert "Beats" in page or "Loses to" in page
    assert "right answers lie on the line" in page
    written = (folder / "predictions.test.csv").read_text().splitlines()
    assert written[0].endswith("value,right") and len(written) == 1 + len(truth)
    run = load_run(folder)
    np.testing.assert_array_equal(run.prep.target.std, made.data.prep.target.std)
    scores = json.loads((folder / "result.json").read_text())["test"]
    assert scores["rmse"] == summary["test"]["rmse"]
    if kind == "sequences":
        new = sequences(tmp_path, 6, "new.csv", labelled=False)
        known = sequences(tmp_path, 6, "known.csv")
        values = np.array([row["value"] for row in run.predict(new)])
        part = made.read(known, run.prep, labelled=True)
        wanted = number_scores(part.labels, values)
        assert {n: run.score(known)[n] for n in wanted} == pytest.approx(wanted)
    else:
        low, high = run.predict(["a bad bad film", "a good good film"])
        assert low["value"] < 0 < high["value"]
