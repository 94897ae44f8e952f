"""A user's own wav files: read as they are, or refused in one line."""

import wave

import numpy as np
import pytest

from jlstm.data.audio_folder import load_audio_folder

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
    with pytest.raises(ValueError, match="has wav files in 1 sub-folders"):
        load_audio_folder(tmp_path)
    write(tmp_path / "no" / "b.wav", rate=16_000)
    with pytest.raises(
        ValueError, match=r"has 8000 samples a second, .* 16000; make all"
    ):
        load_audio_folder(tmp_path)
    (tmp_path / "no" / "b.wav").write_bytes(b"RIFF, not really")
    with pytest.raises(ValueError, match=r"b\.wav is no wav file that can be read"):
        load_audio_folder(tmp_path)


def test_a_width_that_is_not_read_is_refused(tmp_path):
    write(tmp_path / "yes" / "a.wav")
    path = tmp_path / "no" / "b.wav"
    path.parent.mkdir()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 3, 8_000, 0, "NONE", ""))
        file.writeframes(bytes(9))
    with pytest.raises(ValueError, match="has samples of 24 bit; convert it to 16 bit"):
        load_audio_folder(tmp_path)
