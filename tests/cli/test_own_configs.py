"""Experiments of one's own, in ``./configs``, are chosen by name as ours are."""

import pytest

from jlstm.cli import compose
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
    copied = (compose.CONFIGS / "experiment" / "demo.yaml").read_text("utf-8")
    (mine / "demo.yaml").write_text(copied)
    assert "mine" in compose.options("experiment")  # the same is no other
    (mine / "demo.yaml").write_text(copied + "\n# changed\n")
    with pytest.raises(ValueError, match=r"experiment=demo is in .* give yours"):
        compose.options("experiment")


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
