"""The speech tasks between the configuration and the report."""

import wave
from dataclasses import replace

import numpy as np
import pytest

from jlstm.data import Recordings, StringConfig
from jlstm.data.audio import AugmentConfig, LogMelConfig
from jlstm.data.synthetic.phones import PhoneConfig
from jlstm.tasks.classification.data import Part
from jlstm.tasks.classification.data import Prep as ClassPrep
from jlstm.tasks.speech import data
from jlstm.tasks.speech.baselines import score_baselines
from jlstm.tasks.speech.data import DataConfig, load
from jlstm.tasks.speech.experiment import Config, SpeechExperiment
from jlstm.tasks.speech.played import PLAYED, Recorded, played
from jlstm.tasks.speech.recognition_data import DataConfig as StringsConfig
from jlstm.tasks.speech.recognition_data import Prep
from jlstm.tasks.speech.recognition_data import load as load_strings
from jlstm.tasks.speech.recognition_objective import Recognized, Utterances
from jlstm.tasks.speech.recognition_report import (
    count_pairs,
    error_table,
    said_and_heard,
    shown_error,
)
from jlstm.tasks.speech.report import said_and_heard as heard_words
from jlstm.training.experiment import Loaded
from jlstm.training.report import page

FRONT = LogMelConfig(bands=8)


def tone(hz, length, seed):
    noise = 200 * np.random.default_rng(seed).normal(size=length)
    wave_ = 9_000 * np.sin(2 * np.pi * hz * np.arange(length) / 8_000)
    return (wave_ + noise).astype(np.int16)


def recordings():
    """Return two speakers and two digits, which rise and fall, in twelve takes."""
    keys = [(s, d, n) for s in ("ann", "bob") for d in (0, 1) for n in range(12)]
    samples = []
    for row, (_, digit, take) in enumerate(keys):
        halves = [tone(hz, 500 + 60 * (take % 2), row) for hz in (500, 2_000)]
        samples.append(np.concatenate(halves if digit else halves[::-1]))
    speakers, digits, takes = zip(*keys, strict=True)
    return Recordings(tuple(samples), np.array(digits), speakers, np.array(takes))


@pytest.fixture
def fsdd(monkeypatch):
    found = recordings()
    monkeypatch.setattr(data, "load_fsdd", lambda: found)
    monkeypatch.setattr("jlstm.tasks.speech.recognition_data.load_fsdd", lambda: found)


def test_splits_speeds_and_masks(fsdd):
    config = Config(
        data=DataConfig(speaker="bob", limit_train=6),
        front=FRONT,
        augment=AugmentConfig(speeds=(1.0, 2.0), time_masks=1, time_width=3),
    )
    made = SpeechExperiment.from_config(config)
    train = made.data.train
    assert len(train.sequences) == 12 and len(made.data.test.labels) == 24
    lengths = [len(one) for one in train.sequences]
    assert all(
        2 * fast < slow for slow, fast in zip(lengths[:6], lengths[6:], strict=True)
    )
    assert train.labels[:6].tolist() == train.labels[6:].tolist()
    task = made.task(made.data, {})
    totals = [sum(float(b.xs.sum()) for b in task.batches(n)) for n in (1, 2, 1)]
    assert totals[0] == totals[2] != totals[1]
    again = SpeechExperiment.from_config(config)
    assert made.identity(made.data) == again.identity(again.data)


def test_baselines_tell_rising_from_falling(fsdd):
    found = load(DataConfig(), FRONT, AugmentConfig())
    scores = score_baselines(found)
    assert len(scores) == 3 and all(s["test"] > 0.9 for s in scores.values())


def test_strings_of_digits_are_played_at_each_speed(fsdd):
    two = StringConfig(least=2, most=2, least_gap=0.05, most_gap=0.05)
    config = StringsConfig(train=3, valid=2, test=2, strings=two)
    found = load_strings(config, FRONT, AugmentConfig(speeds=(1.0, 0.5)))
    targets = [one.tolist() for one in found.train.targets]
    assert len(targets) == 6 and targets[:3] == targets[3:]
    assert set(np.concatenate(found.train.targets)) <= {1, 2}
    lengths = [len(one) for one in found.train.features]
    assert all(2 * a <= b for a, b in zip(lengths[:3], lengths[3:], strict=True))
    assert found.prep.symbols[:2] == ("0", "1") and found.prep.hop == 0.01


def test_phones_have_letters_and_no_seconds():
    config = StringsConfig(name="phones", train=3, valid=2, test=2)
    found = load_strings(config, FRONT, AugmentConfig())
    assert found.prep.symbols == tuple("abcdef") and found.prep.hop is None
    assert found.train.features[0].shape[1] == PhoneConfig().features


def test_a_folder_of_ones_own(tmp_path):
    for row in range(12):
        path = tmp_path / ("low" if row % 2 else "high") / f"{row}.wav"
        path.parent.mkdir(exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8_000, 0, "NONE", ""))
            file.writeframes(tone(300 if row % 2 else 3_000, 900, row).tobytes())
    config = Config(data=DataConfig("audio_folder", str(tmp_path)), front=FRONT)
    found = SpeechExperiment.from_config(config).data
    assert found.prep.classes == ("high", "low")
    assert [len(p.labels) for p in (found.train, found.valid, found.test)] == [10, 1, 1]


def folder_of(root, files, rate=8_000):
    for number, name in enumerate(files):
        path = root / name
        path.parent.mkdir(exist_ok=True, parents=True)
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            file.writeframes(tone(300 + number, 1200, number).tobytes())
    return str(root)


def test_no_speaker_is_in_two_parts_and_given_folders_are_taken(tmp_path, capsys):
    names = [f"{'ab'[n % 2]}/x/who{n % 4}_{n}.wav" for n in range(16)]
    path = folder_of(tmp_path / "all", names)
    config = DataConfig("audio_folder", path, group=r"(who\d)_")
    found = load(config, FRONT, AugmentConfig())
    assert [len(part.labels) for part in found.parts.values()] == [8, 4, 4]
    assert {len(set(part.labels)) for part in (found.valid, found.test)} == {1}
    assert "groups: train 2 (who" in (said := capsys.readouterr().out)
    assert "16 recordings, 2 classes (a, b), 8000 Hz" in said
    other = folder_of(tmp_path / "test", ["b/1.wav", "b/2.wav"], rate=16_000)
    config = DataConfig("audio_folder", path, test_path=other)
    found = load(config, FRONT, AugmentConfig())
    assert found.test.labels.tolist() == [1, 1]
    assert [len(part.labels) for part in found.parts.values()] == [14, 2, 2]
    assert "8000 Hz, 2 resampled (2 from 16000 Hz)" in capsys.readouterr().out
    strange = folder_of(tmp_path / "odd", ["c/1.wav"])
    with pytest.raises(
        ValueError, match=r"odd has a class 'c', which the run does not"
    ):
        load(replace(config, test_path=strange), FRONT, AugmentConfig())


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"path": "a"}, "data.path goes with data.name=audio_folder and only with it"),
        ({"name": "audio_folder", "path": "a", "speaker": "b"}, "only fsdd has named"),
        (
            {"limit_train": 0},
            "DataConfig: limit_train is 0; give a positive integer or None",
        ),
        ({"group": "(a)"}, "data.group goes with data.name=audio_folder"),
        ({"test_fraction": 0.95}, "give shares above 0 that leave something"),
    ],
)
def test_data_that_does_not_go_together_is_refused(options, line):
    with pytest.raises(ValueError, match=line):
        DataConfig(**options)


def test_the_last_row_is_invented_and_the_last_column_missed():
    said = Utterances([], [np.array([1, 2, 2]), np.array([1])])
    counts = count_pairs(said, [[1, 2], [2, 1]], 2)
    assert counts.tolist() == [[2, 0, 0], [0, 1, 1], [0, 1, 0]]


def test_the_table_of_errors():
    part = {"cer": 0.05, "beam_cer": 0.04}
    lines = error_table("BiLSTM", "cer", {"valid": part, "test": part}).splitlines()
    assert lines[0] == "| BiLSTM: character error rate (%) | valid | test |"
    assert lines[2:] == [
        "| greedy                           |  5.00 | 5.00 |",
        "| beam search                      |  4.00 | 4.00 |",
    ]
    assert shown_error({"cer": 0.1, "cer_members": [0.1, 0.1]}, "cer") == "10.00 ± 0.00"


def test_a_report_plays_some_recordings_and_says_what_was_heard():
    sounds = [np.full(4_000 * (n + 1), 0.5) for n in range(8)]
    said = Utterances([], [np.array([1 + n % 2]) for n in range(8)])
    prep = Prep(("no", "yes"), 1, 0.01)
    found = Recorded(prep, {"test": said}, waveforms=sounds, rate=800)
    answers = [[2, 1, 1] if n == 2 else [] if n == 5 else [1] for n in range(8)]
    captions = said_and_heard(found, Recognized(np.zeros(8), [], answers))
    assert list(captions) == [0, 4, 5, 2, 1, 3]  # the first, and the most edits
    assert captions[2] == "Said: no. Heard: yes no no."
    recordings = played(found, captions)
    assert recordings[0][0] == "Said: no. Heard: no."
    assert recordings[2][0] == "Said: yes. Heard: nothing. (the first 5 seconds)"
    assert {len(wav) for _, wav in recordings} == {44 + 2 * 5 * 800}
    assert page.sounds(recordings).count("<audio controls") == PLAYED
    assert played(Loaded(prep, {}), captions) == []


def test_the_surest_errors_are_played_next_to_the_first_recordings():
    labels, logits = (
        np.array([0, 1, 0, 0]),
        np.array([[1.0, 0], [1, 0], [0, 9], [2, 0]]),
    )
    part = Part([np.zeros((1, 1))] * 4, labels)
    captions = heard_words(Loaded.of_one(ClassPrep(("no", "yes")), part), logits)
    assert captions == {
        0: "Said: no. Heard: no.", 3: "Said: no. Heard: no.",
        2: "Said: no. Heard: yes.", 1: "Said: yes. Heard: no.",
    }  # fmt: skip
