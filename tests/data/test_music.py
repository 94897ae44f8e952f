"""Piano rolls: counts and the baselines that the literature's numbers stand on."""

import numpy as np
import pytest

from jlstm.data import load_music
from jlstm.data.music import (
    LOWEST_MIDI_NOTE,
    copy_baseline,
    independent_baseline,
    read_rolls,
)

COUNTS = {
    "jsb": (229, 76, 77),
    "nottingham": (694, 173, 170),
    "musedata": (524, 135, 124),
    "piano_midi": (87, 12, 25),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(real, name):
    parts = real(load_music, name)
    assert tuple(len(pieces) for pieces in parts.values()) == COUNTS[name]
    pieces = [piece for some in parts.values() for piece in some]
    assert {piece.shape[1] for piece in pieces} == {88}
    assert max(piece.max() for piece in pieces) == 1
    train = {piece.tobytes() for piece in parts["train"]}
    again = sum(piece.tobytes() in train for piece in parts["test"])
    assert again == (1 if name == "nottingham" else 0)  # upstream has it twice


@pytest.mark.parametrize(("name", "nats"), [("jsb", 11.09), ("nottingham", 10.26)])
def test_baselines_are_the_known_ones(real, name, nats):
    parts = real(load_music, name)
    found = independent_baseline(parts["train"], parts["test"])
    assert found == pytest.approx(nats, abs=5e-3)


def test_jsb_begins_with_a_chord(real):
    first = real(load_music, "jsb")["train"][0]
    assert first.shape == (129, 88)
    notes = np.flatnonzero(first[0]) + LOWEST_MIDI_NOTE
    assert notes.tolist() == [60, 72, 79, 88]


def test_baselines_of_a_piece_worked_out_by_hand():
    piece = np.zeros((3, 88), np.uint8)
    piece[:, 0] = 1
    # Key 0 sounds in 3 rows of 3, the others in none: (n + 1) / (3 + 2).
    assert independent_baseline([piece], [piece]) == pytest.approx(-88 * np.log(4 / 5))
    # 2 of 2 that sound go on, 174 of 174 that do not stay silent.
    nats = -np.log(3 / 4) - 87 * np.log(175 / 176)
    assert copy_baseline([piece], [piece]) == pytest.approx(nats)


def test_what_is_wrong_is_said(tmp_path):
    with pytest.raises(ValueError) as error:
        load_music("bach")
    assert str(error.value) == (
        "name must be one of jsb, nottingham, musedata, piano_midi, got 'bach'."
    )
    path = tmp_path / "a.mat"
    path.write_bytes(b"MATLAB" + bytes(200))
    with pytest.raises(ValueError, match="is not a MATLAB file with traindata"):
        read_rolls(path)
