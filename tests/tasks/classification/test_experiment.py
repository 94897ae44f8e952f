"""The classification task between the data and the report."""

import json

import numpy as np
import pytest
from flax import nnx

from experiments.classify.folds import fold_table, read_folds
from jlstm.analysis.saliency import leave_one_out
from jlstm.data.words import unknown_share
from jlstm.tasks.classification.baselines import score_baselines
from jlstm.tasks.classification.data import DataConfig
from jlstm.tasks.classification.experiment import ClassifyExperiment, Config
from jlstm.tasks.classification.load import load
from jlstm.tasks.classification.model import Classifier, ClassifierConfig
from jlstm.tasks.classification.report import key_numbers, score_table
from jlstm.tasks.classification.texts import read_labelled_text
from jlstm.tasks.classification.vectors import standardized
from jlstm.tasks.classification.words import moved_words
from jlstm.training.config.stack import StackConfig

LINES = [
    f"{'good' if n % 2 else 'bad'}\t{'Fine' if n % 2 else 'Poor'}, word{n % 7} film!\n"
    for n in range(40)
]
SUMMARY = {
    "valid": {"accuracy": 0.82, "accuracy_members": [0.81, 0.83]},
    "test": {"accuracy": 0.84, "accuracy_members": [0.83, 0.85]},
    "baselines": {
        "most frequent class": {"valid": 0.5, "test": 0.5},
        "naive Bayes, words": {"valid": 0.8, "test": 0.83},
    },
    "examples": {"train": 6920},
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("".join(LINES), encoding="utf-8")
    return path


def own(path, **options):
    return DataConfig(name="labelled_text", path=str(path), **options)


def test_a_text_of_ones_own_is_cut_into_disjoint_parts(path):
    data = load(own(path, valid_fraction=0.2, test_fraction=0.25))
    assert [len(p.labels) for p in (data.train, data.valid, data.test)] == [22, 8, 10]
    assert data.prep.classes == ("bad", "good")
    found = sorted(words for part in data.parts.values() for words in part.sentences)
    assert found == sorted(read_labelled_text(path)[0].sentences)
    assert "fine" in data.prep.vocab.index
    ids, words = data.test.sequences[0], data.test.sentences[0]
    assert [data.prep.vocab.symbols[n] for n in ids] == list(words)


def test_words_can_be_cut_and_left_out(path):
    data = load(own(path, length=3, max_vocab=2, limit_train=5))
    assert {tuple(ids) for ids in data.train.sequences} == {(1, 3, 2)}
    assert data.prep.vocab.symbols == ("<pad>", "<unk>", "!", "film")
    assert len(data.train.labels) == 5
    assert 0.3 < unknown_share(data.prep.vocab, data.test.sentences) < 0.4


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("good film\n", "line 1 is 'good film': give a class, a tab and a text"),
        ("\n\tfilm\n", "line 2 is '.*film': give a class, a tab and a text"),
        ("good\tfilm\n", "has the classes good: give lines of two or more"),
        ("", "has the classes none: give lines of two or more"),
    ],
)
def test_a_text_that_cannot_be_read_names_its_line(tmp_path, text, line):
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=line):
        read_labelled_text(path)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"name": "labelled_text"}, r"data\.path goes with data\.name=labelled_text"),
        ({"name": "mr", "path": "a"}, r"data\.path goes with"),
        ({"name": "mr", "phrases": True}, "only sst2 and sst5 have labelled phrases"),
        ({"length": 0}, "DataConfig: length is 0; give a positive"),
        ({"valid_fraction": 0.9, "test_fraction": 0.1}, "give shares above 0"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, line):
    with pytest.raises(ValueError, match=line):
        DataConfig(**options)


def test_a_part_without_examples_is_refused(path):
    path.write_text("good\ta\nbad\tb\n")
    with pytest.raises(ValueError, match="There are 2 examples, too few for 3 parts"):
        load(own(path))


def test_an_experiment_knows_the_path_and_the_identity_of_its_data(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    first = ClassifyExperiment.from_config(Config(data=own("a.txt")))
    again = ClassifyExperiment.from_config(Config(data=own(path)))
    assert first.config.data.path == str(path)
    assert first.identity(first.data) == again.identity(again.data)
    path.write_text("".join(LINES).replace("word3", "word2"))
    other = ClassifyExperiment.from_config(Config(data=own(path)))
    assert first.identity(first.data) != other.identity(other.data)


def test_naive_bayes_stands_next_to_words(path):
    config = own(path)
    scores = score_baselines(config, load(config))
    assert list(scores)[1:] == ["naive Bayes, words", "naive Bayes, words and pairs"]
    assert scores["naive Bayes, words"] == {"valid": 1.0, "test": 1.0}


def test_softmax_regression_stands_next_to_vowels(data_dir):
    config = DataConfig(name="japanese_vowels")
    data = load(config)
    assert data.prep.input_size == 12 and len(data.prep.classes) == 9
    assert len(data.train.labels) + len(data.valid.labels) == 270
    scores = score_baselines(config, data)["softmax regression, mean over time"]
    assert 0.94 < scores["test"] < 0.98


def test_features_are_scaled_by_training_alone():
    rng = np.random.default_rng(0)
    parts = [tuple(rng.normal(3, 2, (n, 2)) for n in (4, 6)) for _ in range(2)]
    train, test = standardized(*parts)
    joined = np.concatenate(train)
    np.testing.assert_allclose(
        [joined.mean(0), joined.std(0)], [[0, 0], [1, 1]], atol=1e-9
    )
    own = np.concatenate(parts[0])
    np.testing.assert_allclose(test[1], (parts[1][1] - own.mean(0)) / own.std(0))


def test_the_table_has_the_spread_over_seeds_and_the_baselines():
    lines = score_table("LSTM", SUMMARY).splitlines()
    assert lines[2].split("|")[2:4] == [" 82.0 ± 1.4 ", " 84.0 ± 1.4 "]
    assert lines[-1].startswith("| naive Bayes, words  | 80.0")
    numbers = dict(key_numbers("LSTM", SUMMARY))
    assert numbers["test accuracy (2 seeds)"] == "84.0 ± 1.4 %"
    assert numbers["naive Bayes, words"] == "83.0 %"


def test_the_report_shows_drawn_texts_and_sure_errors(path):
    data = load(own(path))
    encoder = StackConfig(hidden_sizes=(3,))
    config = ClassifierConfig(encoder, embedding_size=2)
    size = len(data.prep.vocab)
    model = Classifier(config, 2, vocab_size=size, rngs=nnx.Rngs(0))
    logits = np.tile([2.0, -1.0], (len(data.test.labels), 1))
    drawn, *_, worst = moved_words(model, data, logits, 4)
    assert worst.title == "taken for bad with 95 %, in truth good"
    assert drawn.title.startswith("taken for bad with 95 %")
    row = data.test.sentences.index(tuple(worst.words))
    scores = leave_one_out(model, data.test.sequences[row], 0)
    np.testing.assert_array_equal(worst.scores, scores)


def test_folds_are_averaged(tmp_path):
    for number, share in enumerate((0.74, 0.75, 0.79)):
        result = {"test": {"accuracy": share}, "baselines": {}}
        folder = tmp_path / f"{number:03}" / "time"
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps(result))
    lines = fold_table(read_folds(tmp_path)).splitlines()
    assert lines[0] == "| test accuracy (%), 3 folds | mean | std |"
    assert lines[2] == "| the network                | 76.0 | 2.6 |"
    with pytest.raises(ValueError, match="has 0 results: give the folder of a sweep"):
        read_folds(tmp_path / "000")


ROWS = [(n % 2, f"film number {n} was {'good' if n % 2 else 'bad'}") for n in range(20)]
WAYS = {
    "class first": "".join(f"{k}\t{t}\n" for k, t in ROWS),
    "text first": "".join(f"{t}\t{k}\n" for k, t in ROWS),
    "names, text first": "sentence\tlabel\n" + "".join(f"{t}\t{k}\n" for k, t in ROWS),
    "names, class first": "label\ttext\n" + "".join(f"{k}\t{t}\n" for k, t in ROWS),
    "an id": "".join(f"{n}_7\t{k}\t{t}\n" for n, (k, t) in enumerate(ROWS)),
    "names and an id": "id\tlabel\ttext\n"
    + "".join(f"{n}\t{k}\t{t}\n" for n, (k, t) in enumerate(ROWS)),
    "quotes": "".join(f'"{k}"\t"{t}"\n' for k, t in ROWS),
    "commas": "text,label\n" + "".join(f'"{t}",{k}\n' for k, t in ROWS),
    "commas, no names": "".join(f'{k},"{t}"\n' for k, t in ROWS),
    "semicolons": "label;text\n" + "".join(f"{k};{t}\n" for k, t in ROWS),
    "marks inside": "".join(f"\ufeff{k}\t{t}\n" for k, t in ROWS),
    "ends of Windows": "".join(f"{k}\t{t}\r\n" for k, t in ROWS),
    "blank lines": "".join(f"{k}\t{t}\n\n" for k, t in ROWS),
}


@pytest.mark.parametrize("name", WAYS)
def test_one_file_of_texts_written_in_many_ways(tmp_path, name):
    path = tmp_path / "a.tsv"
    path.write_bytes(WAYS[name].encode())
    labelled, classes = read_labelled_text(path)
    assert classes == ("0", "1") and labelled.labels.tolist() == [0, 1] * 10
    assert labelled.sentences[3] == ("film", "number", "3", "was", "good")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("".join(f"c{n}\t{t}\n" for n, (_, t) in enumerate(ROWS)), "20 classes in 20"),
        ("good\ta\nGood\tb\nbad\tc\n", "'Good' and 'good', which differ in case"),
        ("good\ta\nbad\tb\tc\td\nbad\n", "line 3 is 'bad'"),
        ('{"text": "a", "label": 1}\n', "is JSON: write it as a table"),
        ('a,b\n1,"x\n', "line 2 is"),
    ],
)
def test_texts_that_cannot_be_meant_are_refused(tmp_path, text, line):
    path = tmp_path / "a.tsv"
    path.write_text(text)
    with pytest.raises(ValueError, match=line):
        read_labelled_text(path)


def test_empty_texts_are_left_out_and_columns_chosen(tmp_path, capsys):
    path = tmp_path / "a.csv"
    rows = "".join(f"{t},{k},{n % 3}\n" for n, (k, t) in enumerate(ROWS))
    path.write_text("what,how,other\n" + rows + ",1,0\n")
    data = load(own(path, text="what", label="how"))
    assert data.prep.classes == ("0", "1")
    said = capsys.readouterr().out
    assert "20 rows, 2 classes (0 10, 1 10), 1 left out as their text is empty" in said
    with pytest.raises(ValueError, match="has no column 'whom'"):
        load(own(path, text="whom", label="how"))


def test_an_official_test_file_is_taken(path, tmp_path):
    test = tmp_path / "test.txt"
    test.write_text("good\ta fine one\nbad\ta poor one\n")
    data = load(own(path, test_path=str(test)))
    assert [len(p.labels) for p in (data.train, data.valid, data.test)] == [36, 4, 2]
    test.write_text("awful\ta poor one\n")
    with pytest.raises(ValueError, match="has the classes awful, which the file to le"):
        load(own(path, test_path=str(test)))
