"""An experiment in Python: the same keys, the same errors, the same run."""

import contextlib
import io
import json
import sys
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jlstm
from jlstm.cli.compose import check_overrides
from jlstm.cli.live import is_live, live_curve
from jlstm.cli.main import main
from jlstm.cli.spelling import spell, spelled
from jlstm.training.log import METRICS
from tests.pages import ROOT, blocks

TEXT = "to be or not to be, that is the question:\n" * 80
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=("Cs", "Cc"))),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(VALUES)
def test_the_command_line_reads_what_is_spelled(value):
    (override,) = check_overrides([f"name={spell(value)}"])
    assert override.value() == value


def test_numbers_of_numpy_and_paths_are_values(tmp_path):
    given_ = {"train": {"epochs": np.int64(3)}, "data.path": tmp_path / "a.txt"}
    first, second = spelled(given_)
    assert first == "train.epochs=3"
    assert check_overrides([second])[0].value() == str(tmp_path / "a.txt")


REFUSED = {
    "no text": ((5, {}), TypeError, "The name is 5; give a text"),
    "a list": ((["text"], {}), TypeError, "The name is .* give a text"),
    "signs": (("a=b", {}), ValueError, "There is no experiment 'a=b'"),
    "an experiment": (("chr_smoke", {}), ValueError, "did you mean char_smoke?"),
    "a key": (("char_smoke", {"train": {"epoch": 3}}), ValueError,
              "did you mean train.epochs?"),
    "a value": (("char_smoke", {"train": {"epochs": -1}}), ValueError, "train.epochs"),
    "a type": (("char_smoke", {"train": {"epochs": object()}}), TypeError,
               "a configuration holds numbers, texts"),
    "no file": ((None, {"data": "text", "data.path": "none.txt"}), OSError,
                "none.txt"),
}  # fmt: skip


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_before_anything(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (experiment, overrides), kind, said = REFUSED[name]
    with pytest.raises(kind, match=said):
        jlstm.Experiment.from_config(experiment, **overrides)
    assert not list(tmp_path.iterdir())


@pytest.mark.long
@pytest.mark.usefixtures("user_defaults")
def test_the_page_trains_and_goes_on(tmp_path, monkeypatch):
    """The blocks of howto-python.md"""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.txt").write_text(TEXT)
    names = {"__name__": "howto"}
    page = ROOT / "docs" / "howto-python.md"
    first, second, third = blocks(page)
    exec(compile(first, page.name, "exec"), names)
    experiment, run = names["experiment"], names["run"]
    result = json.loads((run.folder / "result.json").read_text())
    assert experiment.score() == result["test"] and result["epochs"] == 2
    assert len(names["rows"][0]["text"]) == 40
    with pytest.raises(RuntimeError, match=r"This is trained, in .*/runs/text/"):
        experiment.fit()
    monkeypatch.chdir(ROOT)  # a program may go elsewhere
    assert experiment.score() == result["test"] and run.folder.is_dir()
    assert repr(experiment) == f"Experiment(text, {str(run.folder)!r})"
    assert repr(run) == f"TrainedRun(text, {str(run.folder)!r})"
    monkeypatch.chdir(tmp_path)
    exec(compile(second, page.name, "exec"), names)
    exec(compile(third, page.name, "exec"), names)
    assert names["accuracy"] > 0.5 and names["after"].shape == (5,)
    again = json.loads((run.folder / "result.json").read_text())
    assert again["epochs"] == 3 and again["test"] != result["test"]
    words = ["experiment=text", "data.path=book.txt", "train.epochs=2",
             "sample.length=40", "model.stack.hidden_sizes=[64]"]  # fmt: skip
    printed = capture(lambda: main(["run", *words]))
    folder = tmp_path / printed.partition("run folder: ")[2].split()[0]
    assert json.loads((folder / "result.json").read_text())["test"] == result["test"]


def test_nothing_is_used_before_it_is_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.txt").write_text(TEXT)
    experiment = jlstm.Experiment.from_config("text", data={"path": "book.txt"})
    assert repr(experiment) == "Experiment(text, not trained)"
    asked = experiment.score, lambda: experiment.run, lambda: experiment.predict([])
    for use in asked:
        with pytest.raises(RuntimeError, match="call fit"):
            use()
    with pytest.raises(RuntimeError, match="draws in a notebook, and this is none"):
        experiment.fit(live=True)
    assert not (tmp_path / "runs").exists()


def test_the_curve_is_drawn_while_losses_come(tmp_path, monkeypatch):
    """With what IPython has in a notebook, but for the notebook."""
    pictures = []

    def display(picture, display_id):
        pictures.append(picture)
        return types.SimpleNamespace(update=pictures.append)

    fake = types.ModuleType("IPython.display")
    fake.display, fake.Image = display, lambda data, format: data
    shell = types.ModuleType("IPython")
    shell.get_ipython, shell.display = lambda: types.SimpleNamespace(kernel=1), fake
    shell.version_info = (9, 0)  # matplotlib asks for it
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    monkeypatch.setattr("jlstm.cli.live.SECONDS", 0.01)
    assert is_live(None) and not is_live(False)
    with live_curve(tmp_path):
        lines = [{"kind": kind, "step": n, "loss": 1 / n}
                 for n in (1, 2, 3) for kind in ("train", "valid")]  # fmt: skip
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        (tmp_path / METRICS).write_text(text)
    assert len(pictures) >= 2 and pictures[0] != pictures[-1]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)


def capture(work):
    """Return what some work prints."""
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen):
        work()
    return screen.getvalue()
