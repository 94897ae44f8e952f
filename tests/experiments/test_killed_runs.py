"""A sample of the faults that are injected into runs; the rest is a command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "experiments" / "killed_runs"


@pytest.mark.parametrize(
    ("script", "argument", "line"),
    [
        ("operations.py", "--kills=2", "2 of 2 killed, 2 of 2 bit-equal"),
        ("damages.py", "--damages=5", "5 of 5 noticed, 5 bit-equal"),
    ],
)
@pytest.mark.slow
def test_runs_end_with_the_bits_of_an_undisturbed_one(script, argument, line):
    command = [sys.executable, str(FOLDER / script), argument]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == line


@pytest.mark.slow
def test_counts_of_kills_add_up(tmp_path):
    def counted(count):
        command = [sys.executable, "-m", "experiments.killed_runs.kills"]
        command += [f"--count={count}", f"--kept={tmp_path / 'kept.jsonl'}"]
        environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(command, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        numbers = re.findall(r"\d+", done.stdout.splitlines()[-1])
        kills, saving, equal, runs = map(int, numbers)
        assert kills >= count and saving <= kills and 0 < equal == runs
        return kills, runs

    first = counted(2)
    assert counted(2) == first  # nothing more to do
    with (tmp_path / "kept.jsonl").open("a") as file:
        file.write('{"commit": "cut o')
    more = counted(first[0] + 1)
    assert more[0] > first[0] and more[1] > first[1]
