"""Damaged checkpoints: all are noticed, the newest whole one is used, none is lost."""

import json
import shutil

import numpy as np
import pytest

from jlstm.training.checkpoint import UNFINISHED, Checkpoints
from jlstm.training.position import read_position
from jlstm.training.stored import CheckpointError

TEMPLATE = {"w": np.zeros((40, 30), np.float32), "n": 0, "empty": np.zeros((0, 2))}


def state(step):
    rng = np.random.default_rng(step)
    return TEMPLATE | {"w": rng.normal(size=(40, 30)).astype(np.float32), "n": step}


def saved(folder, *steps):
    """Save some steps; return the checkpoints and the lines that they will say."""
    said = []
    checkpoints = Checkpoints(folder, keep=2, say=said.append)
    for step in steps:
        checkpoints.save(step, state(step), {"step": step})
    return checkpoints, said


def assert_is(restored, step):
    tree, position = restored
    assert position == {"step": step} and tree["n"] == step
    assert tree["w"].tobytes() == state(step)["w"].tobytes()


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 64
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def grow(path):
    path.write_bytes(path.read_bytes() + b"\0")


def empty(path):
    path.write_bytes(b"")


def to_folder(path):
    path.unlink()
    path.mkdir()


KINDS = (flip, cut, grow, empty, to_folder, lambda path: path.unlink())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_fault_of_any_file_is_noticed_and_the_one_before_is_used(tmp_path, kind):
    checkpoints, said = saved(tmp_path, 1, 2)
    newest = tmp_path / "step_2.2"
    whole = tmp_path.parent / f"{tmp_path.name}-whole"
    shutil.copytree(newest, whole)
    files = sorted(p.relative_to(newest) for p in newest.rglob("*") if p.is_file())
    assert len(files) >= 6
    for file in files:
        if kind in (flip, cut, empty) and not (newest / file).stat().st_size:
            continue  # a marker of Orbax, of which only the name counts
        kind(newest / file)
        assert_is(checkpoints.restore(TEMPLATE, "latest"), 1)
        line = said.pop()
        assert line.startswith("step_2.2 is damaged (") and "\n" not in line
        assert line.endswith("). step_1.1 is used instead."), line
        assert file.name in line and str(tmp_path) not in line
        with pytest.raises(CheckpointError, match=r"^step_2\.2 is damaged \("):
            checkpoints.restore(TEMPLATE, 2)
        shutil.rmtree(newest)
        shutil.copytree(whole, newest)
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 2)
    assert said == []


@pytest.mark.long
def test_a_flip_of_any_bit_of_the_numbers_is_noticed(tmp_path):
    checkpoints, said = saved(tmp_path, 1, 2)
    files = (tmp_path / "step_2.2" / "state").rglob("*")
    path = max((p for p in files if p.is_file()), key=lambda p: p.stat().st_size)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for bit in rng.integers(8 * len(data), size=40):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        assert_is(checkpoints.restore(TEMPLATE, "latest"), 1)
    assert len(said) == 40


def edited(change):
    """Return a damage that changes what ``position.json`` says."""

    def edit(folder):
        path = folder / "position.json"
        sealed = json.loads(path.read_text())
        path.write_text(json.dumps(change(sealed)))

    return edit


def put(*keys, value):
    """Return a change of one value in a nested mapping."""

    def change(sealed):
        inner = sealed
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        return sealed

    return edited(change)


def swap_state(folder):
    other = folder.parent / "step_1.1" / "state"
    aside = folder / "aside"
    (folder / "state").rename(aside)
    shutil.copytree(other, folder / "state")
    shutil.rmtree(aside)


def copy_of_another(folder):
    shutil.rmtree(folder)
    shutil.copytree(folder.parent / "step_1.1", folder)


def be_a_file(folder):
    shutil.rmtree(folder)
    folder.write_text("")


def be_a_link_to_nothing(folder):
    shutil.rmtree(folder)
    folder.symlink_to("nowhere")


STRANGE = {
    "step": put("record", "position", "step", value=3),
    "NaN": put("record", "position", "step", value=float("nan")),
    "text": put("record", "position", value="two"),
    "leaf": put("record", "leaves", "w", value=[[40, 30], "float32", "0" * 64]),
    "no digest": put("record", "leaves", "w", value=[[40, 30], "float32"]),
    "digest": put("sha256", value="0" * 64),
    "files": put("record", "files", value={}),
    "list": edited(lambda sealed: [sealed]),
    "number": edited(lambda sealed: 3),
    "record": put("record", value=None),
    "first format": edited(lambda sealed: {"step": 2, "position": 3, "leaves": {}}),
    "strange leaves": edited(
        lambda sealed: {"step": 2, "position": {}, "leaves": {"w": 3}}
    ),
    "deep": lambda folder: (folder / "position.json").write_text("[" * 100_000),
    "binary": lambda folder: (folder / "position.json").write_bytes(bytes(range(256))),
    "state of another": swap_state,
    "another": copy_of_another,
    "empty folder": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
    "no state": lambda folder: shutil.rmtree(folder / "state"),
    "a file": be_a_file,
    "a link": be_a_link_to_nothing,
}


@pytest.mark.parametrize("what", STRANGE)
def test_what_is_strange_is_noticed_and_a_run_goes_on(tmp_path, what):
    checkpoints, said = saved(tmp_path, 1, 2)
    STRANGE[what](tmp_path / "step_2.2")
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 1)
    assert said[-1].endswith(" step_1.1 is used instead.")
    assert said[-1].startswith("step_2.2 is damaged (")
    for step in (3, 4):
        checkpoints.save(step, state(step), {"step": step})
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 4)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step_3.3", "step_4.4"]


def test_a_whole_one_is_kept_until_two_newer_ones_are_whole(tmp_path):
    checkpoints, _ = saved(tmp_path, 1, 2)
    empty(tmp_path / "step_2.2" / "position.json")
    checkpoints.restore(TEMPLATE, "latest")
    checkpoints.save(3, state(3), {"step": 3})
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "step_1.1", "step_2.2", "step_3.3",
    ]  # fmt: skip
    empty(tmp_path / "step_3.3" / "position.json")
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 1)


def test_where_none_is_whole_each_fault_is_said_and_nothing_is_removed(tmp_path):
    checkpoints, said = saved(tmp_path, 1, 2)
    empty(tmp_path / "step_2.2" / "position.json")
    (tmp_path / "step_1.1" / "state" / "state" / "_METADATA").unlink()
    with pytest.raises(CheckpointError) as caught:
        checkpoints.restore(TEMPLATE, "latest")
    assert str(caught.value) == (
        f"No checkpoint in {tmp_path} can be used: step_2.2 is damaged (position.json: "
        "Expecting value: line 1 column 1 (char 0)). step_1.1 is damaged "
        "(state/_METADATA: No such file or directory)."
    )
    assert said == [] and len(list(tmp_path.iterdir())) == 2


def test_the_best_and_the_step_stand_in_for_each_other(tmp_path):
    checkpoints, said = saved(tmp_path, 1)
    checkpoints.save_best(2, state(2), {"step": 2})
    checkpoints.save(2, state(2), {"step": 2})
    empty(tmp_path / "best_2.2" / "position.json")
    assert_is(checkpoints.restore(TEMPLATE, "best"), 2)
    assert said[-1].endswith("step_2.3 is used instead.")
    checkpoints.save_best(3, state(3), {"step": 3})
    for step in ("step_1.1", "step_2.3"):
        empty(tmp_path / step / "position.json")
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 3)
    empty(tmp_path / "best_3.4" / "position.json")
    with pytest.raises(CheckpointError, match=r"^best_3\.4 is damaged"):
        checkpoints.restore(TEMPLATE, "best")


def test_another_states_checkpoint_is_left_for_one_that_fits(tmp_path):
    checkpoints, said = saved(tmp_path, 1)
    checkpoints.save(2, TEMPLATE | {"w": np.zeros(3)}, {"step": 2})
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 1)
    assert said[-1].startswith("step_2.2 does not fit: leaf 'w' has shape (3,)")
    assert "older" not in said[-1]


@pytest.mark.parametrize("name", [f"step_{10**30}.{10**40}", f"step_1.{'9' * 200}"])
def test_counters_may_be_huge(tmp_path, name):
    checkpoints, said = saved(tmp_path, 1)
    (tmp_path / name).mkdir()
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 1)
    checkpoints.save(2, state(2), {"step": 2})
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 2)
    assert len(said) == 1


def test_what_others_put_there_does_no_harm(tmp_path):
    checkpoints, said = saved(tmp_path, 1)
    (tmp_path / "step_1.1" / "state" / ".DS_Store").write_text("x")
    (tmp_path / "step_1").mkdir()
    (tmp_path / "step_٣.4").mkdir()
    (tmp_path / (UNFINISHED + "step_2.2")).write_text("a file")
    (tmp_path / (UNFINISHED + "step_3.2")).symlink_to("nowhere")
    moved = tmp_path / "elsewhere"
    (tmp_path / "step_1.1").rename(moved)
    (tmp_path / "step_1.1").symlink_to(moved)
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 1)
    for step in (2, 3):
        checkpoints.save(step, state(step), {"step": step})
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 3)
    assert said == [] and moved.is_dir() and not (tmp_path / "step_1.1").exists()


def test_a_checkpoint_without_checksums_is_read_and_said_to_be(tmp_path):
    checkpoints, said = saved(tmp_path, 1)
    path = tmp_path / "step_1.1" / "position.json"
    record = json.loads(path.read_text())["record"]
    leaves = {name: spec[:2] for name, spec in record["leaves"].items()}
    first = {"step": 1, "position": record["position"], "leaves": leaves}
    path.write_text(json.dumps(first))
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 1)
    assert said == [
        "step_1.1 was saved without checksums: its numbers are not checked."
    ]


def test_a_save_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    checkpoints, _ = saved(tmp_path, 1)

    def full(folder, arrays):
        folder.mkdir()
        (folder / "half").write_text("x")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jlstm.training.stored._write_arrays", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save(2, state(2), {"step": 2})
    assert [p.name for p in tmp_path.iterdir()] == ["step_1.1"]
    assert_is(checkpoints.restore(TEMPLATE, "latest"), 1)


def test_a_run_whose_folder_is_gone_is_not_made_again(tmp_path):
    checkpoints, _ = saved(tmp_path / "run" / "checkpoints")
    with pytest.raises(FileNotFoundError, match=r"run is gone, nothing can be saved"):
        checkpoints.save(1, state(1), {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "position",
    [
        {"epoch": 0}, {"epoch": "1"}, {"epoch": True}, {"step": -1}, {"step": 1.5},
        {"best": "low"}, {"losses": 3}, {"losses": ["a"]}, {"seconds": None},
        {"batch": None}, {"colour": 1},
    ],
)  # fmt: skip
def test_a_position_that_is_no_place_is_refused(position):
    [(name, value)] = position.items()
    with pytest.raises(CheckpointError, match=f"its {name} is ") as caught:
        read_position({"epoch": 1, "losses": []} | position)
    assert str(caught.value).endswith(f"its {name} is {value!r}.")
