"""Experiments of one's own, in ``./configs``, are chosen by name as ours are."""

import re

import pytest

from jlstm.cli import compose, config_files
from jlstm.cli.main import main


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The folder of experiments of one's own, with one in it."""
    folder = tmp_path / "configs" / "experiment"
    folder.mkdir(parents=True)
    text = "# @package _global_\n# Expected  a win\ntrain:\n  epochs: 7\n"
    (folder / "mine.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.usefixtures("mine")
def test_it_is_composed_with_the_defaults_of_the_package(capsys):
    mapping = compose.compose_run(["experiment=mine", "train.seed=3"])
    assert mapping["name"] == "mine" and mapping["task"] == "language"
    assert mapping["train"]["epochs"] == 7 and mapping["train"]["seed"] == 3
    assert main(["list", "experiments"]) == 0
    said = capsys.readouterr().out
    assert "mine" in said and "a win" in said and "ptb_small" in said
    with pytest.raises(ValueError, match="no experiment 'minne': did you mean mine"):
        compose.compose_run(["experiment=minne"])


def test_data_of_ones_own_may_go_with_it(mine):
    (mine.parent / "data").mkdir()
    (mine.parent / "data" / "notes.yaml").write_text("name: text\npath: notes.txt\n")
    data = compose.compose_run(["experiment=mine", "data=notes"])["data"]
    assert (data["name"], data["path"]) == ("text", "notes.txt")


def test_a_name_of_the_package_is_not_taken(mine):
    copied = (config_files.CONFIGS / "experiment" / "demo.yaml").read_text("utf-8")
    (mine / "demo.yaml").write_text(copied)
    compose.compose_run(["experiment=demo"])  # the same is no other
    (mine / "demo.yaml").write_text(copied + "\n# changed\n")
    with pytest.raises(ValueError, match=r"experiment=demo is in .* give yours"):
        compose.compose_run(["experiment=demo"])
    compose.compose_run(["experiment=mine"])  # what is not chosen is in no one's way
    assert "demo" in config_files.options("experiment")


HEAD = b"# @package _global_\n"
MISTAKES = {
    "no package": (b"train:\n  epochs: 7\n", "begin its file with the line '# @pac"),
    "a circle": (HEAD + b"defaults:\n  - wrong\n", "has itself in its defaults"),
    "an encoding": (HEAD + b"# caf\xe9\n", "is not UTF-8"),
    "a tab": (HEAD + b"train:\n\tepochs: 7\n", "wrong.yaml"),
    "no such data": (HEAD + b"defaults:\n  - override /data: none\n", "no data 'none'"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_in_it_is_one_line(what, mine):
    content, said = MISTAKES[what]
    (mine / "wrong.yaml").write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        compose.compose_run(["experiment=wrong"])
    assert "\n" not in str(refused.value)
    assert "wrong" in config_files.options("experiment")


@pytest.mark.parametrize("name", ["it's, a=b", "a ${b} {c}", 'a "b" [c]'])
def test_the_folder_may_have_any_name(name, mine, monkeypatch):
    folder = mine.parent.parent / name
    folder.mkdir()
    mine.parent.rename(folder / "configs")
    monkeypatch.chdir(folder)
    assert compose.compose_run(["experiment=mine"])["train"]["epochs"] == 7


def test_a_folder_that_has_nothing_to_do_with_it_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").write_text("a file")
    assert config_files.folders() == [config_files.CONFIGS]
    (tmp_path / "configs").unlink()
    (tmp_path / "configs" / "data" / "csv.yaml").mkdir(parents=True)
    (tmp_path / "configs" / "config.yaml").write_text("a: 1\n")
    assert config_files.options("data").count("csv") == 1
    assert compose.compose_run(["experiment=demo"])["name"] == "demo"


@pytest.mark.slow
@pytest.mark.usefixtures("mine")
def test_it_is_swept(capsys):
    words = ["experiment=mine", "data=embedded", "train.epochs=1", "stream.window=20"]
    words += [
        "data.limit_train=0.01",
        "model.stack.hidden_sizes=[4]",
        "baselines=false",
    ]
    assert main(["sweep", *words, "train.seed=0,1"]) == 0
    assert "sweep-mine" in capsys.readouterr().out


def test_data_of_ones_own_brings_its_task_or_is_told_an_experiment(mine):
    folder = mine.parent / "data"
    folder.mkdir()
    (folder / "reviews.yaml").write_text("name: labelled_text\npath: a.tsv\n")
    mapping = compose.compose_run(["data=reviews"])
    assert (mapping["task"], mapping["name"]) == ("classify", "labelled_text")
    assert mapping["data"]["path"] == "a.tsv"
    (folder / "phrases.yaml").write_text("name: sst2\nphrases: true\n")
    for words in (["data=phrases"], ["data=phrases", "data.phrases=false"]):
        with pytest.raises(
            ValueError,
            match=r"data=phrases brings no task along: name an experiment that reads "
            r"sst2, such as experiment=sst2_cpu\.$",
        ):
            compose.compose_run(words)
    chosen = compose.compose_run(["data=phrases", "experiment=sst2_cpu"])
    assert chosen["data"]["phrases"] is True
    with pytest.raises(ValueError, match="experiment=etth1_cpu"):
        compose.compose_run(["data=etth1"])
    assert compose.compose_run(["data=ptb"])["task"] == "language"
