"""Recordings with texts are read as they are meant, or refused in one line."""

import re
import wave

import jax
import numpy as np
import pytest

from jlstm.data import StringConfig
from jlstm.data.audio import LogMelConfig
from jlstm.data.batch_config import BatchConfig
from jlstm.metrics import error_rate
from jlstm.tasks.speech.recognition import Config, RecognizeExperiment
from jlstm.tasks.speech.recognition_data import DataConfig
from jlstm.tasks.speech.recognizer import RecognizerConfig
from jlstm.tasks.speech.transcripts import read_spoken
from jlstm.training.config.stack import StackConfig
from tests.tasks.speech.test_experiment import recordings

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
FRONT = LogMelConfig(bands=4)
DIGITS = tuple("0123456789")


def record(path, steps=900):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(steps).integers(-9_000, 9_000, steps, np.int16)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(noise.tobytes())


@pytest.fixture
def folder(tmp_path):
    record(tmp_path / "a.wav")
    record(tmp_path / "sub" / "b.wav", 1_000)
    return tmp_path


READ = {
    "commas": ("t.csv", "file,text\na.wav,3 5\nsub/b.wav,0\n", [[4, 6], [1]]),
    "tabs": ("t.tsv", "id\tTranscript\tPath\n7\t1\ta.wav\n", [[2]]),
    "semicolons": ("t.csv", '\ufefffile;text\n"a.wav";"9 9"\n\n', [[10, 10]]),
}


@pytest.mark.parametrize("what", READ)
def test_a_table_of_files_and_texts(what, folder, capsys):
    name, text, targets = READ[what]
    (folder / name).write_text(text, encoding="utf-8")
    found = read_spoken(folder / name, DIGITS, FRONT, join=1)
    assert [one.tolist() for one in found.targets] == targets
    assert len(found.features) == len(targets)
    assert f"read {name}: {len(targets)} recordings" in capsys.readouterr().out


def test_a_folder_for_each_text(tmp_path):
    for name in ("3 5", "0"):
        record(tmp_path / "all" / name / "x.wav")
    found = read_spoken(tmp_path / "all", DIGITS, FRONT, join=1)
    assert [one.tolist() for one in found.targets] == [[1], [4, 6]]


REFUSED = {
    "no text": ("file,words2\na.wav,3\n", "call one of them text"),
    "no file": ("recordings,text\na.wav,3\n", "call one of them file"),
    "no rows": ("file,text\n", "has no rows; give columns file and text"),
    "a row too wide": ("file,text\na.wav,3,5\n", "row 2 has not the cells"),
    "lost": ("file,text\nc.wav,3\na.wav,1\n", "1 of its 2 recordings are not there"),
    "unknown": ("file,text\na.wav,three\n", "a.wav has 'three': write what is said"),
    "empty": ("file,text\na.wav,\n", "The text of"),
    "short": (f"file,text\na.wav,{'1 ' * 9}\n", "9 symbols need 17; leave it out"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_scored_is_refused(what, folder):
    text, said = REFUSED[what]
    (folder / "t.csv").write_text(text)
    with pytest.raises((ValueError, OSError), match=re.escape(said)) as refused:
        read_spoken(folder / "t.csv", DIGITS, FRONT, join=1)
    assert "\n" not in str(refused.value)


@pytest.mark.slow
def test_the_score_is_that_of_the_predictions(folder, monkeypatch):
    monkeypatch.setattr(
        "jlstm.tasks.speech.recognition_data.load_fsdd", lambda: recordings()
    )
    strings = StringConfig(least=1, most=2)
    config = Config(
        data=DataConfig(train=2, valid=1, test=1, strings=strings),
        front=FRONT,
        model=RecognizerConfig(StackConfig("RNNCell", hidden_sizes=(3,)), join=1),
        batches=BatchConfig(2, 2, 1),
        beam=2,
    )
    made = RecognizeExperiment.from_config(config)
    assert len(made.data.waveforms) == 1 and made.data.rate == 8_000
    prep = made.data.prep
    model = made.task(made.data, {}).make_model(jax.random.key(0))
    (folder / "t.csv").write_text("file,text\na.wav,3 5\nsub/b.wav,0\n")
    new = made.read(folder / "t.csv", prep, labelled=True)
    heard = made.predict(model, made.read(folder, prep, labelled=False), prep)
    rate = error_rate([["3", "5"], ["0"]], [row["text"].split() for row in heard])
    scores = made.score(model, new, prep)
    assert set(scores) == {"loss", "wer", "beam_wer"} and scores["beam_wer"] == rate
