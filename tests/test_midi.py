"""A piano roll written as MIDI is the same when it is read back."""

import mido
import numpy as np
import pytest

from jlstm.midi import read_midi, write_midi

ROLL = (np.random.default_rng(0).random((20, 88)) < 0.3).astype(np.uint8)
ROLL[-1, 5] = 1


def test_a_roll_comes_back(tmp_path):
    path = tmp_path / "piece.mid"
    write_midi(path, ROLL)
    np.testing.assert_array_equal(read_midi(path), ROLL)


def test_any_player_hears_the_same(tmp_path):
    path = tmp_path / "piece.mid"
    write_midi(path, ROLL, step_seconds=0.25)
    assert path.read_bytes()[:4] == b"MThd"
    file = mido.MidiFile(path)
    assert file.type == 0 and file.length == pytest.approx(20 * 0.25)
    now, struck = 0.0, []
    for message in file:  # in seconds
        now += message.time
        if message.type == "note_on":
            struck.append((round(now / 0.25), message.note))
    before = np.vstack([np.zeros((1, 88), np.uint8), ROLL[:-1]])
    expected = [(int(t), int(k) + 21) for t, k in np.argwhere(before < ROLL)]
    assert struck == expected


def test_silence_before_the_first_note_is_kept(tmp_path):
    roll = np.zeros((4, 88), np.uint8)
    roll[2, 0] = roll[3, 87] = 1
    path = tmp_path / "late.mid"
    write_midi(path, roll)
    np.testing.assert_array_equal(read_midi(path), roll)


@pytest.mark.parametrize("seconds", [0.0, 17.0])
def test_an_impossible_tempo_is_refused(tmp_path, seconds):
    line = f"step_seconds is {seconds}; give a length above 0 and below 16.7"
    with pytest.raises(ValueError, match=line):
        write_midi(tmp_path / "a.mid", ROLL, step_seconds=seconds)
