"""The tagging task between the configuration and the report."""

import gzip

import numpy as np
import pytest

from jlstm.data.tagging import Tagged
from jlstm.tasks.tagging import read
from jlstm.tasks.tagging.baselines import (
    BY_MARK,
    BY_WORD,
    known_and_unknown,
    score_baselines,
)
from jlstm.tasks.tagging.data import load, normalize, spell
from jlstm.tasks.tagging.experiment import Config, TagExperiment
from jlstm.tasks.tagging.read import DataConfig, Part, random_parts, read_file
from jlstm.tasks.tagging.report import count_tags, score_table, tagged_text, word_table

COLUMNS = """\
The DT B-NP
dog NN I-NP
barks VBZ B-VP

A DT B-NP
Cat NN I-NP
sleeps VBZ B-VP
here RB O

Dogs NNS B-NP
bark VBP B-VP
"""


@pytest.fixture
def columns(tmp_path):
    path = tmp_path / "own.txt.gz"
    path.write_bytes(gzip.compress(COLUMNS.encode()))
    return path


def of_own(path, **options):
    own = {"min_count": 1, "valid_path": str(path), "test_path": str(path)}
    return DataConfig("tagged", str(path), **own | options)


def test_a_column_file_with_marks(columns):
    data = load(of_own(columns, mark=1, letters=4))
    assert data.train.words.tagged.tags[0] == ("B-NP", "I-NP", "B-VP")
    assert data.train.words.marks[2] == ("NNS", "VBP")
    words, letters, tags, marks = data.prep
    first = data.train.numbers[0]
    assert [words.symbols[n] for n in first[:, 0]] == ["the", "dog", "barks"]
    assert [tags.symbols[n] for n in first[:, 1]] == ["B-NP", "I-NP", "B-VP"]
    assert [marks.symbols[n] for n in first[:, 2]] == ["DT", "NN", "VBZ"]
    spelled = ["".join(letters.symbols[n] for n in row if n) for row in first[:, 3:]]
    assert spelled == ["The", "dog", "baks"]
    assert data.prep.sizes.marks == len(marks) and data.prep.sizes.tags == 4


def test_a_word_that_training_lacks_is_unknown_but_spelled(columns, tmp_path):
    held = tmp_path / "held.txt"
    held.write_text("Doge NN B-ADJP\n")
    data = load(of_own(columns, test_path=str(held)))
    row = data.test.numbers[0][0]
    assert data.prep.words.symbols[row[0]] == "<unk>"
    assert data.prep.tags.symbols[row[1]] == "B-ADJP"
    assert (row[3:] > 0).sum() == 4 and data.prep.marks is None


def test_a_conllu_file_is_known_by_its_name(tmp_path):
    path = tmp_path / "own.conllu"
    path.write_text("# text\n1\tGo\tgo\tVERB\tVB\n2\t!\t!\tPUNCT\t.\n")
    config = of_own(path, column="xpos")
    assert load(config).train.words.tagged.tags == (("VB", "."),)
    made = TagExperiment.from_config(Config(data=config))
    identity = made.identity(made.data)
    assert made.config.data.path == str(path)
    assert identity == dict.fromkeys(("train", "valid", "test"), identity["train"])


def test_conll2000_gives_up_a_share_of_training(monkeypatch, columns):
    both = {"train": columns, "test": columns}
    monkeypatch.setattr(read, "fetch", lambda name: both)
    found = {part: read.read_columns(path) for part, path in both.items()}
    monkeypatch.setattr(read, "load_tagged", lambda name: found)
    config = DataConfig("conll2000", mark=1, valid_fraction=0.3)
    parts = read.read_parts(config)
    sizes = {name: len(part.tagged.sentences) for name, part in parts.items()}
    assert sizes == {"train": 2, "valid": 1, "test": 3}
    assert parts["test"].marks[0] == ("DT", "NN", "VBZ")
    sentences = (*parts["train"].tagged.sentences, *parts["valid"].tagged.sentences)
    assert sorted(sentences) == sorted(found["train"].sentences)
    with pytest.raises(ValueError, match="parts of speech in column 1: give that or"):
        read.read_parts(DataConfig("conll2000", mark=2))


def test_parts_do_not_overlap():
    words = tuple((str(n),) for n in range(20))
    part = Part(Tagged(words, words), words)
    cut = random_parts(part, {"valid": 0.1, "test": 0.2}, seed=0)
    sizes = {name: len(own.tagged.sentences) for name, own in cut.items()}
    assert sizes == {"valid": 2, "test": 4, "train": 14}
    everything = [word for own in cut.values() for (word,) in own.tagged.sentences]
    assert sorted(everything) == sorted(word for (word,) in words)
    assert cut["test"].marks == cut["test"].tagged.sentences
    with pytest.raises(ValueError, match="There are 2 sentences, too few to learn"):
        random_parts(part.take([0, 1]), {"valid": 0.1, "test": 0.1}, seed=0)


def test_baselines_read_the_word_or_the_mark(columns):
    scores = score_baselines(load(of_own(columns, mark=1)))
    assert scores[BY_WORD]["test"] == {
        "accuracy": 1.0, "precision": 1.0, "recall": 1.0, "f1": 1.0,
    }  # fmt: skip
    assert scores[BY_MARK]["test"]["accuracy"] == 1.0
    assert [*score_baselines(load(of_own(columns)))] == [BY_WORD]


def test_known_words_are_known_as_they_are_written():
    train = Tagged((("a", "dog"),), (("DET", "NOUN"),))
    gold = Tagged((("A", "dog", "dog"),), (("DET", "NOUN", "VERB"),))
    counts = known_and_unknown(train, gold, [("DET", "NOUN", "NOUN")])
    assert counts == {
        "known": {"accuracy": 0.5, "words": 2},
        "unknown": {"accuracy": 1.0, "words": 1},
    }


def test_the_rarest_of_many_tags_are_one_class():
    gold, found = [("A", "A", "B", "C", "D")], [("A", "B", "B", "D", "A")]
    classes, counts = count_tags(gold, found, most=3)
    assert classes == ["A", "B", "other"]
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]
    assert counts.sum() == 5


def test_tables_and_sentences_of_the_report(columns):
    data = load(of_own(columns))
    gold = data.test.words.tagged.tags
    found = [gold[0], (*gold[1][:3], "B-NP"), gold[2]]
    assert tagged_text(data, found, 2).splitlines() == [
        "The/B-NP dog/I-NP barks/B-VP",
        "",
        "A/B-NP Cat/I-NP sleeps/B-VP here/B-NP[O]",
    ]
    part = {"loss": 1.0, "accuracy": 0.9, "f1": 0.8}
    summary = {"model": "M", "valid": part, "test": part, "baselines": {"w": {
        "valid": part, "test": part}}}  # fmt: skip
    lines = score_table(summary).splitlines()
    assert lines[2].split("|")[1].strip() == "M"
    assert [float(cell) for cell in lines[2].split("|")[2:6]] == [90, 90, 80, 80]
    by_word = {"by_word": {"known": {"accuracy": 0.5, "words": 4}}}
    assert word_table(by_word).splitlines()[2].split("|")[2].strip() == "50.00"


def test_the_task_gets_the_numbers(columns):
    config = Config(data=of_own(columns, mark=1))
    task = TagExperiment(config).task(load(config.data), {})
    assert task.chunked and task.tags == ("B-NP", "B-VP", "I-NP", "O")
    assert task.unknown == 1 and task.boundaries[-1] == 4
    np.testing.assert_array_equal(task.train[0], load(config.data).train.numbers[0])


def test_how_words_are_read():
    assert normalize("Route 66, İ") == "route 00, i̇"
    assert [spell("abcdefg", n) for n in (1, 2, 5, 7)] == [
        "g",
        "ag",
        "abefg",
        "abcdefg",
    ]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"path": "a"}, "data.path goes with data.name=tagged and only with it"),
        (
            {"test_path": "a"},
            "data.valid_path and data.test_path go with data.name=tag",
        ),
        ({"mark": 1}, "a CoNLL-U file has its columns by name"),
        ({"letters": 0}, "DataConfig: letters is 0; give a positive integer"),
        ({"valid_fraction": 0.95}, "give shares above 0 that leave something"),
    ],
)
def test_data_that_does_not_go_together_is_refused(options, line):
    with pytest.raises(ValueError, match=line):
        DataConfig(**options)


CONLL2003 = """-DOCSTART- -X- -X- O

EU NNP I-NP I-ORG
rejects VBZ I-VP O
German JJ I-NP I-MISC
British JJ B-NP B-MISC
lamb NN I-NP O

Peter NNP I-NP I-PER
Blackburn NNP I-NP I-PER

-DOCSTART- -X- -X- O

BRUSSELS NNP I-NP I-LOC
"""


@pytest.mark.parametrize(
    ("scheme", "said", "first", "second"),
    [
        (None, "IOB", "B-ORG O B-MISC B-MISC O", "B-PER I-PER"),
        ("IOBES", "IOBES", "S-ORG O S-MISC S-MISC O", "B-PER E-PER"),
    ],
)
def test_conll_2003_is_read_as_it_is_meant(
    tmp_path, capsys, scheme, said, first, second
):
    path = tmp_path / "eng.train"
    path.write_text(CONLL2003)
    config = DataConfig("tagged", str(path), scheme=scheme)
    part = read_file(config, path)
    assert part.tagged.sentences[0] == ("EU", "rejects", "German", "British", "lamb")
    tags = [" ".join(some) for some in part.tagged.tags]
    assert tags[:2] == [first, second]
    assert capsys.readouterr().out == (
        "read eng.train: 3 sentences, 8 words, 6 tags (O, I-PER, I-ORG, I-MISC, B-MISC"
        f", I-LOC), chunks as IOB1 and made {said}, 2 lines -DOCSTART- left out\n"
    )


def test_chunks_that_begin_with_b_stay_and_iobes_may_become_iob(tmp_path, capsys):
    path = tmp_path / "a.txt"
    path.write_text("A B-X\nb E-X\nc S-X\n\nd O\n")
    whole = DataConfig("tagged", str(path))
    assert read_file(whole, path).tagged.tags == (("B-X", "E-X", "S-X"), ("O",))
    assert "made" not in capsys.readouterr().out
    plain = DataConfig("tagged", str(path), scheme="IOB")
    assert read_file(plain, path).tagged.tags == (("B-X", "I-X", "B-X"), ("O",))
    path.write_text("A DT\nman NN\n")
    with pytest.raises(ValueError, match="'DT', which mark no chunks: leave out data"):
        read_file(plain, path)
