"""Piano rolls as Standard MIDI files, and back, by mido."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from jlstm.data.music import KEYS, LOWEST_MIDI_NOTE

Roll = UInt8[np.ndarray, "t 88"]
STEP_TICKS = 240
VELOCITY = 72


def write_midi(path: str | Path, roll: Roll, *, step_seconds: float = 0.4) -> None:
    """Write a piano roll as a Standard MIDI file of one track.

    A key that sounds in several steps on end becomes one long note: a roll does not say
    whether it is struck again.

    Args:
        path: of the file.
        roll: a row of 88 keys a step, 0 where a key is silent; the lowest is A0.
        step_seconds: how long a step lasts.

    Raises:
        ModuleNotFoundError: mido is not installed.
        ValueError: ``step_seconds`` is no length of time that a MIDI file can hold.

    Example:
        >>> import tempfile
        >>> roll = np.zeros((3, 88), np.uint8)
        >>> roll[:2, 39] = 1  # middle C, two steps
        >>> path = Path(tempfile.mkdtemp()) / "note.mid"
        >>> write_midi(path, roll)
        >>> bool((read_midi(path) == roll[:2]).all())
        True
    """
    import mido

    tempo = round(step_seconds * 1e6)
    if not 0 < tempo < 1 << 24:
        raise ValueError(
            f"step_seconds is {step_seconds}; give a length above 0 and below 16.7."
        )
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=tempo)])
    gap = 0
    for changes in _changes(roll):
        for key, on in changes:
            kind = "note_on" if on else "note_off"
            track.append(
                mido.Message(
                    kind, note=key + LOWEST_MIDI_NOTE, velocity=VELOCITY, time=gap
                )
            )
            gap = 0
        gap += STEP_TICKS
    # A beat is a step, so that a step of any length is written without rounding.
    mido.MidiFile(type=0, ticks_per_beat=STEP_TICKS, tracks=[track]).save(path)


def read_midi(path: str | Path) -> Roll:
    """Read what :func:`write_midi` has written, up to the last note.

    Raises:
        ModuleNotFoundError: mido is not installed.
        FileNotFoundError: nothing is at ``path``.
    """
    import mido

    (track,) = mido.MidiFile(path).tracks
    rows = sum(message.time for message in track) // STEP_TICKS
    roll = np.zeros((rows, KEYS), np.uint8)
    now = 0
    for message in track:
        now += message.time
        if message.type in ("note_on", "note_off"):
            key = message.note - LOWEST_MIDI_NOTE
            roll[now // STEP_TICKS :, key] = message.type == "note_on"
    return roll


def _changes(roll: Roll) -> list[list[tuple[int, bool]]]:
    """Return for each step, and behind the last, which keys go up or down.

    Those that go up come first, so that no player thinks of a key as struck twice.
    """
    silent = np.zeros((1, roll.shape[1]), np.int8)
    sounds = np.concatenate([silent, (roll > 0).astype(np.int8), silent])
    turns = np.diff(sounds, axis=0)
    return [
        [(int(key), False) for key in np.flatnonzero(turn < 0)]
        + [(int(key), True) for key in np.flatnonzero(turn > 0)]
        for turn in turns
    ]
