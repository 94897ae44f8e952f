"""Clips of moving digits: always the same ones, and digits that move as they should."""

import numpy as np
import pytest

from jlstm.data.images import Images
from jlstm.tasks.video.data import DataConfig, draw_parts
from jlstm.tasks.video.moving import DrawnClips, path, reflected

ONE = np.full((1, 5, 5), 200, np.uint8)


def clips(digits=ONE, count=9, steps=12, size=16, moving=1, speeds=(1.0, 2.0), seed=0):
    return DrawnClips(digits, count, steps, size, moving, speeds, seed)


def corners(frames):
    """Return the upper left corner of the one digit of each frame."""
    return np.array([np.argwhere(frame).min(axis=0) for frame in frames])


def test_a_number_is_always_the_same_clip():
    rows = np.array([3, 0, 20])
    first = clips().take(rows)
    np.testing.assert_array_equal(first, clips(count=2).take(rows))
    np.testing.assert_array_equal(first[:1], clips().take(rows[:1]))
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first, clips(seed=1).take(rows))


def test_a_digit_is_whole_in_each_frame_and_moves_at_its_speed():
    frames = clips(speeds=(2.0, 2.0)).take(np.arange(30))
    np.testing.assert_array_equal(frames.sum((2, 3), dtype=int), 25 * 200)
    moves = np.linalg.norm(np.diff([corners(clip) for clip in frames], axis=1), axis=2)
    assert moves.max() < 2 + 2**0.5  # of places that are rounded
    assert 1.7 < np.median(moves) < 2.3


def test_a_digit_flies_straight_on_and_bounces_off_the_edges():
    places = path(np.random.default_rng(2), 200, room=30, speeds=(3.0, 3.0))
    assert places.min() == 0 and places.max() == 30
    turns = np.diff(np.sign(np.diff(places, axis=0)), axis=0) != 0
    near = (places[1:-1] <= 3) | (places[1:-1] >= 27)
    assert turns.any() and near[turns].all()


def test_lines_are_folded_at_both_edges():
    line = np.arange(-7.0, 15.0)
    walked = [min(n % 6, 6 - n % 6) for n in line]
    np.testing.assert_array_equal(reflected(line, 3), walked)
    np.testing.assert_array_equal(reflected(line, 0), 0 * line)


def test_of_two_digits_the_lighter_pixel_is_seen():
    digits = np.stack([ONE[0], ONE[0] // 2])
    frames = clips(digits, size=5, moving=8).take(np.arange(4))
    assert (frames == 200).all()  # no room to move, and one of eight is the light one


def images(level):
    return Images(np.full((3, 5, 5), level, np.uint8), np.zeros(3, np.uint8))


def test_each_part_has_digits_of_its_own_and_clips_that_nothing_else_changes():
    levels = {"train": images(10), "valid": images(20), "test": images(30)}
    config = DataConfig(size=8, train=7, valid=2, test=3)
    made = draw_parts(config, levels)
    drawn = {name: own.take(np.arange(len(own))) for name, own in made.parts.items()}
    assert {name: own.max() for name, own in drawn.items()} == {
        "train": 10, "valid": 20, "test": 30,
    }  # fmt: skip
    assert drawn["test"].shape == (3, 20, 8, 8)
    assert made.prep.steps == 20
    other = draw_parts(DataConfig(size=8, train=90, valid=9, test=3), levels)
    np.testing.assert_array_equal(other.test.take(np.arange(3)), drawn["test"])
    mean = made.train.take(np.arange(100)).mean() / 255
    assert made.prep.mean == pytest.approx(mean)


def test_sizes_that_do_not_fit_are_refused():
    parts = dict.fromkeys(("train", "valid", "test"), images(1))
    with pytest.raises(ValueError, match=r"data\.size is 4, and a digit takes 5 rows"):
        draw_parts(DataConfig(size=4), parts)
    with pytest.raises(ValueError, match=r"data\.slowest is 6\.0 and data\.fastest 5"):
        DataConfig(slowest=6.0)
