"""A piano roll written as MIDI is the same when it is read back."""

import numpy as np
import pytest

from jlstm.midi import read_midi, read_number, write_midi, write_number

ROLL = (np.random.default_rng(0).random((20, 88)) < 0.3).astype(np.uint8)
ROLL[-1, 5] = 1


def test_a_roll_comes_back(tmp_path):
    path = tmp_path / "piece.mid"
    write_midi(path, ROLL)
    np.testing.assert_array_equal(read_midi(path), ROLL)


def test_the_bytes_are_those_of_the_standard(tmp_path):
    roll = np.zeros((3, 88), np.uint8)
    roll[1:, 39] = roll[:1, 43] = 1
    path = tmp_path / "two.mid"
    write_midi(path, roll, step_seconds=0.5)
    expected = """
        4d546864 00000006 0000 0001 00f0      MThd: format 0, 1 track, 240 ticks a beat
        4d54726b 0000001d                     MTrk: 29 bytes
        00 ff5103 07a120                      tempo: 500 000 microseconds a beat
        00 90 40 48                           E4 down
        8170 80 40 48                         after 240 ticks E4 up
        00 90 3c 48                           C4 down
        8360 80 3c 48                         after 480 ticks C4 up
        00 ff2f00                             end
    """
    codes = "".join(line[:46] for line in expected.splitlines())
    assert path.read_bytes() == bytes.fromhex(codes)


def test_silence_before_the_first_note_is_kept(tmp_path):
    roll = np.zeros((400, 88), np.uint8)
    roll[398, 0] = roll[399, 87] = 1
    path = tmp_path / "late.mid"
    write_midi(path, roll)
    np.testing.assert_array_equal(read_midi(path), roll)


@pytest.mark.parametrize("number", [0, 127, 128, 8192, 0x0FFFFFFF])
def test_a_number_comes_back(number):
    written = write_number(number)
    assert read_number(b"\x00" + written, 1) == (number, 1 + len(written))


@pytest.mark.parametrize("seconds", [0.0, 17.0])
def test_an_impossible_tempo_is_refused(tmp_path, seconds):
    line = f"step_seconds is {seconds}; give a length above 0 and below 16.7"
    with pytest.raises(ValueError, match=line):
        write_midi(tmp_path / "a.mid", ROLL, step_seconds=seconds)


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "a.mid"
    path.write_bytes(b"RIFF")
    with pytest.raises(ValueError, match="is no MIDI file that write_midi has written"):
        read_midi(path)
