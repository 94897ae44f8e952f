"""The smallest experiment of each task: data that is made here, a model of 3 units."""

import wave

import numpy as np

from jlstm.data import CorpusConfig, ForecastConfig
from jlstm.data.audio import LogMelConfig
from jlstm.data.batch_config import BatchConfig
from jlstm.data.images import Images
from jlstm.data.synthetic.problem import ProblemConfig
from jlstm.data.translation import TranslationConfig, encode_pairs
from jlstm.nnx.transformer import TransformerConfig
from jlstm.tasks import TASKS
from jlstm.tasks.classification.data import DataConfig as LabelledConfig
from jlstm.tasks.classification.model import ClassifierConfig
from jlstm.tasks.forecasting.model_config import ForecasterConfig
from jlstm.tasks.forecasting.objective import WindowConfig
from jlstm.tasks.language.model import LanguageConfig
from jlstm.tasks.language.objective import StreamConfig
from jlstm.tasks.language.transformer_model import TransformerLanguageConfig
from jlstm.tasks.music.model import MusicConfig
from jlstm.tasks.speech.data import DataConfig as SoundConfig
from jlstm.tasks.speech.recognition_data import DataConfig as SpokenConfig
from jlstm.tasks.speech.recognizer import RecognizerConfig
from jlstm.tasks.synthetic.model import MemoryConfig
from jlstm.tasks.synthetic.objective import DrawConfig
from jlstm.tasks.tagging.model import TaggerConfig
from jlstm.tasks.tagging.read import DataConfig as TaggedConfig
from jlstm.tasks.translation.model_config import Seq2SeqConfig
from jlstm.tasks.translation.objective import PairBatchConfig
from jlstm.tasks.video.data import DataConfig as VideoDataConfig
from jlstm.tasks.video.model import VideoConfig
from jlstm.tasks.video.objective import ClipBatchConfig
from jlstm.training.config.stack import ImageStackConfig, StackConfig

ENCODER = StackConfig("RNNCell", hidden_sizes=(3,))
FEW = BatchConfig(batch_size=2, eval_batch=4, buckets=1)
LABELLED = "".join(f"{'good' if n % 2 else 'bad'}\tfilm number {n}\n" for n in range(9))
TAGGED = "The DT\ndog NN\n\nA DT\ncat NN\n\nDogs NN\n\nThe DT\nman NN\n"


def small(task, folder, monkeypatch, **options):
    """Return an experiment that was checked; its files are in a folder."""
    data, model, others = PARTS[task](folder, monkeypatch, **options)
    kind = TASKS[task]
    return kind.from_config(kind.Config(task=task, data=data, model=model, **others))


def _written(folder, name, text):
    path = folder / name
    path.write_text(text)
    return str(path)


def _language(folder, monkeypatch, **given):
    path = _written(folder, "a.txt", "to be or not\n" * 30)
    stream = StreamConfig(batch_size=2, window=8, valid_batch=2, test_batch=2)
    model = LanguageConfig(StackConfig("RNNCell", hidden_sizes=(3,)), embedding_size=2)
    return CorpusConfig("text", path=path, **given), model, {"stream": stream}


def _transformer(folder, monkeypatch):
    data, _, others = _language(folder, monkeypatch)
    layers = TransformerConfig(1, width=4, num_heads=1)
    return data, TransformerLanguageConfig(layers), others


def _classify(folder, monkeypatch):
    data = LabelledConfig("labelled_text", _written(folder, "a.tsv", LABELLED))
    return data, ClassifierConfig(ENCODER, embedding_size=2), {"batches": FEW}


def _memory(folder, monkeypatch):
    draw = DrawConfig(batch_size=2, updates=1, exam_batches=1)
    return (
        ProblemConfig(steps=6),
        MemoryConfig(stack=StackConfig("RNNCell", hidden_sizes=(3,))),
        {"draw": draw},
    )


def _ctc(folder, monkeypatch):
    data = SpokenConfig("phones", train=3, valid=2, test=2)
    return data, RecognizerConfig(ENCODER, join=1), {"batches": FEW, "beam": 2}


def _speech(folder, monkeypatch):
    noise = np.random.default_rng(0).integers(-9_000, 9_000, (6, 900), np.int16)
    for row, samples in enumerate(noise):
        path = folder / "ab"[row % 2] / f"{row}.wav"
        path.parent.mkdir(exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8_000, 0, "NONE", ""))
            file.writeframes(samples.tobytes())
    front = LogMelConfig(bands=4)
    data = SoundConfig("audio_folder", str(folder))
    return data, ClassifierConfig(ENCODER), {"front": front, "batches": FEW}


def _translation(folder, monkeypatch, units="words"):
    lines = ["Ein Hund.", "Zwei Hunde rennen."], ["A dog.", "Two dogs run."]
    texts = dict.fromkeys(("train", "val", "test_2016_flickr"), lines)
    monkeypatch.setattr(
        "jlstm.tasks.translation.experiment.load_multi30k",
        lambda config: encode_pairs(texts, config),
    )
    data = TranslationConfig(min_count=1, units=units, pieces=24)
    model = Seq2SeqConfig(ENCODER, ENCODER, embedding_size=2)
    return data, model, {"batches": PairBatchConfig(2, 2, ())}


def _tagging(folder, monkeypatch):
    path = _written(folder, "a.txt", TAGGED)
    data = TaggedConfig("tagged", path, valid_path=path, test_path=path, letters=4)
    model = TaggerConfig(ENCODER, "crf", embedding_size=2, letter_size=2)
    return data, model, {"batches": FEW}


def _forecast(folder, monkeypatch):
    days = np.datetime64("2024-01-01") + np.arange(60)
    lines = [f"{day},{n % 5 + n / 9:.3f}" for n, day in enumerate(days)]
    path = _written(folder, "a.csv", "\n".join(["day,sold", *lines]))
    model = ForecasterConfig(stack=ENCODER, normalize="last", head="quantile")
    data = ForecastConfig("csv", path, length=6, horizon=2)
    return data, model, {"batches": WindowConfig(2, 4)}


def _music(folder, monkeypatch):
    rng = np.random.default_rng(0)
    pieces = [(rng.random((n, 88)) < 0.1).astype(np.uint8) for n in (4, 6, 5, 7)]
    parts = {"train": pieces[:2], "valid": pieces[2:3], "test": pieces[3:]}
    monkeypatch.setattr("jlstm.tasks.music.experiment.load_music", lambda name: parts)
    config = TASKS["music"].Config()
    return config.data, MusicConfig(ENCODER), {"batches": FEW}


def digits(side):
    """Return the parts of a data set of small images."""
    rng = np.random.default_rng(0)
    levels = rng.integers(256, size=(3, 4, side, side)).astype(np.uint8)
    parts = (Images(own, np.zeros(4, np.uint8)) for own in levels)
    return dict(zip(("train", "valid", "test"), parts, strict=True))


def _video(folder, monkeypatch):
    monkeypatch.setattr("jlstm.tasks.video.experiment.load_mnist", lambda: digits(3))
    data = VideoDataConfig(
        size=8, seen=2, ahead=2, slowest=1.0, fastest=2.0, train=4, valid=2, test=3
    )
    model = VideoConfig(ImageStackConfig("ConvGRUCell", hidden_sizes=(3,)), patch=2)
    return data, model, {"batches": ClipBatchConfig(2, 4)}


PARTS = {
    "language": _language,
    "transformer": _transformer,
    "classify": _classify,
    "memory": _memory,
    "ctc": _ctc,
    "speech": _speech,
    "translation": _translation,
    "tagging": _tagging,
    "forecast": _forecast,
    "music": _music,
    "video": _video,
}
