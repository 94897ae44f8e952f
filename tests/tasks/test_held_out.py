"""The rows of validation and test hold what the scores are made of."""

import csv

import jax
import numpy as np
import pytest

from jlstm.metrics import error_rate
from jlstm.training.rows import rows_text, write_predictions
from tests.tasks.small import small

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")


def accuracy(rows, key):
    pairs = [pair for row in rows for pair in zip(row[key], row["right"], strict=True)]
    return {"accuracy": np.mean([a == b for a, b in pairs])}


def of_classes(rows, task):
    return {"accuracy": np.mean([row["class"] == row["right"] for row in rows])}


def of_tags(rows, task):
    return accuracy(rows, "tags")


def of_forecasts(rows, task):
    std = task.forecast.scaler.std[0]
    wrong = np.array([row["forecast"] - row["right"] for row in rows]) / std
    ahead = [row["ahead"] for row in rows]
    assert ahead == [1, 2] * (len(ahead) // 2)
    return {"mse": np.mean(wrong**2), "mae": np.mean(np.abs(wrong))}


def of_symbols(rows, task):
    said = [[row[name].split() for row in rows] for name in ("right", "text")]
    return {"beam_per": error_rate(*said)}


def of_tokens(rows, task):
    assert min(row["rank"] for row in rows) >= 1
    return {"loss": -np.mean([row["log_probability"] for row in rows])}


def of_steps(rows, task):
    assert {len(row["likeliest"]) for row in rows} == {5}
    return {"loss": -np.mean([row["log_likelihood"] for row in rows])}


def of_clips(rows, task):
    steps = [float(np.mean(row["loss_by_step"])) for row in rows]
    assert steps == pytest.approx([row["loss"] for row in rows], rel=1e-4)
    names = "loss", "squared_error"
    return {name: np.mean([row[name] for row in rows]) for name in names}


def of_numbers(rows, task):
    assert all(row["input"].endswith(", of 6 steps") for row in rows)
    wrong = [row["answer"][0] - row["right"][0] for row in rows]
    return {"loss": np.mean(np.square(wrong))}


KINDS = [
    ("classify", of_classes),
    *(
        pytest.param(name, own, marks=pytest.mark.long)
        for name, own in (
            ("speech", of_classes), ("tagging", of_tags), ("forecast", of_forecasts),
            ("ctc", of_symbols), ("language", of_tokens), ("music", of_steps),
            ("video", of_clips), ("memory", of_numbers),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "scores"), KINDS)
def test_rows_have_the_scores_of_the_evaluation(name, scores, tmp_path, monkeypatch):
    options = {"test_fraction": 0.2} if name == "language" else {}
    made = small(name, tmp_path, monkeypatch, **options)
    task, prep = made.task(made.data, {}), made.data.prep
    model = task.make_model(jax.random.key(0))
    for part in ("valid", "test") if task.has_test else ("valid",):
        rows = [*made.held_out(task, model, made.data.parts[part], prep)]
        found = task.evaluate(model, part)
        for metric, value in scores(rows, task).items():
            assert value == pytest.approx(found[metric], rel=1e-4), metric


def test_a_file_of_rows_is_read_back_and_long_ones_are_cut(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("jlstm.training.rows.MOST", 2)
    rows = [{"text": 'a "b", c', "n": 0.5}, {"text": "ä\nb", "n": 2}, {"text": "c"}]
    path = write_predictions(tmp_path, "test", iter(rows))
    with path.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["text"] for row in read] == ['a "b", c', "ä\nb"]
    assert [float(row["n"]) for row in read] == [0.5, 2.0]
    assert "predictions.test.csv: the first 2 rows of more." in capsys.readouterr().out
    assert write_predictions(tmp_path, "valid", iter(())) is None
    assert not (tmp_path / "predictions.valid.csv").exists()
    assert rows_text(rows[2:], ".tsv") == "text\nc\n"
