"""Boards and a function of one's own get the records that the log has."""

import sys

import pytest

from jlstm._internal.imported import find_function
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.listeners import BOARDS, Hook, openers_of
from jlstm.training.log import RunLog, read_metrics
from jlstm.training.loop import Trainer
from tests.training.test_program import Fit

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
HEARD = []


def hear(step, metrics):
    HEARD.append({"step": step, **metrics})


@pytest.mark.long
def test_a_hook_hears_each_record_of_the_log(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "my_hooks", sys.modules[__name__])
    HEARD.clear()
    train = TrainConfig(epochs=2, log_every=4, hook="my_hooks.hear")
    Trainer(Fit(), train, OptimizerConfig(), ScheduleConfig(), tmp_path).fit()
    assert read_metrics(tmp_path) == HEARD
    assert [one["kind"] for one in HEARD] == ["train", "train", "valid"] * 2


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("hear", "train.hook is hear, which cannot be imported (Empty module name)"),
        ("no_such.f", "train.hook is no_such.f, which cannot be imported (No module"),
        ("math.pi", "train.hook is math.pi, which is no function: give one that"),
    ],
)
def test_a_hook_that_is_none_is_refused(place, message):
    with pytest.raises(ValueError) as caught:
        openers_of(TrainConfig(hook=place))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_a_board_that_is_not_installed_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError) as caught:
        openers_of(TrainConfig(loggers=(name,)))
    assert str(caught.value) == (
        f'{name} is not installed: pip install "jlstm[loggers]"'
    )


def logged(folder, name):
    """Log two records, and one more after a resumption."""
    (folder / "config.yaml").write_text("task: language\n")
    for step, first in ((None, 1), (2, 3)):
        with RunLog(folder, step, (BOARDS[name],)) as log:
            log.write("train", first, loss=4.0 / first, note="x", parts=[1.0])
            if step is None:
                log.write("valid", 2, loss=1.5, bad=float("nan"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlflow_has_one_run_with_all_records(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "store").as_uri())
    folder = tmp_path / "demo" / "20260101-000000"
    folder.mkdir(parents=True)
    logged(folder, "mlflow")
    client = mlflow.tracking.MlflowClient()
    experiment = client.get_experiment_by_name("demo")
    [run] = client.search_runs([experiment.experiment_id])
    history = client.get_metric_history(run.info.run_id, "train/loss")
    assert [(one.step, one.value) for one in history] == [(1, 4.0), (3, 4.0 / 3)]
    assert set(run.data.metrics) == {"train/loss", "valid/loss"}
    assert run.data.metrics["valid/loss"] == 1.5
    assert [one.path for one in client.list_artifacts(run.info.run_id)] == [
        "config.yaml"
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_wandb_has_the_records_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    folder = tmp_path / "demo" / "20260101-000000"
    folder.mkdir(parents=True)
    logged(folder, "wandb")
    files = sorted((folder / "wandb").rglob("*.wandb"))
    names = {path.name for path in files}
    assert names == {"run-demo-20260101-000000.wandb"} and len(files) == 2
    first, second = (path.read_bytes() for path in files)
    assert b"train/loss" in first and b"valid/loss" in first
    assert b"train/loss" in second and b"valid/bad" not in first


def test_a_hook_takes_step_and_metrics():
    seen = []
    hook = Hook(lambda step, metrics: seen.append((step, metrics)))
    hook.write("valid", 7, {"loss": 0.5})
    assert seen == [(7, {"kind": "valid", "loss": 0.5})]
    assert find_function("math.sqrt", "train.hook", "a function")(9.0) == 3.0
