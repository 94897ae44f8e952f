"""The language task between the configuration and the report."""

import dataclasses
import math

import pytest
from flax import nnx

from jlstm.data import Corpus, CorpusConfig, Vocab
from jlstm.tasks.language.data import check_streams
from jlstm.tasks.language.experiment import Config, LanguageExperiment
from jlstm.tasks.language.gates import SHOWN, read_line
from jlstm.tasks.language.model import LanguageConfig, LanguageModel
from jlstm.tasks.language.ngrams import count_ngrams
from jlstm.tasks.language.objective import StreamConfig
from jlstm.tasks.language.report import verdict_of
from jlstm.tasks.language.show import SampleConfig, draw_samples, score_table
from jlstm.training.baselines import kneser_ney_bigram_nll, unigram_nll, witten_bell_nll
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import TrainConfig

TEXT = "".join(f"{n} squared is {n * n}\n" for n in range(60))
SUMMARY = {
    "valid": {"loss": math.log(120.0)},
    "test": {"loss": math.log(110.0)},
    "baselines": {
        "unigram": {"valid": math.log(600.0), "test": math.log(640.0)},
        "KN bigram": {"valid": math.log(200.0), "test": math.log(186.5)},
    },
}


def corpus(level="char", test=True, text=TEXT):
    vocab = Vocab.from_text(text, level)
    ids = vocab.encode(text)
    third = len(ids) // 3
    parts = ids[:third], ids[third : 2 * third], ids[2 * third :] if test else None
    return Corpus("text", *parts, vocab)


def model(data, cell="LSTMCell"):
    config = LanguageConfig(StackConfig(cell, hidden_sizes=(4,)), embedding_size=3)
    return LanguageModel(len(data.vocab), config, rngs=nnx.Rngs(0))


def test_characters_are_compared_with_witten_bell_models():
    data = corpus()
    scores = count_ngrams(data)
    assert list(scores) == ["unigram", *(f"n-gram, order {n}" for n in (2, 3, 4, 5))]
    for order in (2, 5):
        nll = witten_bell_nll(data.train, data.test, order, len(data.vocab))
        assert scores[f"n-gram, order {order}"]["test"] == nll


def test_words_are_compared_with_a_bigram_model():
    data = corpus("word", test=False)
    size = len(data.vocab)
    assert count_ngrams(data) == {
        "unigram": {"valid": unigram_nll(data.train, data.valid, size)},
        "KN bigram": {"valid": kneser_ney_bigram_nll(data.train, data.valid, size)},
    }


def test_the_table_of_words_shows_perplexities():
    first, *_, last = score_table("LSTM", "word", SUMMARY).splitlines()
    assert first == "| model     | valid perplexity | test perplexity |"
    assert last == "| KN bigram |          200.000 |         186.500 |"


def test_the_table_of_characters_shows_nats_and_bits():
    summary = {"valid": {"loss": math.log(4)}, "test": None, "baselines": {}}
    lines = score_table("LSTM", "char", summary).splitlines()
    assert lines[0] == "| model | valid nats/char | valid bits/char |"
    assert lines[2] == "| LSTM  |           1.386 |           2.000 |"


def test_the_verdict_is_of_the_best_baseline_of_the_same_part():
    said = "Beats KN bigram: test perplexity 110.0 against 186.5, by 41.0 %."
    assert verdict_of("word", SUMMARY) == (said, True)
    alone = {"valid": {"loss": 1.25}, "test": None, "baselines": {}}
    said = "Validation nats per character 1.250; there is no baseline to compare with."
    assert verdict_of("char", alone) == (said, None)


@pytest.mark.parametrize(
    ("level", "text", "prompt"),
    [("char", TEXT, "\n"), ("word", TEXT, "\n"), ("char", "abcabcabc" * 9, "a")],
)
def test_the_default_prompt_is_a_line_break_or_what_is_there(level, text, prompt):
    assert SampleConfig().prompt_for(corpus(level, text=text)) == prompt


def test_a_sample_continues_its_prompt_in_the_same_way_each_time():
    data = corpus()
    config = SampleConfig(prompt="7 sq", length=15, temperatures=(0.0, 1.0))
    first, again = (draw_samples(model(data), data, config) for _ in range(2))
    assert first == again
    assert [(s.temperature, s.prompt, len(s.text)) for s in first] == [
        (0.0, "7 sq", 15),
        (1.0, "7 sq", 15),
    ]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"length": 0}, "SampleConfig: length is 0; give a positive integer"),
        (
            {"temperatures": (-1.0,)},
            r"temperatures\[0\] is -1\.0; give 0 or a positive",
        ),
        ({"top_p": 0.0}, "top_p is 0.0; give a share"),
    ],
)
def test_what_cannot_be_sampled_is_refused(options, line):
    with pytest.raises(ValueError, match=line):
        SampleConfig(**options)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"batch_size": 600}, "The train part, stream.batch_size: [0-9]+ tokens are"),
        ({"valid_batch": 600}, "The valid part, stream.valid_batch: "),
        ({"test_batch": 600}, "The test part, stream.test_batch: "),
        ({"window": 100, "drop_last": True}, "The train part, stream.batch_size: "),
    ],
)
def test_a_part_that_is_too_short_names_its_key(options, line):
    with pytest.raises(ValueError, match=line):
        check_streams(corpus(), StreamConfig(**options))


def test_an_experiment_knows_the_path_and_the_identity_of_its_text(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.txt"

    data = CorpusConfig(name="text", path="a.txt")
    config = Config(data=data, stream=StreamConfig(batch_size=4))

    def identity():
        made = LanguageExperiment.from_config(config)
        assert made.config.data.path == str(path)
        return made.identity(made.data)

    path.write_text(TEXT)
    first = identity()
    assert first == identity()
    path.write_text(TEXT.replace("59 squared", "58 squared"))
    assert identity()["tokens"] == first["tokens"]
    assert identity() != first


def test_the_plot_begins_at_a_line_and_has_a_label_per_step():
    data = corpus()
    reading, example = read_line(model(data), data)
    shown = "".join(example.labels)
    assert example.shown == SHOWN["char"] and example.unit == "character"
    assert shown in data.vocab.decode(data.valid)
    assert shown[-SHOWN["char"] - 1] == "\n"
    assert reading.xs.shape == (len(shown), 3)


def test_a_text_without_lines_is_read_from_its_start():
    data = corpus(text="abcabcabc" * 5)
    reading, example = read_line(model(data, "GRUCell"), data)
    assert len(example.labels) == len(data.valid) == len(reading.xs)


@pytest.mark.slow
def test_several_seeds_are_scored_and_the_first_one_writes(tmp_path, capsys):
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    config = Config(
        name="seeds",
        baselines=False,
        data=CorpusConfig(name="text", path=str(path)),
        model=LanguageConfig(StackConfig(hidden_sizes=(4,)), embedding_size=3),
        stream=StreamConfig(batch_size=4, window=8, valid_batch=2, test_batch=2),
        sample=SampleConfig(length=3, temperatures=(0.0,)),
        train=TrainConfig(seeds=2, epochs=1),
    )
    summary = LanguageExperiment.from_config(config).run(tmp_path)
    one = dataclasses.replace(config, train=TrainConfig(epochs=1))
    (tmp_path / "one").mkdir()
    alone = LanguageExperiment.from_config(one).run(tmp_path / "one")
    members = summary["valid"]["loss_members"]
    assert summary["valid"]["loss"] == pytest.approx(sum(members) / 2)
    assert members[0] == pytest.approx(alone["valid"]["loss"], rel=1e-5)
    assert summary["samples"] == alone["samples"]
    assert summary["parameters"] == alone["parameters"]
    assert "temperature 0, after" in capsys.readouterr().out
