"""Sweeps: what a job leaves and how it stands in the table."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from hydra.errors import MissingConfigException

from experiments.killed_runs.signals import SMALL, TEXT, finish, launch, wait
from jlstm.cli.compose import check_overrides, one_line
from jlstm.cli.jobs import _begun, _wait_until_free, quoted, read_outcome
from jlstm.cli.launchers import LauncherError
from jlstm.cli.outcomes import all_failed, sweep_table, write_outcomes
from jlstm.cli.recipes import RECIPES
from jlstm.cli.sweep import sweep
from jlstm.training.failure import Reached, tell
from jlstm.training.report.table import table
from tests.quick import quick


@pytest.mark.parametrize("path", ["/a b/c", "/it's/", "C:\\runs", "/a,b/[c]"])
def test_a_path_reaches_hydra_as_it_is(path):
    (override,) = check_overrides([f"runs_dir={quoted(Path(path))}"])
    assert str(Path(path)) == override.value() and not override.is_sweep_override()


def test_the_outcome_of_a_job_is_its_result(tmp_path):
    run = tmp_path / "20261122-101112"
    run.mkdir()
    scores = {"valid": {"loss": 1.5}, "test": None, "seconds": 3.25}
    (run / "result.json").write_text(json.dumps(scores | {"steps": 7}))
    assert read_outcome(tmp_path, 0) == scores | {"folder": str(run)}


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("epoch 1\nerror: Step 3: loss is nan.\n", "Step 3: loss is nan."),
        ("Traceback …\nMemoryError\n", "MemoryError"),
        ("", "no output"),
    ],
)
def test_the_outcome_of_a_failed_job_is_its_last_line(tmp_path, output, error):
    (tmp_path / "output.txt").write_text(output, encoding="utf-8")
    assert read_outcome(tmp_path, 1) == {"error": error}


def test_the_table_shows_only_what_differs_between_jobs():
    rows = [
        {"job": n, "overrides": ["a=1", f"b.c={n}"], "exit": 0, "seconds": 2.6,
         "valid": {"loss": 1.0 + n}, "test": {"loss": 2.0 + n}}
        for n in (0, 1)
    ]  # fmt: skip
    assert sweep_table(rows).splitlines() == [
        "| job | b.c | valid loss | test loss | seconds | status |",
        "|----:|----:|-----------:|----------:|--------:|--------|",
        "|   0 |   0 |      1.000 |     2.000 |       3 | ok     |",
        "|   1 |   1 |      2.000 |     3.000 |       3 | ok     |",
    ]


def test_a_cell_stays_in_its_cell():
    line = table(["a"], [["x|y\nz"]]).splitlines()[-1]
    assert line == r"| x\|y z |"


@pytest.mark.parametrize(
    ("asked", "resumes"),
    [(None, True), ({"overrides": ["a=1"]}, True), ({"overrides": ["a=2"]}, False)],
)
def test_a_run_goes_on_where_the_same_was_asked_for(tmp_path, asked, resumes):
    for name in ("20260101-120000", "20260101-130000"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").touch()
    if asked is not None:
        (tmp_path / "asked.json").write_text(json.dumps(asked))
    newest = tmp_path / "20260101-130000"
    assert _begun(tmp_path, ["a=1"]) == (newest if resumes else None)


def test_a_process_that_outlived_its_sweep_is_waited_for(tmp_path, monkeypatch, capsys):
    answers = iter([True, True, False])
    monkeypatch.setattr("jlstm.cli.jobs.in_use", lambda run: next(answers))
    _wait_until_free(tmp_path)
    assert (
        capsys.readouterr().out
        == f"{tmp_path} is still running: its end is waited for.\n"
    )
    assert list(answers) == []


GOOD = {"job": 0, "overrides": ["a=1", "b=1"], "exit": 0, "valid": {"loss": 0.5}}
BAD = {"job": 1, "overrides": ["a=1", "b=<2>"], "exit": -9, "error": "killed & gone"}


def test_the_page_says_what_failed_and_why(tmp_path):
    write_outcomes(tmp_path, [GOOD, BAD])
    page = (tmp_path / "sweep.html").read_text("utf-8")
    assert "2 jobs, 1 failed" in page and "b=&lt;2&gt;" in page
    assert "failed (-9): killed &amp; gone" in page and "a=1" not in page
    assert json.loads((tmp_path / "sweep.json").read_text("utf-8")) == [GOOD, BAD]


@pytest.mark.parametrize(
    ("rows", "failed"), [([], False), ([GOOD, BAD], False), ([BAD], True)]
)
def test_a_sweep_without_any_loss_failed(rows, failed):
    assert all_failed(rows) is failed


@pytest.mark.parametrize(
    ("word", "package"),
    [
        ("hydra/sweeper=optuna", '"jlstm[sweep]"'),
        ("hydra/launcher=submitit_slurm", '"jlstm[sweep]"'),
        ("hydra/launcher=ray", "hydra-ray-launcher==1.4.0rc3"),
    ],
)
def test_a_plugin_that_is_missing_says_how_to_install_it(word, package):
    group, _, name = word.partition("=")
    error = MissingConfigException("missing", f"{group}/{name}", ["basic"])
    assert one_line(error) == f"{word} is not installed: pip install {package}"


def test_a_launcher_that_gives_up_is_one_line_with_what_is_kept(tmp_path, monkeypatch):
    def give_up(job, words):
        raise LauncherError("TerminatedWorkerError: a worker was killed")

    monkeypatch.setattr("jlstm.cli.sweep.launch", give_up)
    reached = Reached()
    with pytest.raises(LauncherError) as caught:
        sweep(["experiment=demo", "train.seed=0,1", f"runs_dir={tmp_path}"], reached)
    assert tell(caught.value, reached) == (
        1,
        "error: the launcher gave up (TerminatedWorkerError: a worker was killed); "
        f"jobs that are done are kept; to go on: jlstm sweep resume={reached.sweep}.",
    )


@pytest.mark.parametrize("data", quick(sorted(RECIPES), 1))
def test_data_of_ones_own_brings_its_experiment(data, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("jlstm.cli.sweep.launch", lambda job, words: told.extend(words))
    words = [f"data={data}", "data.path=a.txt", "train.seed=0,1"]
    sweep([*words, f"runs_dir={quoted(tmp_path)}"], Reached())
    assert f"experiment={RECIPES[data]}" in told
    (request,) = tmp_path.glob("*/*/request.json")
    assert f"experiment={RECIPES[data]}" in request.read_text()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_stopped_sweep_goes_on_to_the_same_numbers(tmp_path, name):
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    asked = [*SMALL, f"data.path={text}", "name=swept", "train.seed=1,2"]
    finish("-m", *asked, f"runs_dir={tmp_path / 'whole'}")
    process = launch("-m", *asked, f"runs_dir={tmp_path / 'cut'}")
    while not list(tmp_path.glob("cut/*/*/001/*/checkpoints/*")):
        time.sleep(0.1)
        assert process.poll() is None
    os.kill(process.pid, getattr(signal, name))
    ended = wait(process)
    [folder] = tmp_path.glob("cut/*/*")
    assert ended.code == 128 + getattr(signal, name)
    assert ended.said.endswith(f"jlstm sweep resume={folder}")
    assert not list(folder.glob("001/*/result.json"))
    finish("-m", f"resume={folder}")

    def numbers(root):
        found = sorted(root.glob("*/*/0*/*/result.json"))
        results = [json.loads(path.read_text("utf-8")) for path in found]
        return [(each["valid"], each["test"], each["samples"]) for each in results]

    assert numbers(tmp_path / "cut") == numbers(tmp_path / "whole")
    assert len(numbers(tmp_path / "cut")) == 2
