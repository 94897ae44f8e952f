"""The recipes that users copy: what they start, and when they start again.

The programs that they call are stand-ins that write down their words.
"""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from jlstm.training.exits import exit_table

RECIPES = Path(__file__).parents[1] / "docs" / "recipes"
KILLED = 137
"""What srun ends with where one of several processes was killed."""
BEGUN = "demo/20260101-120000"


@pytest.fixture
def call(tmp_path):
    """Return a function that runs a script and returns its code and what it called."""

    def run(command, programs, **variables):
        folder, log = tmp_path / "bin", tmp_path / "log"
        folder.mkdir()
        for name, code in programs.items():
            (folder / name).write_text(
                f'#!/bin/sh\necho {name} "$@" >> {log}\nexit {code}\n', "utf-8"
            )
            (folder / name).chmod(0o755)
        path = f"{folder}:{os.environ['PATH']}"
        around = os.environ | {"PATH": path} | variables
        code = subprocess.run(command, cwd=tmp_path, env=around, check=False).returncode
        return code, log.read_text("utf-8").splitlines()

    return run


def begin(folder):
    (folder / BEGUN).mkdir(parents=True)
    (folder / BEGUN / "config.yaml").touch()


@pytest.mark.parametrize(
    ("code", "before", "again"),
    [
        *((code, "0", False) for code in (0, 1, 2)),
        *((code, "19", True) for code in (75, KILLED, 140, 143)),
        (143, "20", False),
    ],
)
def test_a_job_of_slurm_is_queued_again_where_that_helps(call, code, before, again):
    assert code in {*exit_table(), KILLED}
    command = ["bash", str(RECIPES / "slurm.sh"), "experiment=demo"]
    programs = {"srun": code, "scontrol": 0}
    around = {"SLURM_NTASKS": "1", "SLURM_RESTART_COUNT": before}
    ended, called = call(command, programs, SLURM_JOB_ID="7", **around)
    assert ended == code
    assert called[0] == "srun jlstm run experiment=demo runs_dir=runs/slurm-7"
    assert called[1:] == ["scontrol requeue 7"] * again


@pytest.mark.parametrize(
    ("tasks", "words"), [("1", ""), ("4", " distributed=auto")], ids=["one", "four"]
)
def test_a_job_of_slurm_that_is_queued_again_resumes(tmp_path, call, tasks, words):
    begin(tmp_path / "runs/slurm-7")
    command = ["bash", str(RECIPES / "slurm.sh"), "experiment=demo"]
    programs = {"srun": 0, "scontrol": 0}
    _, called = call(command, programs, SLURM_JOB_ID="7", SLURM_NTASKS=tasks)
    assert called == [f"srun jlstm resume runs/slurm-7/{BEGUN}{words}"]


@pytest.mark.parametrize(
    ("attempt", "begun", "word"),
    [
        ("0", False, "run"),
        ("0", True, "run"),
        ("1", False, "run"),
        ("1", True, "resume"),
    ],
)
def test_a_jobset_resumes_after_a_restart(tmp_path, call, attempt, begun, word):
    if begun:
        begin(tmp_path / "runs/jobset")
    *_, jobset = yaml.safe_load_all((RECIPES / "jobset.yaml").read_text("utf-8"))
    [job] = jobset["spec"]["replicatedJobs"]
    spec = job["template"]["spec"]
    [container] = spec["template"]["spec"]["containers"]
    command = [*container["command"], *container["args"]]
    _, [called] = call(command, {"jlstm": 0}, ATTEMPT=attempt)
    assert called.startswith(f"jlstm {word} ") and "distributed=auto" in called
    assert (f"runs/jobset/{BEGUN}" in called) == (word == "resume")
    assert spec["parallelism"] == spec["completions"] > 1
    assert container["env"][0]["name"] == "ATTEMPT"


def test_a_tpu_pod_runs_on_all_hosts(call):
    words = ["pod", "us-central2-b", "/shared", "run", "experiment=demo"]
    _, [called] = call(["bash", str(RECIPES / "tpu.sh"), *words], {"gcloud": 0})
    assert called == (
        "gcloud compute tpus tpu-vm ssh pod --zone=us-central2-b --worker=all "
        "--command=cd /shared && .venv/bin/jlstm run experiment=demo distributed=auto"
    )
