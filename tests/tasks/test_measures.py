"""What a task says that it measures is what it reports, and can choose the epoch."""

import jax
import pytest

from jlstm.training.config.train import TrainConfig
from jlstm.training.select import measures_of, selection
from tests.tasks.small import PARTS, small

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
NOT_BETTER_EITHER_WAY = {"coverage", "width", "test_loss"}
ROWS = [name if name == "music" else pytest.param(name, marks=pytest.mark.long)
        for name in PARTS]  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_task_reports_what_it_says_that_it_measures(name, tmp_path, monkeypatch):
    made = small(name, tmp_path, monkeypatch)
    task = made.task(made.data, {})
    reported = task.evaluate(task.make_model(jax.random.key(0)), "valid")
    assert set(reported) - NOT_BETTER_EITHER_WAY == set(measures_of(task))
    for metric, better in measures_of(task).items():
        chosen = selection(TrainConfig(select=metric), task)
        assert (chosen.name, chosen.better) == (metric, better)


def test_an_unknown_metric_is_refused_before_anything_runs(tmp_path, monkeypatch):
    made = small("tagging", tmp_path, monkeypatch)
    kind, config = type(made), made.config
    train = TrainConfig(select="acuracy")
    wrong = kind.Config(
        data=config.data, model=config.model, batches=config.batches, train=train
    )
    with pytest.raises(ValueError) as caught:
        kind.from_config(wrong)
    assert str(caught.value) == (
        "train.select is 'acuracy'; choose one of loss, accuracy, macro_f1. "
        "Did you mean accuracy?"
    )
