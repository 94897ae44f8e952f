"""Piano rolls as Standard MIDI files, and back.

A file of format 0: a header, and one track of events, each after the ticks that pass
before it. Source: MIDI Manufacturers Association, "Standard MIDI files 1.0", 1988.
"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Integer, Shaped, UInt8

from jlstm._internal.files import write_atomically
from jlstm.data.music import KEYS, LOWEST_MIDI_NOTE

STEP_TICKS = 240
VELOCITY = 72
MOST_STEPS = 1 << 22
"""Of a file that is read: a few bytes can stand for a silence of any length."""
NOTE_OFF, NOTE_ON, META = 0x80, 0x90, 0xFF
TEMPO, END = 0x51, 0x2F


class Event(NamedTuple):
    """A key that goes down or up, so many ticks after the event before it."""

    ticks: int
    key: int
    is_on: bool


def write_midi(
    path: str | Path, roll: Shaped[np.ndarray, "..."], *, step_seconds: float = 0.4
) -> None:
    """Write a piano roll as a Standard MIDI file of one track.

    A key that sounds in several steps on end becomes one long note: a roll does not say
    whether it is struck again.

    Args:
        path: of the file.
        roll: one row of 88 keys per step, 0 where a key is silent and 1 where it
            sounds, or booleans; the lowest is A0.
        step_seconds: how long a step lasts.

    Raises:
        ValueError: the roll is not of 88 keys, or holds other numbers than 0 and 1, or
            ``step_seconds`` is no length of time that a MIDI file can hold.

    Example:
        >>> import tempfile
        >>> roll = np.zeros((3, 88), np.uint8)
        >>> roll[:2, 39] = 1  # middle C, two steps
        >>> path = Path(tempfile.mkdtemp()) / "note.mid"
        >>> write_midi(path, roll)
        >>> bool((read_midi(path) == roll[:2]).all())
        True
    """
    if not 5e-7 < step_seconds < ((1 << 24) - 0.5) / 1e6:
        raise ValueError(
            f"step_seconds is {step_seconds}; give a length above 0 and below 16.7."
        )
    # A beat is a step, so that a step of any length is written without rounding.
    tempo = round(step_seconds * 1e6)
    roll = _checked(roll)
    track = bytes([0, META, TEMPO, 3]) + tempo.to_bytes(3, "big")
    for ticks, key, is_on in _events(roll):
        status = NOTE_ON if is_on else NOTE_OFF
        note = bytes([status, key + LOWEST_MIDI_NOTE, VELOCITY])
        track += write_number(ticks) + note
    track += bytes([0, META, END, 0])
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, STEP_TICKS)
    content = header + b"MTrk" + struct.pack(">I", len(track)) + track
    write_atomically(Path(path), content)


def _checked(roll: Shaped[np.ndarray, "..."]) -> UInt8[np.ndarray, "t 88"]:
    """Return a roll of 0 and 1, or refuse what is no such roll."""
    roll = np.asarray(roll)
    if roll.ndim != 2 or roll.shape[1] != KEYS:
        raise ValueError(f"roll has shape {roll.shape}; {_shape_advice(roll.shape)}")
    if roll.dtype == bool:
        return roll.astype(np.uint8)
    if not np.issubdtype(roll.dtype, np.number):
        raise ValueError(f"roll holds {roll.dtype}; give numbers 0 and 1.")
    odd = ~np.isin(roll, (0, 1))
    if odd.any():
        step, key = np.argwhere(odd)[0]
        raise ValueError(
            f"roll is {roll[step, key]} at step {step}, key {key}; give 0 where a key "
            "is silent and 1 where it sounds, such as `roll > 0` of velocities or "
            "`roll > 0.5` of probabilities."
        )
    return roll.astype(np.uint8)


def _shape_advice(shape: tuple[int, ...]) -> str:
    first, last = LOWEST_MIDI_NOTE, LOWEST_MIDI_NOTE + KEYS
    if len(shape) == 2 and shape[1] == 128:
        return (
            f"of 128 pitches give the {KEYS} keys of a piano: roll[:, {first}:{last}]."
        )
    if len(shape) == 2 and shape[0] == 128:
        return f"give steps by the {KEYS} keys of a piano: roll[{first}:{last}].T."
    if len(shape) == 2 and shape[0] == KEYS:
        return f"give steps by {KEYS} keys: roll.T."
    return f"give steps by {KEYS} keys, (steps, {KEYS})."


def read_midi(path: str | Path) -> UInt8[np.ndarray, "t 88"]:
    """Read what :func:`write_midi` has written, up to the end of the last note.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: the file was written by something else.
    """
    data = Path(path).read_bytes()
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, STEP_TICKS) + b"MTrk"
    if not data.startswith(header):
        raise ValueError(f"{path} is no MIDI file that write_midi has written.")
    track = data[len(header) + 4 :]
    try:
        is_whole = struct.pack(">I", len(track)) == data[len(header) :][:4]
        events = list(_read_events(track)) if is_whole else []
    except IndexError:
        is_whole = False
    if not is_whole:
        raise ValueError(f"{path} is cut off or damaged: write it again.")
    odd = next((e.key for e in events if not 0 <= e.key < KEYS), None)
    if odd is not None:
        raise ValueError(
            f"{path} has the note {odd + LOWEST_MIDI_NOTE}, outside of the {KEYS} keys "
            "of a piano: it was not written by write_midi."
        )
    steps = sum(e.ticks for e in events) // STEP_TICKS
    if steps > MOST_STEPS:
        raise ValueError(
            f"{path} has {steps:,} steps, {MOST_STEPS:,} at most are read: cut it."
        )
    return _roll(events, steps)


def _roll(events: Iterable[Event], steps: int) -> UInt8[np.ndarray, "t 88"]:
    """Return which keys sound; one that does not go up sounds to the end."""
    roll = np.zeros((steps, KEYS), np.uint8)
    down: dict[int, int] = {}
    now = 0
    for ticks, key, is_on in events:
        now += ticks
        place = now // STEP_TICKS
        roll[down.pop(key, place) : place, key] = 1
        if is_on:
            down[key] = place
    for key, place in down.items():
        roll[place:, key] = 1
    return roll


def write_number(number: int) -> bytes:
    """Return a number as MIDI has it: seven bits a byte, the last one without a mark.

    Example:
        >>> [write_number(n).hex() for n in (0, 127, 128, 0x3FFF, 0x4000)]
        ['00', '7f', '8100', 'ff7f', '818000']
    """
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


def read_number(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at a place, and the place after it.

    Example:
        >>> read_number(bytes.fromhex("00818000"), 1)
        (16384, 4)
    """
    number = 0
    while data[at] & 0x80:
        number = number << 7 | data[at] & 0x7F
        at += 1
    return number << 7 | data[at], at + 1


def _events(roll: Integer[np.ndarray, "t k"]) -> Iterator[Event]:
    """Yield which keys go up and down; at one moment, those that go up first."""
    silent = np.zeros((1, roll.shape[1]), np.int8)
    sounds = np.concatenate([silent, (roll > 0).astype(np.int8), silent])
    ticks = 0
    for turn in np.diff(sounds, axis=0):
        for sign in (-1, 1):
            for key in np.flatnonzero(turn == sign):
                yield Event(ticks, int(key), sign > 0)
                ticks = 0
        ticks += STEP_TICKS


def _read_events(track: bytes) -> Iterator[Event]:
    """Yield the keys that go down and up in a track."""
    at = 0
    while at < len(track):
        ticks, at = read_number(track, at)
        status, second = track[at], track[at + 1]
        if status == META:  # tempo or end: a kind, a size and as many bytes
            at += 3 + track[at + 2]
            continue
        yield Event(ticks, second - LOWEST_MIDI_NOTE, status == NOTE_ON)
        at += 3
