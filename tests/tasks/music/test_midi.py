"""A piano roll written as MIDI is the same when it is read back."""

import numpy as np
import pytest

from jlstm.tasks.music.midi import read_midi, read_number, write_midi, write_number

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


@pytest.mark.parametrize("kind", [bool, np.int8, np.int64, np.float32, np.float64])
def test_zeros_and_ones_of_any_type_are_a_roll(tmp_path, kind):
    write_midi(tmp_path / "a.mid", ROLL.astype(kind))
    write_midi(tmp_path / "b.mid", ROLL)
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


@pytest.mark.parametrize(
    ("roll", "line"),
    [
        (
            np.zeros((4, 128)),
            r"shape (4, 128); of 128 pitches give the 88 keys of a pia",
        ),
        (np.zeros((128, 4)), "give steps by the 88 keys of a piano: roll[21:109].T."),
        (np.zeros((88, 4)), "give steps by 88 keys: roll.T."),
        (np.zeros(88), "roll has shape (88,); give steps by 88 keys, (steps, 88)."),
        (np.zeros((1, 4, 88)), "give steps by 88 keys, (steps, 88)."),
        (
            np.full((2, 88), 0.01),
            "roll is 0.01 at step 0, key 0; give 0 where a key",
        ),
        (np.full((2, 88), 90), "such as `roll > 0` of velocities"),
        (np.full((2, 88), -1), "roll is -1 at step 0"),
        (np.full((2, 88), np.nan), "roll is nan at step 0"),
        (np.full((2, 88), np.inf), "roll is inf at step 0"),
        (np.full((2, 88), "a"), "roll holds <U1; give numbers 0 and 1."),
    ],
)
def test_what_is_no_roll_is_refused_and_nothing_written(tmp_path, roll, line):
    path = tmp_path / "a.mid"
    with pytest.raises(ValueError) as error:
        write_midi(path, roll)
    assert line in str(error.value) and not path.exists()


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0, 16.8, 1e-9])
def test_a_step_of_no_length_is_refused(tmp_path, seconds):
    with pytest.raises(ValueError, match=r"give a length above 0 and below 16\.7"):
        write_midi(tmp_path / "a.mid", ROLL, step_seconds=seconds)


@pytest.mark.long
def test_a_damaged_file_is_refused_in_one_line(tmp_path):
    path = tmp_path / "a.mid"
    write_midi(path, ROLL)
    whole = path.read_bytes()
    for cut in range(22, len(whole) - 4):
        path.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match="is cut off or damaged"):
            read_midi(path)
    path.write_bytes(whole.replace(bytes([0x90, 60]), bytes([0x90, 127])))
    with pytest.raises(ValueError, match="has the note 127"):
        read_midi(path)
