"""The page on a task of one's own: its code runs, by itself and by the launcher."""

import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from jlstm import tasks
from jlstm.cli import compose, config_files
from jlstm.cli import run as launcher
from jlstm.tasks.runs import load_run
from jlstm.training.model_folder import ModelFolderError
from tests.pages import blocks

PAGE = Path(__file__).parents[1] / "docs" / "adding-a-task.md"
TASK, FOUND, TESTS = blocks(PAGE)
(RECIPE,) = blocks(PAGE, "yaml")


@pytest.fixture
def page(monkeypatch, user_defaults):
    """The module that the page writes; annotations are looked up there."""
    module = ModuleType("adding_a_task")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for block in (TASK, TESTS):
        exec(compile(block, PAGE.name, "exec"), vars(module))
    return module


def test_the_task_takes_no_more_than_120_lines():
    assert sum(bool(line.strip()) for line in TASK.splitlines()) <= 120


@pytest.mark.long
def test_the_tests_of_the_page_pass(page, tmp_path, capsys):
    page.test_a_prep_is_enough()
    page.test_a_run_beats_the_mean(tmp_path)
    assert "| mean period   |" in capsys.readouterr().out
    assert "mean of the training periods" in (tmp_path / "report.html").read_text()


@pytest.fixture
def added(page, tmp_path, monkeypatch):
    """The launcher, with the task and its configuration as the page adds them."""
    places = tasks._places()
    names = {}
    exec(compile(FOUND, PAGE.name, "exec"), names)
    place = names["EXPERIMENTS"]["period"]
    folder = f"{tasks.__name__}.period"
    monkeypatch.setitem(sys.modules, f"{folder}.experiment", page)
    monkeypatch.setitem(places, "period", f"{folder}.{place}")
    configs = tmp_path / "configs"
    shutil.copytree(config_files.CONFIGS, configs)
    (configs / "experiment" / "period.yaml").write_text(RECIPE)
    monkeypatch.setattr(config_files, "CONFIGS", configs)
    monkeypatch.chdir(tmp_path)
    compose.register_defaults.cache_clear()
    yield
    compose.register_defaults.cache_clear()


@pytest.mark.usefixtures("added")
def test_the_launcher_knows_the_task(capsys):
    wanted = ("experiment=period", "data.count=8", "train.epochs=1", "batch_size=8")
    wanted += ("model.stack.cell=GRUCell",)
    assert launcher.main(wanted) == 0
    assert "report: runs/period/" in capsys.readouterr().out
    assert launcher.main(["experiment=period", "data.nois=1"]) == 2
    assert "no key data.nois: did you mean data.noise?" in capsys.readouterr().err
    assert launcher.main(["--cfg", "experiment=period", "batch_size=8"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["task"] == "period" and shown["batch_size"] == 8
    assert shown["model"]["stack"]["hidden_sizes"] == [32]
    assert shown["data"] == {"count": 256, "noise": 0.1}


@pytest.fixture
def own(page, tmp_path, monkeypatch):
    """The task as a module of a user's, and its recipe among a user's configs."""
    (tmp_path / "waves.py").write_text(TASK)
    (tmp_path / "configs" / "experiment").mkdir(parents=True)
    recipe = RECIPE.replace("/task: period", "/task: waves.PeriodExperiment")
    (tmp_path / "configs" / "experiment" / "period.yaml").write_text(recipe)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("waves", None)


def test_a_task_in_a_module_of_ones_own_is_named_by_its_path(own, capsys):
    assert launcher.main(["--cfg", "experiment=period", "batch_size=8"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["task"] == "waves.PeriodExperiment" and shown["batch_size"] == 8
    for task, said in {
        "waves.PeriodExperimen": "has no attribute 'PeriodExperimen'",
        "waves.PeriodTask": "which is no task: give a class below jlstm.training",
        "none.Task": "No module named 'none'",
        "perio": "There is no task 'perio': choose one of",
    }.items():
        assert launcher.main([f"task={task}"]) == 2
        assert said in capsys.readouterr().err


@pytest.mark.long
def test_a_task_of_ones_own_trains_and_is_loaded_if_it_is_trusted(own, capsys):
    words = ["experiment=period", "data.count=8", "train.epochs=1", "batch_size=8"]
    assert launcher.main(words) == 0
    run = capsys.readouterr().out.partition("run folder: ")[2].split()[0]
    with pytest.raises(ModelFolderError, match=r"the task waves\.PeriodExperiment"):
        load_run(run)
    assert load_run(run, trust_code=True).config.data.count == 8
