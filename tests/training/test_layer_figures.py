"""The plots of what goes on inside a model, which every report shows."""

from types import SimpleNamespace

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm import Bidirectional, GRUCell, LSTMCell, Recurrent, RNNCell, Stack, unroll
from jlstm.analysis.layer_inputs import top_layer_inputs, trace_top
from jlstm.data import Corpus, Vocab
from jlstm.data.synthetic.problem import ProblemConfig, make_problem
from jlstm.data.windows import Windows
from jlstm.tasks.classification import report as classify
from jlstm.tasks.classification.data import Part
from jlstm.tasks.classification.model import Classifier, ClassifierConfig
from jlstm.tasks.forecasting import report as forecast
from jlstm.tasks.forecasting.model_config import ForecasterConfig, ForecastSizes
from jlstm.tasks.forecasting.objective import MODELS
from jlstm.tasks.language import report as language
from jlstm.tasks.language.model import LanguageConfig
from jlstm.tasks.music import report as music
from jlstm.tasks.music.model import MusicModel
from jlstm.tasks.speech import recognition_report as ctc
from jlstm.tasks.speech import report as speech
from jlstm.tasks.speech.recognition_data import Prep as Spoken
from jlstm.tasks.speech.recognizer import Recognizer, RecognizerConfig
from jlstm.tasks.synthetic import layer_figures as memory
from jlstm.tasks.synthetic.model import MemoryConfig, MemoryModel
from jlstm.tasks.tagging import report as tagging
from jlstm.tasks.tagging.data import Sentences
from jlstm.tasks.tagging.model import Tagger, TaggerConfig, TaggerSizes
from jlstm.tasks.translation import report as translation
from jlstm.tasks.translation.model import Seq2Seq
from jlstm.tasks.translation.model_config import Seq2SeqConfig
from jlstm.training.config.stack import StackConfig
from jlstm.training.experiment import Loaded
from jlstm.training.report import layer_figures as inside
from jlstm.training.report.layer_figures import (
    Example,
    draw_gates,
    last_output_norms,
    layer_figures,
)
from jlstm.wrappers import RecurrentDropout
from tests.quick import quick

pytestmark = pytest.mark.usefixtures("unchecked")  # stands-in for tasks have no type

CELL = LSTMCell(3)
ENCODER = StackConfig(hidden_sizes=(3,))
BOTH = StackConfig(hidden_sizes=(3,), bidirectional=True)
RNGS = nnx.Rngs(0)
NUMBERS = np.random.default_rng(1)
WORDS = ("a", "dog", "and", "a", "man")


@pytest.fixture
def drawn(monkeypatch):
    """Plots are neither drawn nor their gradients taken; the labels are noted."""
    noted, empty = [], SimpleNamespace(legends=[], axes=[])
    monkeypatch.setattr(
        inside, "plot_gates", lambda _, labels, *rest: noted.append(labels) or empty
    )
    monkeypatch.setattr(inside, "plot_lags", lambda panels: empty)
    monkeypatch.setattr(inside, "last_output_norms", lambda reading: {"h": np.ones(2)})
    return noted


def reading_of(layer, steps=4):
    key, data = jax.random.split(jax.random.key(2))
    params = jax.tree.map(
        lambda leaf: leaf + 0.2, layer.init(key, 2, jnp.float64)
    )  # random biases that are not zero
    xs = jax.random.normal(data, (steps, 1, 2))
    return params, xs, top_layer_inputs(layer, params, xs).row(0)


@pytest.mark.parametrize("connect", quick(["skip", "highway", "residual", "plain"], 2))
def test_what_enters_the_top_layer_makes_its_outputs(connect):
    layers = (Recurrent(LSTMCell(2)), Recurrent(GRUCell(2)))
    stack = Stack(layers, connect=connect)
    params, xs, reading = reading_of(stack)
    _, low = layers[0].apply(params[0], xs)
    entered = jnp.concatenate([xs, low], -1) if connect == "skip" else low
    np.testing.assert_allclose(reading.xs, entered[:, 0], rtol=1e-12)
    own = params[1].layer if connect == "highway" else params[1]
    chex.assert_trees_all_equal(reading.params, own)
    assert reading.cell == GRUCell(2) and not reading.both_ways


@pytest.mark.long
def test_of_two_directions_the_forward_one_is_read(drawn):
    layer = Stack((Bidirectional(RNNCell(2)), Bidirectional(CELL)))
    params, xs, reading = reading_of(layer)
    _, ys = layer.apply(params, xs)
    carries, _ = trace_top(reading)
    np.testing.assert_allclose(carries.h, ys[:, 0, :3], rtol=1e-12)
    captions = [caption for caption, _ in layer_figures(reading, of("abcd"))]
    assert all(text.endswith("the one that reads forwards.") for text in captions)


def test_a_top_layer_that_reads_backwards_is_refused():
    layer = Recurrent(CELL, reverse=True)
    with pytest.raises(TypeError, match="give a Recurrent that reads forwards"):
        reading_of(layer)


@pytest.mark.long
@pytest.mark.parametrize("cell", quick([RecurrentDropout(CELL, 0.5), CELL]))
def test_gradients_are_those_of_jax_grad(cell):
    _, _, (cell, params, xs, *_) = reading_of(Recurrent(cell), steps=5)
    found = last_output_norms(inside.LayerInputs(cell, params, xs))

    def last(carry, rest):
        return unroll(cell, params, rest, carry, backend="scan")[0].h.sum() / 3**0.5

    held, _ = unroll(cell, params, xs[:2], backend="scan")
    wanted = jax.grad(last)(held, xs[2:])
    for part in ("h", "c"):
        norm = jnp.linalg.norm(getattr(wanted, part))
        np.testing.assert_allclose(found[part][3], norm, rtol=1e-9)
    assert found["h"].shape == (6,) and found["h"][0] == pytest.approx(1.0)


def of(labels, **options):
    return Example("a text", "character", labels, **options)


def test_gates_are_sorted_by_the_one_that_keeps_and_cut_to_the_end():
    _, _, reading = reading_of(Recurrent(GRUCell(3)), steps=6)
    [(caption, figure)] = draw_gates(reading, of("abcdef", shown=4))
    assert caption == (
        "The top layer's gates at every character of a text (the last 4 of 6)."
    )
    z = np.asarray(trace_top(reading)[1].z)
    order = np.argsort(-z[-4:].mean(0))
    drawn = figure.axes[1].images[0].get_array()
    np.testing.assert_allclose(drawn, z[-4:, order].T, rtol=1e-6)
    assert [text.get_text() for text in figure.axes[2].get_xticklabels()] == [*"cdef"]


def test_a_cell_without_gates_has_the_gradients_alone():
    _, _, reading = reading_of(Recurrent(RNNCell(3)))
    [(caption, figure)] = layer_figures(reading, of("abcd"))
    assert "gradient" in caption and len(figure.axes) == 1
    wanted = last_output_norms(reading)["h"][1:]
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), wanted)
    assert 0 < figure.axes[0].get_ylim()[0] < wanted.min()


def test_labels_are_counted():
    _, _, reading = reading_of(Recurrent(CELL))
    with pytest.raises(ValueError, match="3 labels for 4 steps; give one per step"):
        layer_figures(reading, of("abc"))


def language_plots():
    text = "to be or not\n" * 30
    vocab = Vocab.from_text(text, "char")
    ids = vocab.encode(text)
    config = LanguageConfig(StackConfig(hidden_sizes=(3,)), embedding_size=2)
    return language.layer_plots(
        config.make(len(vocab), RNGS), Corpus("text", ids, ids, None, vocab)
    )


def labelled(*part):
    prep = SimpleNamespace(classes=("bad", "good"))
    return Loaded(prep, {"test": Part(*part)})


def classify_plots():
    config = ClassifierConfig(BOTH, embedding_size=2)
    model = Classifier(config, 2, vocab_size=9, rngs=RNGS)
    data = labelled([np.arange(5, dtype=np.int32)], np.array([1]), (WORDS,))
    return classify.layer_plots(model, data)


def speech_plots():
    model = Classifier(ClassifierConfig(ENCODER), 2, input_size=4, rngs=RNGS)
    frames = NUMBERS.normal(size=(9, 4)).astype(np.float32)
    return speech.layer_plots(
        model, labelled([frames], np.array([1])), SimpleNamespace(hop=0.01)
    )


def ctc_plots():
    model = Recognizer(RecognizerConfig(BOTH, join=2), 2, 4, rngs=RNGS)
    frames = NUMBERS.normal(size=(9, 4)).astype(np.float32)
    said = SimpleNamespace(features=[frames], targets=[np.array([2, 1])])
    return ctc.layer_plots(model, Loaded(Spoken(("x", "y"), 4, 0.01), {"test": said}))


def tagging_plots():
    sizes = TaggerSizes(9, 9, tags=3, marks=9)
    config = TaggerConfig(BOTH, embedding_size=2, letter_size=2)
    tagged = SimpleNamespace(sentences=[WORDS], tags=[("D", "N", "C", "D", "N")])
    numbers = NUMBERS.integers(1, 9, size=(5, 7)).astype(np.int32)
    test = Sentences(SimpleNamespace(tagged=tagged), [numbers])
    data = Loaded(None, {"test": test})
    return tagging.layer_plots(Tagger(config, sizes, rngs=RNGS), data)


def translation_plots():
    config = Seq2SeqConfig(BOTH, ENCODER, embedding_size=2)
    vocab = SimpleNamespace(symbols=WORDS)
    pairs = SimpleNamespace(sources=[np.array([1, 2, 4], np.int32)])
    corpus = SimpleNamespace(parts={"test": pairs}, source_vocab=vocab)
    model = Seq2Seq(config, 5, 5, rngs=RNGS)
    return translation.layer_plots(model, translation.Examples(corpus, "test", {}))


def forecast_plots(kind="direct", **options):
    config = ForecasterConfig(kind, ENCODER, **options)
    windows = Windows(NUMBERS.normal(size=(30, 2)), 10, 30, 8, 2, (0, 1))
    model = MODELS[kind](config, ForecastSizes(8, 2, 2, (0, 1)), rngs=RNGS)
    dates = tuple(f"day-{n}" for n in range(30))
    series = SimpleNamespace(dates=dates)
    task = SimpleNamespace(
        forecast=SimpleNamespace(test=windows, series=series), model=config
    )
    return forecast.layer_plots(task, model)


def music_plots():
    model = MusicModel(ENCODER.make_stack(), rngs=RNGS)
    return music.layer_plots(model, (NUMBERS.random((9, 88)) < 0.1).astype(np.uint8))


def memory_plots(**options):
    problem = make_problem(ProblemConfig("temporal_order", steps=20))
    config = MemoryConfig(stack=StackConfig(hidden_sizes=(8,)), **options)
    model = MemoryModel(problem.inputs, problem.outputs, config, rngs=RNGS)
    return memory.layer_plots(model, problem)


TASKS = {
    language_plots: "held-out text (the last 72 of 2",
    classify_plots: "every word of a test example of class good; of the two",
    speech_plots: "every frame of a test recording of good.",
    ctc_plots: "every step of a test utterance (y x); of the two",
    tagging_plots: "every word of a test sentence (with its true tags); of the two",
    translation_plots: "every word of a source sentence (test, 1) in the encoder",
    forecast_plots: "every step of a test window.",
    music_plots: "every step of the first test piece (below, its bass)",
    memory_plots: "every step of a new sequence.",
}


@pytest.mark.parametrize("plots", TASKS, ids=lambda make: make.__name__)
def test_each_task_shows_gates_and_gradients(plots, drawn):
    gates, gradients = (caption for caption, _ in plots())
    assert "The top layer's gates at" in gates and TASKS[plots] in gates
    assert "the norm of the gradient" in gradients
    assert len(drawn[0]) >= 3 and any(drawn[0])


def test_steps_of_a_window_are_those_that_enter_the_layer(drawn):
    forecast_plots(patch=4)
    forecast_plots("deepar", lags=(1, 3))
    forecast_plots("decoder")
    days = [[f"day-{n}" for n in (2, 6)], [f"day-{n}" for n in range(5, 10)]]
    assert drawn[:2] == days and drawn[2] == [f"day-{n}" for n in range(2, 10)]


def test_what_is_not_recurrent_has_no_plots():
    assert memory_plots(kind="transformer") == []
    assert forecast_plots("nlinear") == []
