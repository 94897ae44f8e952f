"""What the studies of scale measure, in a sample."""

import os
import subprocess
import sys

import pytest

from experiments.scale.collectives import COLLECTIVE, read


@pytest.mark.parametrize(
    ("name", "found"),
    [("all-reduce.1", True), ("all-gather-start", True), ("all_reduce_fusion", False)],
)
def test_which_operations_are_collectives(name, found):
    assert bool(COLLECTIVE.match(name)) is found


def test_what_processes_say_is_found_among_other_lines():
    said = "[Gloo] Rank 0 is [0.25, 0.5]connected\n[1e-05, 0.0]\n"
    assert read(said) == [(0.25, 0.5), (1e-05, 0.0)]


@pytest.mark.slow
@pytest.mark.parametrize(("devices", "shares"), [(1, False), (2, True)])
def test_collectives_take_a_share_of_an_update(devices, shares):
    command = [sys.executable, "-m", "experiments.scale.collectives", "inside"]
    asked = ["experiment=adding_smoke", "train.seeds=1", "mesh.data=-1"]
    environ = {name: text for name, text in os.environ.items() if name != "XLA_FLAGS"}
    environ |= {"JAX_NUM_CPU_DEVICES": str(devices)}
    done = subprocess.run(
        [*command, *asked], env=environ, capture_output=True, text=True, check=True
    )
    ((seconds, share),) = read(done.stdout)
    assert 0 < seconds < 60 and (0 < share < 1) is shares
