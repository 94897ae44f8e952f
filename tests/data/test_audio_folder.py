"""A user's own recordings: read as they are, or refused in one line."""

import struct
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from jlstm.data.audio_folder import load_audio_folder, read_sound, resampled
from tests.messages import message_of

SAMPLES = np.array([0, 16_384, -32_768, 32_767], "<i2")


def write(path, samples=SAMPLES, rate=8_000, channels=1):
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, samples.itemsize, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


def test_folders_are_classes_and_samples_reach_from_minus_one_to_one(tmp_path):
    write(tmp_path / "yes" / "a.wav")
    write(tmp_path / "no" / "b.wav", np.array([128, 255, 0], "u1"))
    write(tmp_path / "no" / "c.wav", np.repeat(SAMPLES, 2) // 2, channels=2)
    found = load_audio_folder(tmp_path)
    assert found.classes == ("no", "yes") and found.labels.tolist() == [0, 0, 1]
    assert found.sample_rate == 8_000
    eight, stereo, mono = found.waveforms
    np.testing.assert_allclose(mono, [0, 0.5, -1, 32_767 / 32_768])
    np.testing.assert_allclose(eight, [0, 127 / 128, -1])
    np.testing.assert_allclose(stereo, [0, 0.25, -0.5, 16_383 / 32_768])
    assert all(one.dtype == np.float32 for one in found.waveforms)


def test_what_is_no_folder_of_classes_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="is no folder; give one with a folder"):
        load_audio_folder(tmp_path / "none")
    write(tmp_path / "yes" / "a.wav")
    with pytest.raises(ValueError, match="has recordings in 1 sub-folders"):
        load_audio_folder(tmp_path)
    write(tmp_path / "no" / "b.wav", rate=16_000)
    with pytest.raises(
        ValueError, match=r"has 8000 samples per second, 1 of the 2 .* 16000; make all"
    ):
        load_audio_folder(tmp_path)
    (tmp_path / "no" / "b.wav").write_bytes(b"RIFF, not really")
    with pytest.raises(ValueError, match=r"b\.wav is no recording that can"):
        load_audio_folder(tmp_path)


def wav(tag, width, data, rate=8_000, channels=1, extra=b""):
    form = struct.pack(
        "<HHIIHH", tag, channels, rate, rate * width, width * channels, 8 * width
    )
    form += extra
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


PCM = bytes.fromhex("0100000000001000800000aa00389b71")
EXTENSIBLE = struct.pack("<HHI", 22, 24, 0) + PCM


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (wav(3, 4, struct.pack("<3f", 0, 0.5, -0.25)), [0, 0.5, -0.25]),
        (wav(3, 8, struct.pack("<3d", 0, 0.5, -0.25)), [0, 0.5, -0.25]),
        (wav(1, 3, b"\0\0\0\0\0\x40\0\0\x80"), [0, 0.5, -1]),
        (wav(1, 4, struct.pack("<2i", 1 << 30, -(1 << 31))), [0.5, -1]),
        (wav(0xFFFE, 3, b"\0\0\x40", extra=EXTENSIBLE), [0.5]),
        (wav(1, 1, bytes([128, 255, 0, 64]), channels=2), [127 / 256, -0.75]),
        (wav(1, 2, struct.pack("<4h", 16384, 0, 0, 0), channels=2), [0.25, 0]),
        (wav(7, 1, b"\xff\x80"), [0, 32_124 / 32_768]),  # mu-law
    ],
)
def test_samples_of_all_kinds(tmp_path, content, wanted):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    samples, rate = read_sound(path)
    assert rate == 8_000 and samples.dtype == np.float32
    np.testing.assert_allclose(samples, wanted, atol=1e-6)


@pytest.mark.parametrize("kind", ["flac", "ogg", "mp3", "aiff"])
def test_other_formats_are_read(tmp_path, kind):
    import soundfile

    wave_ = np.sin(np.arange(8_000) / 9).astype(np.float32) / 2
    soundfile.write(tmp_path / f"a.{kind}", wave_, 8_000)
    samples, rate = read_sound(tmp_path / f"a.{kind}")
    assert rate == 8_000
    exact = kind in ("flac", "aiff")
    error = np.abs(samples[500:7000] - wave_[500:7000]).max() if exact else 0
    assert error < 1e-4 and 0.3 < samples.std() < 0.4


@pytest.mark.parametrize(
    ("files", "read", "line"),
    [
        (["yes/a.wav", "no/b.WAV"], 2, "2 recordings, 2 classes (no, yes), 8000 Hz"),
        (["yes/a.wav", "no/ann/b.wav", "no/bob/deep/c.wav"], 3, "3 recordings"),
        (["yes/a.wav", "no/b.wav", "no/._b.wav", ".x/c.wav"], 2, "2 hidden"),
        (["yes/a.wav", "no/b.wav", "no/b.txt", "read"], 2, "1 .txt, 1 without ending"),
    ],
)
def test_what_is_left_out_is_counted(tmp_path, files, read, line):
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path / file)
    found = load_audio_folder(tmp_path)
    assert len(found.labels) == read and line in found.read


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("no/b.wav", b"", "is empty: take it out"),
        ("no/b.wav", wav(1, 2, b""), "holds no samples"),
        ("no/b.wav", wav(3, 4, struct.pack("<f", np.nan)), "that are no numbers"),
        ("no/b.wav", wav(1, 2, bytes(8))[:30], "is no recording that can be read"),
        ("no/b.wav", b"not a sound at all", "is no recording that can be read"),
        ("no/b.flac", b"fLaC, not really", "is no recording that can be read"),
        ("no/b.mp3", b"", "is empty"),
        ("no/b.m4a", b"1", "is of a format that is not read: convert it"),
        ("b.wav", wav(1, 2, bytes(8)), "lies in no folder of a class"),
    ],
)
def test_a_recording_that_is_none_is_named(tmp_path, name, content, line):
    write(tmp_path / "yes" / "a.wav")
    write(tmp_path / "no" / "a.wav")
    (tmp_path / name).write_bytes(content)
    message = message_of(ValueError, lambda: load_audio_folder(tmp_path))
    assert line in message and Path(name).name in message


def test_without_soundfile_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    write(tmp_path / "a.wav")
    message = message_of(ModuleNotFoundError, lambda: read_sound(tmp_path / "a.wav"))
    assert message == 'soundfile is not installed: pip install "jlstm[train]"'


def test_a_recording_that_was_cut_off_gives_what_is_there(tmp_path):
    """Whole samples of all channels; what the header promises is not believed."""
    content = wav(1, 2, struct.pack("<6h", *range(0, 6 << 10, 1 << 10)), channels=2)
    for cut, wanted in ((1, 2), (4, 2), (5, 1)):
        (tmp_path / "a.wav").write_bytes(content[:-cut])
        samples, _ = read_sound(tmp_path / "a.wav")
        np.testing.assert_array_equal(samples, [1 / 64, 5 / 64][:wanted])


def test_what_stands_around_the_samples_is_passed_over(tmp_path):
    """A chunk of an odd size is followed by a byte of padding."""
    before, after = wav(3, 4, struct.pack("<f", 0.5)).split(b"data")
    note = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    (tmp_path / "a.wav").write_bytes(before + note + b"data" + after + note)
    assert read_sound(tmp_path / "a.wav")[0].tolist() == [0.5]


@pytest.mark.parametrize(("rate", "wanted"), [(44_100, 16_000), (8_000, 16_000)])
def test_a_tone_stays_that_tone_at_another_rate(rate, wanted):
    def tone(rate):
        return np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32)

    found = resampled(tone(rate), rate, wanted)
    assert found.shape == (wanted,) and found.dtype == np.float32
    inner = slice(wanted // 10, -wanted // 10)  # no edge of the filter
    np.testing.assert_allclose(found[inner], tone(wanted)[inner], atol=3e-3)


def test_what_is_above_half_the_new_rate_is_filtered_out():
    high = np.sin(2 * np.pi * 9_000 * np.arange(44_100) / 44_100).astype(np.float32)
    assert np.abs(resampled(high, 44_100, 8_000)[400:-400]).max() < 0.01


def test_recordings_of_several_rates_are_brought_to_one(tmp_path):
    long = np.tile(SAMPLES, 400)
    write(tmp_path / "yes" / "a.wav", long, 8_000)
    write(tmp_path / "no" / "b.wav", long, 44_100)
    found = load_audio_folder(tmp_path, 16_000)
    assert [len(one) for one in found.waveforms] == [581, 3_200]
    assert found.sample_rate == 16_000 and found.read.endswith(
        "16000 Hz, 2 resampled (1 from 8000 Hz, 1 from 44100 Hz)"
    )
