"""Spoken digits and vowels: counts, splits without leaks, strings of digits."""

import numpy as np
import pytest

from jlstm.data import (
    Recordings,
    StringConfig,
    digit_strings,
    load_fsdd,
    load_japanese_vowels,
)
from jlstm.data.speech import SAMPLE_RATE, official_split, speaker_split
from jlstm.data.vowels import read_ts


def recordings():
    """Return two speakers, three digits, seven takes, each of one known value."""
    keys = [(s, d, n) for s in ("ann", "bob") for d in range(3) for n in range(7)]
    samples = tuple(np.full(100 + row, row + 1, np.int16) for row in range(len(keys)))
    speakers, digits, takes = zip(*keys, strict=True)
    return Recordings(samples, np.array(digits), speakers, np.array(takes))


def test_counts_of_fsdd(real):
    found = real(load_fsdd)
    assert len(found.samples) == 3_000
    assert np.bincount(found.digits).tolist() == [300] * 10
    names, counts = np.unique(found.speakers, return_counts=True)
    assert (len(names), set(counts)) == (6, {500})
    seconds = np.array([len(one) for one in found.samples]) / SAMPLE_RATE
    assert seconds.sum() / 60 == pytest.approx(21.87, abs=5e-3)
    assert (seconds.min(), seconds.max()) == (0.1435, 2.28275)
    assert (found.speakers[0], found.digits[0], found.takes[0]) == ("george", 0, 0)
    assert np.abs(found.waveform(0)).max() <= 1


def test_official_split_has_the_official_counts(real):
    found = real(load_fsdd)
    rows = official_split(found)
    assert [len(part) for part in rows] == [2_400, 300, 300]
    assert [len(part) for part in official_split(found, valid_takes=0)] == [
        2700,
        0,
        300,
    ]
    assert found.takes[rows.test].max() == 4
    assert set(found.takes[rows.valid]) == set(range(5, 10))
    sounds = [{found.samples[row].tobytes() for row in part} for part in rows]
    assert not (sounds[0] | sounds[1]) & sounds[2]


def test_a_speaker_is_left_out(real):
    found = real(load_fsdd)
    names = np.array(found.speakers)
    rows = speaker_split(found, "theo")
    assert [len(part) for part in rows] == [2_250, 250, 500]
    assert set(names[rows.test]) == {"theo"}
    assert "theo" not in names[np.concatenate([rows.train, rows.valid])]
    assert np.unique(np.concatenate(rows)).tolist() == [*range(3_000)]


def test_strings_are_their_recordings_with_silence_between():
    given = recordings()
    config = StringConfig(2, 4, least_gap=0.01, most_gap=0.02, noise=0.0)
    strings = digit_strings(
        given, official_split(given, valid_takes=1).train, 30, config, seed=1
    )
    assert {len(one.digits) for one in strings} == {2, 3, 4}
    for one in strings:
        assert len({given.speakers[row] for row in one.rows}) == 1
        np.testing.assert_array_equal(one.digits, given.digits[one.rows])
        sound = one.waveform[one.waveform != 0]
        pieces = [given.waveform(row) for row in one.rows]
        np.testing.assert_array_equal(sound, np.concatenate(pieces))
        silence = len(one.waveform) - len(sound)
        assert 79 * (len(one.rows) + 1) < silence < 161 * (len(one.rows) + 1)
        assert not one.waveform[[0, -1]].any()


def test_strings_of_disjoint_rows_share_no_recording(real):
    found = real(load_fsdd)
    rows = official_split(found)
    used = [
        {
            row
            for one in digit_strings(found, part, 20, StringConfig(), seed=0)
            for row in one.rows
        }
        for part in rows
    ]
    for part, some in zip(rows, used, strict=True):
        assert some <= set(part.tolist())
    assert not (used[0] & used[2] or used[1] & used[2])


def test_a_seed_decides_the_strings_and_more_are_more_of_the_same():
    given = recordings()
    rows = np.arange(len(given.samples))
    few, more, other = (
        digit_strings(given, rows, count, StringConfig(), seed=seed)
        for count, seed in ((3, 0), (5, 0), (3, 1))
    )
    for one, same, another in zip(few, more, other, strict=False):
        np.testing.assert_array_equal(one.waveform, same.waveform)
        assert one.waveform.shape != another.waveform.shape
    noise = few[0].waveform[: int(0.05 * SAMPLE_RATE)]
    assert np.std(noise) == pytest.approx(1e-3, rel=0.2)
    assert few[0].waveform.dtype == np.float32


def test_counts_of_japanese_vowels(real):
    parts = real(load_japanese_vowels)
    assert [len(part.sequences) for part in parts.values()] == [270, 370]
    assert np.bincount(parts["train"].labels).tolist() == [30] * 9
    lengths = [len(one) for part in parts.values() for one in part.sequences]
    assert (min(lengths), max(lengths)) == (7, 29)
    first = parts["train"].sequences[0]
    assert first.shape == (20, 12)
    np.testing.assert_allclose(first[0, :2], [1.860936, -0.207383], rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@data\n1,2:v\n", "is no .ts file of classes: give one with a line"),
        ("@classLabel true u v\n@data\n", "is no .ts file of classes"),
        ("@classLabel true u v\n1,2:3:v\n", "has the line '1,2:3:v'"),
        ("@classLabel true u v\n1,?:v\n", "values must not miss"),
        ("@classLabel true u v\n1,2:w\n", "a class of u, v;"),
    ],
)
def test_a_bad_ts_file_is_one_line(tmp_path, text, message):
    path = tmp_path / "a.ts"
    path.write_text(text)
    with pytest.raises(ValueError) as error:
        read_ts(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: official_split(recordings(), valid_takes=2),
            "valid_takes must be from 0 to 1, got 2.",
        ),
        (
            lambda: speaker_split(recordings(), "eve"),
            "speaker must be one of ann, bob, got 'eve'.",
        ),
        (
            lambda: StringConfig(4, 3),
            "least and most must be 1 <= least <= most, got 4 and 3.",
        ),
        (
            lambda: StringConfig(least_gap=0.3),
            "least_gap and most_gap must be 0 <= least_gap <= most_gap, got 0.3 and "
            "0.25.",
        ),
        (
            lambda: StringConfig(noise=-1.0),
            "StringConfig: noise is -1.0; give 0 or a positive number.",
        ),
        (
            lambda: digit_strings(
                recordings(), np.array([], int), 1, StringConfig(), seed=0
            ),
            "rows is empty: give recordings to draw digits from.",
        ),
    ],
)
def test_what_is_wrong_is_said(make, message):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == message
