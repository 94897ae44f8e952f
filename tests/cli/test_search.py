"""Sweeps that search: what Optuna tried is kept, and what was cut off goes on."""

import json
import os
import signal
import time

import pytest

from experiments.killed_runs.signals import SMALL, TEXT, launch, wait
from jlstm.cli.search import STORE, search, study_in
from tests.quick import quick

optuna = pytest.importorskip(
    "optuna", reason='optuna is not installed: pip install "jlstm[sweep]"'
)
FIXED = ["experiment=demo", "hydra/sweeper=optuna", "hydra.sweeper.n_trials=5"]
RUNNING, DONE, FAILED = None, "COMPLETE", "FAIL"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "sweep-demo" / "20260101-120000"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def _plugin():
    pytest.importorskip(
        "hydra_plugins.hydra_optuna_sweeper",
        reason='hydra-optuna-sweeper is not installed: pip install "jlstm[sweep]"',
    )


def study_of(folder):
    name = f"{folder.parent.name}/{folder.name}"
    return study_in(f"sqlite:///{folder / STORE}", name)


def ask(study, count):
    """Ask for trials as Hydra's sweeper does; return them with what they try."""
    trials = [study.ask() for _ in range(count)]
    return [(one, one.suggest_float("rate", 0.1, 1.0)) for one in trials]


@pytest.mark.usefixtures("_plugin")
@pytest.mark.parametrize(
    "case",
    quick(
        [
            ([DONE, FAILED, RUNNING, RUNNING], 2, [2, 3]),
            ([DONE, RUNNING], 1, [1]),
            ([DONE, DONE], 2, []),
            ([], 0, []),
        ]
    ),
)
def test_what_was_cut_off_is_asked_for_again(folder, case):
    told, first, again = case
    search(folder, FIXED)
    with study_of(folder) as study:
        tried = ask(study, len(told))
        for (trial, _), state in zip(tried, told, strict=True):
            if state is not RUNNING:
                loss = 1.0 if state == DONE else None
                study.tell(trial, loss, state=optuna.trial.TrialState[state])
    found = search(folder, FIXED)
    assert (found.first, found.left) == (first, 5 - first)
    with study_of(folder) as study:
        values = [value for _, value in ask(study, len(again))]
    assert values == [tried[number][1] for number in again]


@pytest.mark.long
@pytest.mark.usefixtures("_plugin")
@pytest.mark.parametrize("asked", quick([1, 0, 2]))
def test_a_sweep_that_is_killed_while_it_resumes_has_the_same_jobs(folder, asked):
    search(folder, FIXED)
    with study_of(folder) as study:
        values = [value for _, value in ask(study, 2)]
    search(folder, FIXED)
    with study_of(folder) as study:
        ask(study, asked)  # and is killed here
    found = search(folder, FIXED)
    assert (found.first, found.left) == (0, 5)
    with study_of(folder) as study:
        assert [value for _, value in ask(study, 2)] == values


@pytest.mark.usefixtures("_plugin")
@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("study_name=mine", "is 'mine': a study is called like the folder"),
        ("storage=nonsense", r"cannot be opened \(Could not parse"),
        ("storage='sqlite:////nowhere/at/all.db'", r"cannot be opened \(.*unable to"),
    ],
)
def test_a_study_that_cannot_be_opened_is_refused(folder, word, said):
    with pytest.raises(ValueError, match=said):
        search(folder, [*FIXED, f"hydra.sweeper.{word}"])


def test_other_sweepers_search_nothing(folder):
    assert search(folder, ["experiment=demo"]) is None
    assert not list(folder.iterdir())


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("_plugin")
def test_a_search_goes_on_after_a_kill_of_the_sweep_and_of_a_job(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    rate = "optimizer.learning_rate=tag(log,interval(0.001,0.01))"
    process = launch(
        *("-m", *SMALL, f"data.path={text}", f"runs_dir={tmp_path / 'runs'}", rate),
        *("hydra/sweeper=optuna", "hydra.sweeper.n_trials=3", "hydra.sweeper.n_jobs=1"),
    )
    until(process, lambda: list(tmp_path.glob("runs/*/*/001/*/checkpoints/*")))
    process.kill()
    assert wait(process).code == 128 + signal.SIGKILL
    [folder] = tmp_path.glob("runs/*/*")
    before = (folder / "000/job.json").stat().st_mtime_ns
    process = launch("-m", f"resume={folder}")
    until(process, lambda: list(folder.glob("002/*/checkpoints/*")))
    os.kill(
        json.loads((folder / "002/process.json").read_text())["pid"], signal.SIGKILL
    )
    assert wait(process).code == 1
    rows = json.loads((folder / "sweep.json").read_text("utf-8"))
    assert [row["exit"] for row in rows] == [0, 0, -9]
    assert (folder / "000/job.json").stat().st_mtime_ns == before
    assert len(list(folder.glob("001/*/config.yaml"))) == 1
    with study_of(folder) as study:
        states = [trial.state.name for trial in study.trials]
    assert sorted(states) == ["COMPLETE", "COMPLETE", "FAIL", "FAIL"]
    page = (folder / "sweep.html").read_text("utf-8")
    assert "3 jobs, 1 failed" in page and "Jobs that failed" in page


def until(process, there):
    """Wait until something is there, while a process runs."""
    while not there():
        time.sleep(0.1)
        assert process.poll() is None
