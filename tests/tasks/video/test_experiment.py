"""The video task between the configuration, the report and frames of one's own."""

import json
import re

import jax
import numpy as np
import pytest

from jlstm.tasks.runs import load_run
from jlstm.tasks.video.data import DataConfig
from jlstm.tasks.video.experiment import VideoExperiment
from jlstm.tasks.video.model import VideoConfig
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
    "neither axis": (
        np.zeros((5, 9, 8, 8), np.uint8), True, "of 9 frame(s), and a score needs 4, 2 "
        "to read and 2 to predict: cut it to 4.",
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
    np.savez(tmp_path / "a.npz", a=GOOD, b=GOOD)
    with pytest.raises(ValueError, match=r"a\.npz has 2 arrays \(a, b\): keep"):
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


CLIPS = np.random.default_rng(0).integers(256, size=(9, 4, 8, 8)).astype(np.uint8)
LAYOUTS = {
    "clips first": (CLIPS, "clips"),
    "time first": (CLIPS.swapaxes(0, 1), "time"),
    "as many clips as frames": (CLIPS[:4], "clips"),
}


@pytest.mark.parametrize("what", LAYOUTS)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_a_line_says_which_axis_is_time(what, ending, made, tmp_path, capsys):
    frames, first = LAYOUTS[what]
    path = tmp_path / f"a.{ending}"
    np.save(path, frames) if ending == "npy" else np.savez(path, frames)
    found = made.read(path, made.data.prep, labelled=True)
    np.testing.assert_array_equal(found.take(np.arange(4)), CLIPS[:4])
    said = capsys.readouterr().out
    assert f"read a.{ending}: {len(found)} clips of 4 frames of 8 × 8, uint8" in said
    assert f"the first axis is {first}" in said


def own(path, **options):
    data = DataConfig("clips", str(path), seen=2, ahead=2, **options)
    return VideoExperiment.Config(data=data, model=VideoConfig(patch=2))


def test_clips_of_ones_own_are_cut_into_parts(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, CLIPS / 255)
    data = VideoExperiment.from_config(own(path, test_fraction=0.3)).data
    assert {name: len(part) for name, part in data.parts.items()} == {
        "train": 5, "valid": 1, "test": 3,
    }  # fmt: skip
    epochs = [data.train.take(np.arange(5 * n, 5 * n + 5)) for n in range(3)]
    keys = [[clip.tobytes() for clip in epoch] for epoch in epochs]
    assert len({*map(tuple, keys)}) > 1 and len({*map(frozenset, keys)}) == 1
    whole = np.concatenate(
        [epochs[0], *(data.parts[n].frames for n in ("valid", "test"))]
    )
    assert {clip.tobytes() for clip in whole} == {c.tobytes() for c in CLIPS / 255}
    assert data.prep.mean == pytest.approx(epochs[0].mean())
    assert (data.prep.height, data.prep.seen, data.prep.steps) == (8, 2, 4)


NOT_CLIPS = {
    "another length": (CLIPS[:, :3], "for example, data.seen=2 data.ahead=1."),
    "a table": (CLIPS[0, 0], "has shape (8, 8); give clips of shape (clips, frames"),
    "no clip": (CLIPS[:0], "has shape (0, 4, 8, 8); give clips of shape"),
    "two clips": (CLIPS[:2], "There are 2 examples, too few for 3 parts"),
    "unscaled": (CLIPS * 1.0, "give uint8 from 0 to 255, or floats from 0 to 1"),
    "odd sides": (CLIPS[:, :, :7], "model.patch is 2, which does not divide frames"),
}


@pytest.mark.parametrize("what", NOT_CLIPS)
def test_clips_that_cannot_be_learned_from_are_refused(what, tmp_path):
    frames, said = NOT_CLIPS[what]
    path = tmp_path / "a.npy"
    np.save(path, frames)
    with pytest.raises(ValueError, match=re.escape(said)):
        VideoExperiment.from_config(own(path))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": "a.npy"}, "data.path goes with data.name=clips and only with it"),
        ({"name": "clips"}, "got path=None and name='clips'"),
        ({"test_fraction": 0.95}, "give shares above 0 that leave something"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        DataConfig(**options)


def test_an_overview_shows_a_frame_and_what_may_be_wrong(tmp_path):
    frames = np.zeros((9, 4, 8, 8))
    frames[..., 2:4] = 1.0
    np.save(tmp_path / "a.npy", frames)
    made = VideoExperiment.from_config(own(tmp_path / "a.npy"))
    found = made.overview(made.data)
    assert found.counts == {"train": 7, "valid": 1, "test": 1}
    assert found.examples[0] == (
        "a clip of train, frame 1 of 4", "\n".join(["  @@"] * 8)
    )  # fmt: skip
    assert found.bars[0].rows[0] == ("0", 7 * 4 * 48)
    assert found.problems[0] == "nothing moves in 7 of 7 clips of train"
    assert "of test are in train too" in found.problems[-1]
