"""``jlstm data check``: a file is read as its task reads it, and shown."""

import re
import shlex

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlstm.cli.forms import form_of
from jlstm.cli.main import main
from tests.tasks.test_runs import record

DAYS = np.datetime64("2024-01-01") + np.arange(300)
SERIES = "day,sold\n" + "".join(f"{day},{n % 7}\n" for n, day in enumerate(DAYS))
TEXTS = "".join(f"{'good' if n % 2 else 'bad'}\ta film number {n}\n" for n in range(40))
TAGGED = "".join(f"The DT\nman{n} NN\nran VB\n\n" for n in range(20))
CONLLU = (
    "# a\n1\tThe\tthe\tDET\t_\t_\t_\t_\t_\t_\n2\tman\tman\tNOUN" + "\t_" * 6 + "\n\n"
)
BOOK = "It was, as they say, a dark night;\nthe rain fell in torrents.\n\n"

FORMS = {
    "numbers": (SERIES, "csv"),
    "numbers between semicolons": ("t;a;b\n1.2.2024;1,5;2\n2.2.2024;1,6;3\n", "csv"),
    "one column": ("3.5\n4.5\n6\n", "csv"),
    "a class and a text": (TEXTS, "labelled_text"),
    "names of columns": ("label;text\nx;a film\ny;a, dull; film\n", "labelled_text"),
    "texts with a number": ("text,score\na film,3.5\ndull,1.25\n", "labelled_text"),
    "classes of fastText": (
        "__label__a A film.\n__label__b Dull, so dull.\n",
        "labelled_text",
    ),
    "words": (TAGGED, "tagged"),
    "words between tabs": (TAGGED.replace(" ", "\t"), "tagged"),
    "CoNLL-U": (CONLLU * 3, "tagged"),
    "prose": (BOOK * 9, "text"),
    "verses": ("one two three\nfour\n\nfive six seven eight\n" * 5, "text"),
    "code": ("def f(x):\n    return x, 1\n\n\nprint(f(3))\n", "text"),
}


def put(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("what", FORMS)
def test_the_form_of_a_file_is_seen_from_what_it_holds(what, tmp_path):
    text, form = FORMS[what]
    assert form_of(put(tmp_path, "a.txt", text)) == form


@given(
    st.lists(st.sampled_from([*'\t\n,; #-"1', "a", "B-A", "2024-01-01"]), min_size=1)
)
def test_whatever_a_text_holds_it_has_a_form(tmp_path_factory, parts):
    path = put(tmp_path_factory.mktemp("fuzz"), "a.txt", "".join(parts))
    assert form_of(path) in {"csv", "sequences", "labelled_text", "tagged", "text"}


def test_a_series_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "a.csv", SERIES)
    assert main(["data", "check", "a.csv", "data.horizon=4", "--html", "a.html"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("read a.csv: 300 rows, 1 column (sold), 2024-01-01 to ")
    # 300 rows: 210, 30 and 60; 96 to look at and 4 to predict
    counts = re.findall(r"windows of (\w+) +(\d+)", said)
    assert counts == [("train", "111"), ("valid", "27"), ("test", "57")]
    bars = dict(re.findall(r"^  (\d) +█+\S* (\d+)$", said, re.M))
    assert bars == {str(n): str(43 if n < 6 else 42) for n in range(7)}
    assert said.endswith(
        "to train: jlstm run data=csv data.horizon=4 data.path=a.csv\n"
    )
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<dt>windows of train</dt><dd>111</dd>" in page and "none found" in page
    assert "<p>read a.csv: 300 rows, 1 column (sold)" in page
    assert "2024-01-02 1" in page and "Content-Security-Policy" in page


def test_classes_and_what_may_be_wrong_are_shown(tmp_path, capsys):
    text = "".join(f"good\ta film number {n}\n" for n in range(60)) + "bad\tdull\n"
    other = "good\ta film number 3\ngood\ta film no one knows at all\n"
    path = put(tmp_path, "a.tsv", text)
    test = put(tmp_path, "b.tsv", other)
    words = ["data", "check", str(path), "classify", f"data.test_path={test}"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "read a.tsv: 61 rows, 2 classes (good 60, bad 1)" in said
    assert "class good\n  a film number" in said
    problems = said.partition("\nproblems\n")[2]
    assert "test has no example of bad" in problems
    assert "1 of 2 examples of test are in train too" in problems
    assert "of the words of test are unknown to training" in problems


def test_words_and_texts_are_shown(tmp_path, capsys):
    path = put(tmp_path, "a.txt", TAGGED)
    assert main(["data", "check", str(path)]) == 0
    said = capsys.readouterr().out
    assert "read a.txt: 20 sentences, 60 words, 3 tags" in said
    assert re.search(r"^  DT  █+ 20$", said, re.M) and "/NN ran/VB" in said
    path = put(tmp_path, "b.txt", BOOK * 400)
    assert main(["data", "check", str(path), "text", "data.level=word"]) == 0
    said = capsys.readouterr().out
    assert "the beginning of train\n  It was" in said
    assert re.match(
        r"read b\.txt: [\d,]+ words of \d+ kinds, train [\d,]+, valid", said
    )


@pytest.mark.long
def test_recordings_are_shown(tmp_path, capsys):
    for seed in range(12):
        record(tmp_path / "words" / ("yes", "no")[seed % 2] / f"{seed}.wav", seed)
    words = ["data", "check", str(tmp_path / "words"), "front.sample_rate=8000"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "read words: 12 recordings, 2 classes (no, yes)" in said
    assert dict(re.findall(r"^  (yes|no) +█+ (\d+)$", said, re.M))["no"] == "6"


def test_clips_are_shown(tmp_path, capsys):
    frames = np.random.default_rng(0).integers(256, size=(9, 4, 8, 8)).astype(np.uint8)
    path = tmp_path / "a.npz"
    np.savez(path, frames.swapaxes(0, 1))
    assert main(["data", "check", str(path)]) == 1
    assert "has the 20 frames of data.seen=10 and data.ahead=10" in (
        capsys.readouterr().err
    )
    words = [str(path), "data.seen=2", "data.ahead=2", "model.patch=2"]
    assert main(["data", "check", *words]) == 0
    said = capsys.readouterr().out
    assert "9 clips of 4 frames of 8 × 8, uint8; the first axis is time" in said
    assert "a clip of train, frame 3 of 4" in said
    assert "jlstm run data=clips data.seen=2 data.ahead=2 model.patch=2 data.p" in said


def test_sequences_and_columns_that_nobody_looks_at_are_shown(tmp_path, capsys):
    rows = [f"s{n},{step},{n % 2},{'ab'[n % 2]}" for n in range(30) for step in (1, 5)]
    path = put(tmp_path, "a.csv", "\n".join(["id,x,y,label", *rows]) + "\n")
    assert main(["data", "check", str(path), "data.group=y"]) == 1
    assert "data.group gives 2 group(s) (0, 1), too few" in capsys.readouterr().err
    assert main(["data", "check", str(path)]) == 0
    said = capsys.readouterr().out
    assert "30 sequences of 2 steps, 2 columns (x, y), 2 classes (a 15, b 15)" in said
    assert "class a\n  2 steps of 2 numbers, scaled" in said
    assert "of valid are in train too" in said.partition("\nproblems\n")[2]
    rows = [f"{day},{n % 7},{n}" for n, day in enumerate(DAYS)]
    path = put(tmp_path, "my file.csv", "\n".join(["day,sold,price", *rows]) + "\n")
    assert main(["data", "check", str(path), "data.target=sold"]) == 0
    said = capsys.readouterr().out
    assert "the model does not look at price: model.shared=false reads all" in said
    assert shlex.split(said)[-1] == f"data.path='{path}'"


REFUSED = {
    "a.csv": ("day,sold\n2024-01-01,inf\n", "a.csv, line 2 has 'inf' in column 'sold'"),
    "a.tsv": ("good\ta\ngood\tb\n", "has the classes good: give lines of two or more."),
    "none.csv": (None, "No file at"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_refused_is_one_line_and_exit_code_1(name, tmp_path, capsys):
    text, said = REFUSED[name]
    path = tmp_path / name if text is None else put(tmp_path, name, text)
    assert main(["data", "check", str(path)]) == 1
    line = capsys.readouterr().err
    assert line.startswith("error: ") and line.count("\n") == 1 and said in line


WRONG = {
    "check a.csv forcast": "'forcast' is no task, data or experiment: choose one of",
    "check a.csv csv data.horizen=2": "data.horizen",
    "check a.csv csv data.horizon=no": "data.horizon",
    "check a.csv csv --html none/a.html": "in a folder that does not exist",
    "chek a.csv": "invalid choice: 'chek'",
    "check": "the following arguments are required: FILE",
    "check a.csv jsb_cpu": "data.path",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_is_exit_code_2(line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "a.csv", SERIES)
    assert main(["data", *line.split()]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1 and WRONG[line] in said
