"""The video task: scores of frames that were predicted, and baselines."""

import jax
import numpy as np
import pytest

from jlstm.tasks.video.baselines import RULES, Baseline, by_last
from jlstm.tasks.video.data import Prep
from jlstm.tasks.video.model import VideoConfig
from jlstm.tasks.video.new_frames import StoredClips
from jlstm.tasks.video.objective import ClipBatchConfig, VideoTask, as_input
from jlstm.training.config.stack import ImageStackConfig

pytestmark = pytest.mark.usefixtures("standard_promotion")
PREP = Prep(height=4, width=4, seen=2, ahead=3, mean=0.4)


class Numbered:
    """Clips that show their numbers, 6 of them."""

    def __len__(self):
        return 6

    def take(self, rows):
        return np.broadcast_to(
            np.asarray(rows, np.uint8)[:, None, None, None], (len(rows), 5, 4, 4)
        )


def noise(count, seed):
    rng = np.random.default_rng(seed)
    return StoredClips(rng.integers(256, size=(count, 5, 4, 4)).astype(np.uint8))


def task(forcing=True, eval_batch=2):
    stack = ImageStackConfig("ConvGRUCell", hidden_sizes=(3,))
    config = VideoConfig(stack, patch=2, teacher_forcing=forcing)
    parts = {"train": noise(6, 0), "valid": noise(3, 1), "test": noise(4, 2)}
    return VideoTask(config, PREP, parts, ClipBatchConfig(4, eval_batch))


def by_hand(zs, truth):
    """Return nats and squares per frame of logits, ``(k, n, h, w)``."""
    chances = 1 / (1 + np.exp(-np.asarray(zs, np.float64)))
    nats = -truth * np.log(chances) - (1 - truth) * np.log(1 - chances)
    return nats.sum((2, 3)), ((chances - truth) ** 2).sum((2, 3))


@pytest.mark.long
def test_an_evaluation_scores_what_is_predicted_from_what_was_predicted():
    made = task()
    model = made.make_model(jax.random.key(0))
    frames = as_input(made.parts["valid"].frames)
    truth = np.asarray(frames[2:])
    nats, squares = by_hand(model(frames[:2]), truth)
    found = made.evaluate(model, "valid")  # three clips in batches of two
    assert found == {
        "loss": pytest.approx(nats.mean(), rel=1e-5),
        "squared_error": pytest.approx(squares.mean(), rel=1e-5),
    }
    errors = made.errors(model, made.parts["valid"])
    np.testing.assert_allclose(errors.nats, nats.T, rtol=1e-5)
    guess = np.concatenate([*made.predicted(model, made.parts["valid"])])
    assert guess.shape == (3, 3, 4, 4)
    own = ((guess.swapaxes(0, 1) - truth) ** 2).sum((2, 3))
    np.testing.assert_allclose(own, squares, rtol=1e-4)
    shares = StoredClips(made.parts["valid"].frames / np.float32(255))
    np.testing.assert_allclose(made.errors(model, shares).nats, nats.T, rtol=1e-5)


@pytest.mark.long
@pytest.mark.parametrize("forcing", [True, False])
def test_training_reads_true_frames_or_its_own(forcing):
    made = task(forcing)
    model, batch = made.make_model(jax.random.key(0)), made.batches(0)[0]
    frames = as_input(batch)
    zs = model.forced(frames) if forcing else model(frames[:2])
    with jax.debug_key_reuse(False):
        loss, _ = made.loss(model, (), batch, jax.random.key(1))
    np.testing.assert_allclose(
        loss, by_hand(zs, np.asarray(frames[2:]))[0].mean(), rtol=1e-5
    )


def test_each_epoch_has_clips_of_its_own():
    made = task()
    made.parts["train"] = Numbered()
    first, second = made.batches(1), made.batches(2)
    assert len(first) == 1 and made.count(first[0]) == 4
    assert first[0][:, 0, 0, 0].tolist() == [6, 7, 8, 9]
    assert second[0][:, 0, 0, 0].tolist() == [12, 13, 14, 15]
    with pytest.raises(IndexError, match="There are 1 batches, no batch 1"):
        first[1]


def test_a_copy_is_right_where_nothing_moves():
    still = np.zeros((6, 5, 4, 4), np.uint8)
    still[:, :, 1:3] = 255
    found = Baseline(by_last, StoredClips(still), PREP).errors(StoredClips(still))
    assert found.nats.shape == (6, 3) and found.nats.max() < 1
    moved = still.copy()
    moved[:, 2:] = 255 - moved[:, 2:]
    known = Baseline(by_last, StoredClips(moved), PREP).errors(StoredClips(moved))
    assert known.nats.max() < 1  # what always turns over is learned too
    assert (
        Baseline(by_last, StoredClips(still), PREP)
        .errors(StoredClips(moved))
        .squares.min()
        > 14
    )  # of 16 pixels


@pytest.mark.parametrize("rule", RULES)
def test_a_baseline_gives_the_mean_of_each_class(rule):
    train, prep = noise(40, 3), PREP
    made = Baseline(RULES[rule], train, prep)
    frames = train.frames / np.float32(255)
    classes = RULES[rule](frames[:, :2])
    for one in np.unique(classes)[:4]:
        at = classes == one
        for step in range(3):
            truth = frames[:, 2 + step][at]
            wanted = (truth.sum() + prep.mean) / (at.sum() + 1)
            assert made.means[step, one] == pytest.approx(wanted, rel=1e-5)
