"""Full memory: the line says what was planned, and which keys of the task to lower."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.tasks import TASKS
from jlstm.training.failure import Note, Reached, tell
from jlstm.training.memory import advice, explained, planned
from tests.training.test_loop import make_task, trainer

RUN = """
import resource, sys
from jlstm.cli.run import main
import jax.numpy as jnp

jnp.zeros(3).block_until_ready()  # threads and arenas are there
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + (3 << 30)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("task", TASKS)
def test_each_task_is_told_keys_that_it_has(task):
    said = advice(TASKS[task].Config(task=task))
    assert ".batch_size=" in said and "model." in said and "accumulate=2" in said


@pytest.mark.long
@pytest.mark.usefixtures("standard_promotion", "plain_keys")
def test_what_xla_plans_is_at_least_what_the_arrays_take(tmp_path):
    run = trainer(tmp_path, make_task())
    state = run._program.init()
    words = run.plan().split()
    gigabytes = float(words[words.index("plans") + 1])
    sizes = [leaf.nbytes for leaf in jax.tree.leaves(state.model)]
    assert gigabytes * 1e9 >= 0.99 * 3 * sum(sizes)  # and the two means of adam
    assert words[:3] == ["a", "step", "plans"]


def test_a_step_that_cannot_be_compiled_says_what_its_state_takes():
    state = {"w": jax.ShapeDtypeStruct((250, 1000), jnp.float32)}
    assert planned(None, state, np.zeros(3)).endswith("take 0.00100 GB")


@pytest.mark.parametrize(
    ("error", "noted"),
    [
        (MemoryError(), True),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes."), True),
        (OSError("RESOURCE_EXHAUSTED: No space left on device"), False),
        (ValueError("another"), False),
    ],
)
def test_only_full_memory_gets_the_note(error, noted):
    error.add_note("JAX has removed its internal frames")
    with (
        pytest.raises(type(error)),
        explained(TASKS["memory"].Config(), lambda: "9 GB"),
    ):
        raise error
    assert any(isinstance(note, Note) for note in error.__notes__) is noted
    line = tell(error, Reached(training=True))[1]
    assert ("9 GB; lower one of " in line) is noted and "internal frames" not in line


@pytest.mark.slow
def test_a_run_that_needs_more_than_there_is_says_what_and_why(tmp_path):
    asked = ["experiment=adding_smoke", "model.stack.hidden_sizes=[20000]"]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *asked, f"runs_dir={tmp_path}"],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 4, done.stderr[-2000:]
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("error: ")]
    assert line.startswith("error: out of memory (RESOURCE_EXHAUSTED: Out of memory")
    # Two means of adam next to 20000 x 4 x 20000 weights of 4 bytes, to begin with.
    gigabytes = float(line.partition(" plans ")[2].split()[0])
    assert gigabytes > 3 * 4 * 4 * 2e4 * 2e4 / 1e9
    assert "model.stack.hidden_sizes=[20000]" in line and "draw.batch_size=" in line
    assert "to go on: jlstm resume" in line
