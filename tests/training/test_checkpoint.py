"""Checkpoints: bit for bit, whole or absent, and clear about what does not fit."""

import os
import subprocess
import sys
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from jlstm.training.checkpoint import UNFINISHED, Checkpoints


class Carry(NamedTuple):
    h: jax.Array
    c: jax.Array


class Dense(nnx.Module):
    def __init__(self, rng):
        self.kernel = nnx.Param(jnp.array(rng.normal(size=(3, 4))))
        self.bias = nnx.Param(jnp.array(rng.normal(size=4), jnp.float32))


class Model(nnx.Module):
    def __init__(self, rng):
        self.first = Dense(rng)
        self.rest = nnx.List([Dense(rng), Dense(rng)])


def make_state(seed):
    """A state with every kind of leaf; another seed changes every value."""
    rng = np.random.default_rng(seed)
    model = Model(rng)
    return {
        "model": model,
        "optimizer": optax.adam(1e-3).init(model),
        "carry": (
            Carry(
                jnp.array(rng.normal(size=(2, 5))), jnp.array(rng.normal(size=(2, 5)))
            ),
        ),
        "key": jax.random.key(seed + 100),
        "keys": jax.random.split(jax.random.key(seed, impl="rbg"), 3),
        "bfloat16": jnp.array(rng.normal(size=7), jnp.bfloat16),
        "odd": jnp.array([jnp.nan, -0.0, jnp.inf, 5e-324 * (seed + 1)], jnp.float64),
        "count": jnp.array(seed + 7, jnp.int32),
        "flags": jnp.array([seed % 2 == 0, True]),
        "empty": jnp.zeros((0, 3), jnp.float16),
        "numpy": np.arange(seed, seed + 4, dtype=np.uint16),
        "generic": np.float32(seed + 0.1),
        "python": (seed, seed + 0.1, seed % 2 == 0),
    }


def raw(leaf):
    if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    return np.asarray(leaf)


def assert_same_bits(came, wanted):
    assert jax.tree.structure(came) == jax.tree.structure(wanted)
    for a, b in zip(jax.tree.leaves(came), jax.tree.leaves(wanted), strict=True):
        assert type(a) is type(b)
        assert getattr(a, "dtype", None) == getattr(b, "dtype", None)
        assert raw(a).shape == raw(b).shape
        assert raw(a).tobytes() == raw(b).tobytes()


def folders(path):
    return sorted(p.name for p in path.iterdir())


@pytest.mark.long
def test_every_kind_of_leaf_comes_back_bit_for_bit(tmp_path):
    position = {
        "epoch": 3,
        "best": float("inf"),
        "lr": 0.1 + 0.2,
        "seen": [1, None, "a"],
    }
    with jax.numpy_dtype_promotion("standard"):
        state, template = make_state(1), make_state(2)
    Checkpoints(tmp_path).save(12, state, position)
    restored, back = Checkpoints(tmp_path).restore(template, "latest")
    assert_same_bits(restored, state)
    assert back == position


def test_a_restored_key_and_the_saved_one_go_on_alike(tmp_path):
    key = jax.random.key(5)
    Checkpoints(tmp_path).save(1, {"key": key}, {})
    restored, _ = Checkpoints(tmp_path).restore({"key": jax.random.key(0)}, 1)
    np.testing.assert_array_equal(
        jax.random.normal(restored["key"], (4,)), jax.random.normal(key, (4,))
    )


def test_a_saved_and_a_restored_array_may_be_donated(tmp_path):
    double = jax.jit(lambda x: x + x, donate_argnums=0)
    saved = jnp.arange(100_000.0)
    Checkpoints(tmp_path).save(1, {"x": saved}, {})
    restored, _ = Checkpoints(tmp_path).restore({"x": jnp.zeros(100_000)}, 1)
    np.testing.assert_array_equal(double(saved), 2 * np.arange(100_000.0))
    np.testing.assert_array_equal(double(restored["x"]), 2 * np.arange(100_000.0))
    assert restored["x"].is_deleted()


def test_arrays_return_to_the_devices_of_the_template(tmp_path):
    mesh = jax.make_mesh((8,), ("b",))
    split = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("b"))
    xs = jax.device_put(jnp.arange(16.0), split)
    Checkpoints(tmp_path).save(1, {"xs": xs, "y": jnp.ones(2)}, {})
    template = {"xs": jax.device_put(jnp.zeros(16), split), "y": jnp.zeros(2)}
    restored, _ = Checkpoints(tmp_path).restore(template, 1)
    assert restored["xs"].sharding == split
    assert not restored["y"].committed
    np.testing.assert_array_equal(restored["xs"], np.arange(16.0))


def test_the_newest_few_and_one_best_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (10, 20, 30):
        checkpoints.save(step, {"x": np.array(step)}, {"step": step})
        if step < 30:
            checkpoints.save_best(step, {"x": np.array(-step)}, {"step": step})
    assert folders(tmp_path) == ["best_20.4", "step_20.3", "step_30.5"]
    assert checkpoints.latest() == 30
    template = {"x": np.array(0)}
    for which, value in (("latest", 30), (20, 20), ("best", -20)):
        restored, position = checkpoints.restore(template, which)
        assert restored["x"] == value and position == {"step": abs(value)}


def test_what_is_saved_later_is_newer_whatever_its_step(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for value, step in enumerate((10, 20, 10)):
        checkpoints.save(step, {"x": np.array(value)}, {})
        checkpoints.save_best(step, {"x": np.array(10 + value)}, {})
    assert checkpoints.latest() == 10
    template = {"x": np.array(0)}
    assert checkpoints.restore(template, 10)[0]["x"] == 2
    assert checkpoints.restore(template, "best")[0]["x"] == 12


def test_reading_changes_nothing_and_saving_removes_what_is_unfinished(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, {"x": np.array(1)}, {})
    (tmp_path / (UNFINISHED + "step_2.2") / "state").mkdir(parents=True)
    (tmp_path / "notes").mkdir()
    assert checkpoints.latest() == 1
    assert folders(tmp_path) == ["notes", "step_1.1", UNFINISHED + "step_2.2"]
    checkpoints.save(2, {"x": np.array(2)}, {})
    assert folders(tmp_path) == ["notes", "step_1.1", "step_2.2"]


def test_no_checkpoint(tmp_path):
    checkpoints = Checkpoints(tmp_path / "absent")
    assert checkpoints.latest() is None
    with pytest.raises(FileNotFoundError, match=r"no checkpoint 'latest' .*: nothing"):
        checkpoints.restore({}, "latest")
    checkpoints.save(3, {"x": np.array(1)}, {})
    with pytest.raises(FileNotFoundError, match=r"no checkpoint of step 4 .*: step_3"):
        checkpoints.restore({}, 4)
    with pytest.raises(FileNotFoundError, match=r"no checkpoint 'best' .*: step_3\."):
        checkpoints.restore({}, "best")


SAVED = {"layer": {"b": jnp.zeros(3, jnp.float32), "w": jnp.zeros((2, 3), jnp.float32)}}


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            {"b": jnp.zeros(4, jnp.float32)},
            r"'layer/b' has shape \(3,\) in the ch",
        ),
        (
            {"b": jnp.zeros(3, jnp.bfloat16)},
            "'layer/b' has dtype float32 in the",
        ),
        ({"a": jnp.zeros(3)}, "'layer/a' is in the template but not in"),
        ({"b": jnp.zeros(3, jnp.float32)}, "'layer/w' is in the checkpoint but not in"),
    ],
    ids=["shape", "dtype", "missing", "extra"],
)
def test_a_template_that_differs_is_one_clear_line(tmp_path, layer, message):
    Checkpoints(tmp_path).save(1, SAVED, {})
    with pytest.raises(ValueError, match=message) as error:
        Checkpoints(tmp_path).restore({"layer": layer}, 1)
    assert str(error.value).startswith("step_1.1 does not fit: leaf")
    assert "\n" not in str(error.value)
    whose = "Another model or an older jlstm wrote it: start a new run."
    assert str(error.value).endswith(whose)  # a name is missing in each


def test_a_key_of_another_kind_does_not_fit(tmp_path):
    Checkpoints(tmp_path).save(1, {"key": jax.random.key(0)}, {})
    with pytest.raises(ValueError, match=r"'key' has dtype key<fry> .* key<rbg>"):
        Checkpoints(tmp_path).restore({"key": jax.random.key(0, impl="rbg")}, 1)


@pytest.mark.parametrize(
    ("state", "position", "message"),
    [
        (
            {"x": jnp.asarray(1.0)},
            {},
            "'x' is weakly typed .* give it a dtype",
        ),
        ({"x": "text"}, {}, "'x' is a str; a checkpoint holds arrays"),
        ({"x": 1}, {"best": jnp.ones(())}, "position is not JSON data .*ArrayImpl"),
    ],
)
def test_what_cannot_be_stored_is_refused_before_anything_is_written(
    tmp_path, state, position, message
):
    with pytest.raises(TypeError, match=message):
        Checkpoints(tmp_path / "new").save(1, state, position)
    assert not (tmp_path / "new").exists()


def test_two_leaves_of_one_name_are_refused(tmp_path):
    with pytest.raises(ValueError, match="two leaves are named 'a/b'"):
        Checkpoints(tmp_path).save(1, {"a": {"b": 1}, "a/b": 2}, {})


def test_at_least_one_must_be_kept(tmp_path):
    with pytest.raises(ValueError, match="keep=0: at least 1"):
        Checkpoints(tmp_path, keep=0)


KILL_IN_SAVE = """
import itertools, os, pathlib, signal, sys, time
import numpy as np
from jlstm.training.checkpoint import Checkpoints

def save_for_ever(folder, pipe):
    checkpoints = Checkpoints(folder, keep=2)
    for step in itertools.count(1 + (checkpoints.latest() or 0)):
        state = {"w": np.full((300, 300), step), "n": step}
        checkpoints.save(step, state, {"n": step})
        checkpoints.save_best(step, state, {"n": step})
        os.write(pipe, step.to_bytes(4, "big"))

for line in sys.stdin:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        save_for_ever(pathlib.Path(sys.argv[1]), writing)
    step = os.read(reading, 4)
    time.sleep(float(line))
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    os.close(writing)
    while more := os.read(reading, 4):
        step = more
    print(int.from_bytes(step, "big"), flush=True)
"""


@pytest.fixture
def killer(tmp_path, monkeypatch):
    """A process that, told a time, forks one that saves without end and kills it then.

    It answers with the last step that the killed one had saved. It forks before it uses
    JAX, so that the import is paid once.
    """
    monkeypatch.setitem(os.environ, "PYTHONPATH", os.pathsep.join(sys.path))
    command = [sys.executable, "-W", "ignore", "-c", KILL_IN_SAVE, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        process.stdin.close()
    assert process.returncode == 0


@pytest.mark.long
def test_a_kill_at_any_moment_leaves_whole_checkpoints(tmp_path, killer):
    template = {"w": np.zeros((300, 300), int), "n": 0}
    checkpoints = Checkpoints(tmp_path)
    for seconds in (0.003, 0.022, 0.04, 0.065, 0.1):
        print(seconds, file=killer.stdin, flush=True)
        reported = int(killer.stdout.readline())
        for which in ("latest", "best"):
            state, position = checkpoints.restore(template, which)
            assert state["n"] == position["n"]
            assert state["n"] in (reported, reported + 1)
            np.testing.assert_array_equal(state["w"], np.full((300, 300), state["n"]))
        assert len(list(tmp_path.glob(UNFINISHED + "*"))) <= 1
    checkpoints.save_best(1000, template, {})
    assert len(folders(tmp_path)) in (3, 4)  # one of the killed ones may be over
    checkpoints.save(1000, template, {})
    assert len(folders(tmp_path)) == 3
