"""A sample of the faults that are injected into runs; the rest is a command."""

import os
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
