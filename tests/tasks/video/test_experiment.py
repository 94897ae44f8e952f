"""The video task between the configuration, the report and frames of one's own."""

import json
import re

import jax
import numpy as np
import pytest

from jlstm.tasks.runs import load_run
from jlstm.tasks.video.experiment import VideoExperiment
from jlstm.training.config.train import OptimizerConfig, TrainConfig
from tests.tasks.small import digits, small

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of the smallest experiment, and what it says of itself."""
    folder = tmp_path_factory.mktemp("run")
    with (
        pytest.MonkeyPatch.context() as patch,
        jax.numpy_dtype_promotion("standard"),
        jax.debug_key_reuse(False),
    ):
        made = small("video", folder, patch)
        config = made.Config(
            name="video", data=made.config.data, model=made.config.model,
            batches=made.config.batches, train=TrainConfig(epochs=2),
            optimizer=OptimizerConfig("adam", 0.02, clip=1.0),
        )  # fmt: skip
        made = VideoExperiment.from_config(config)
        return made, folder, made.run(folder)


@pytest.mark.long
def test_a_run_learns_and_shows_what_it_predicts(trained):
    _, folder, found = trained
    curve = [
        json.loads(line)["loss"]
        for line in (folder / "metrics.jsonl").read_text().splitlines()
        if json.loads(line)["kind"] == "valid"
    ]
    assert curve[-1] < curve[0]
    assert found["test_by_step"].keys() == {found["model"], *found["baselines"]}
    own = found["test_by_step"][found["model"]]
    assert np.mean(own["loss"]) == pytest.approx(found["test"]["loss"], rel=1e-5)
    assert found["clips"] == {"train": 4, "valid": 2, "test": 3}
    page = (folder / "report.html").read_text()
    assert page.count("<svg") >= 5  # curves, three clips, steps
    assert "without seeing any of the middle one" in page
    assert "each pixel by itself" in page


@pytest.mark.long
def test_a_run_predicts_and_scores_frames_of_ones_own(trained, tmp_path):
    made, folder, found = trained
    run = load_run(folder)
    clips = made.data.test.take(np.arange(3))
    np.save(tmp_path / "new.npy", clips)
    scores = run.score(tmp_path / "new.npy")
    assert scores == pytest.approx(
        {name: found["test"][name] for name in scores}, rel=1e-5
    )
    np.save(tmp_path / "shares.npy", clips.astype(np.float64) / 255)
    assert run.score(tmp_path / "shares.npy") == pytest.approx(scores, rel=1e-5)
    assert run.score(clips[0]) == run.score(clips[:1])  # a clip, or several

    rows = list(run.predict(clips[:2, :2]))
    assert [(row["clip"], row["ahead"]) for row in rows] == [
        (0, 1), (0, 2), (1, 1), (1, 2),
    ]  # fmt: skip
    guess = np.reshape([row["pixels"] for row in rows], (2, 2, 8, 8))
    squares = ((guess - clips[:2, 2:] / 255) ** 2).sum((2, 3)).mean()
    wanted = run.score(clips[:2])["squared_error"]
    assert squares == pytest.approx(wanted, rel=1e-2)  # of four decimals


GOOD = np.zeros((2, 4, 8, 8), np.uint8)
REFUSED = {
    "another size": (GOOD[:, :, :7], True, "shape (2, 4, 7, 8); give clips of shape"),
    "one frame": (GOOD[0, 0], False, "has shape (8, 8); give clips of shape"),
    "no clip": (GOOD[:0], True, "has shape (0, 4, 8, 8); give clips"),
    "too short": (GOOD[:, :3], True, "clips of 3 frame(s), and a score needs 4, 2 to"),
    "time first": (
        np.zeros((4, 9, 8, 8), np.uint8), True, "of 9 frame(s), and a score needs 4, 2 "
        "to read and 2 to predict: swap its first two axes.",
    ),
    "too many": (GOOD, False, "4 frame(s), and the model reads 2 before it predicts"),
    "signed": (GOOD.astype(int), True, "values of type int64 from 0 to 0; give uint8"),
    "unscaled": (GOOD + 255.0, True, "type float64 from 255.0 to 255.0; give"),
    "not finite": (GOOD + np.nan, True, "type float64 from nan to nan; give uint8"),
    "truths": (GOOD > 0, True, "values of type bool; give uint8 from 0 to 255"),
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return small("video", tmp_path_factory.mktemp("video"), patch)


@pytest.mark.parametrize("what", REFUSED)
def test_frames_that_would_be_misread_are_refused(what, made, tmp_path):
    frames, labelled, said = REFUSED[what]
    path = tmp_path / "new.npy"
    np.save(path, frames)
    for source in (path, frames):
        with pytest.raises(ValueError, match=re.escape(said)) as refused:
            made.read(source, made.data.prep, labelled=labelled)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x93NUMPY\x01\x00"])
def test_a_file_that_is_no_array_is_refused(content, made, tmp_path):
    path = tmp_path / "new.npy"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"new\.npy is no array of numbers \(.*\): write"
    ):
        made.read(path, made.data.prep, labelled=False)


def test_other_sources_are_refused(made, tmp_path):
    np.savez(tmp_path / "a.npz", a=GOOD)
    with pytest.raises(ValueError, match=r"a\.npz has several arrays: write one"):
        made.read(tmp_path / "a.npz", made.data.prep, labelled=True)
    np.save(tmp_path / "a.npy", np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        made.read(tmp_path / "a.npy", made.data.prep, labelled=True)
    with pytest.raises(FileNotFoundError, match=r"none\.npy"):
        made.read(tmp_path / "none.npy", made.data.prep, labelled=True)


@pytest.mark.usefixtures("unchecked")
def test_a_list_is_refused(made):
    with pytest.raises(TypeError, match="A list was given: this is read from a file"):
        made.read([[0.0]], made.data.prep, labelled=True)


def test_digits_are_checked_against_the_frames_before_anything_is_made(monkeypatch):
    monkeypatch.setattr("jlstm.tasks.video.experiment.load_mnist", lambda: digits(5))
    config = VideoExperiment.Config()
    assert VideoExperiment.from_config(config).data.prep.height == 64
    changed = config.data.__class__(size=30)
    with pytest.raises(ValueError, match=r"model\.patch is 4, which does not divide"):
        VideoExperiment.from_config(VideoExperiment.Config(data=changed))
