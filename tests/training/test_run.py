"""The folder of a run: never used twice; its environment is on record."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import jlstm
from jlstm.training.run import create_run, environment, write_json


def git(folder, *arguments):
    name = ["-c", "user.name=n", "-c", "user.email=n@localhost"]
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True)


def test_runs_started_at_once_get_folders_of_their_own(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda _: create_run(tmp_path / "runs", "demo"), range(20))
        )
    assert len(set(made)) == 20
    for folder in made:
        assert folder.is_dir() and folder.parent == tmp_path / "runs" / "demo"
        assert re.fullmatch(r"\d{8}-\d{6}(-\d+)?", folder.name)


@pytest.mark.parametrize("name", ["", "a/b", "..", "."])
def test_a_name_that_is_no_folder_name(tmp_path, name):
    with pytest.raises(ValueError, match="is no folder name; leave out / and"):
        create_run(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_names_versions_and_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["run.py", "seed=3"])
    found = environment()
    assert found["jlstm"] == jlstm.__version__
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["device"] == "8 x cpu"
    assert found["cpu_count"] >= 1
    assert found["command"] == [sys.executable, "run.py", "seed=3"]
    assert all(
        re.match(r"\d+\.\d+", found[p]) for p in ("jax", "flax", "optax", "numpy")
    )
    assert found["git_commit"] is None and found["git_dirty"] is None
    assert json.loads(json.dumps(found)) == found


def test_the_environment_names_the_commit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-q", "-m", "first")
    head = (tmp_path / ".git").joinpath("HEAD").read_text().split()[-1]
    commit = (tmp_path / ".git" / head).read_text().strip()
    clean = environment()
    (tmp_path / "a").write_text("2")
    dirty = environment()
    assert (clean["git_commit"], clean["git_dirty"]) == (commit, False)
    assert (dirty["git_commit"], dirty["git_dirty"]) == (commit, True)


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment()["git_commit"] is None


def test_json_replaces_the_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"x": [1, "é"]})
    write_json(path, {"x": 2})
    assert json.loads(path.read_text()) == {"x": 2}
    assert list(tmp_path.iterdir()) == [path]


def test_json_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, 1)
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json(path, {"x": object()})
    assert json.loads(path.read_text()) == 1
