"""Sequences of numbers of one's own: read, cut, scaled, learnt, and new ones."""

import re

import jax
import numpy as np
import pytest
from flax import nnx

from jlstm.cli.forms import form_of
from jlstm.data.batch_config import BatchConfig
from jlstm.data.parts import cut_rows
from jlstm.tasks.classification.data import DataConfig
from jlstm.tasks.classification.experiment import ClassifyExperiment, Config
from jlstm.tasks.classification.load import load
from jlstm.tasks.classification.model import ClassifierConfig
from jlstm.tasks.classification.sequences import SequenceOptions, read_sequences
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig, TrainConfig

STACK = StackConfig("GRUCell", hidden_sizes=(8,))


def rising(number):
    """Return steps that rise in odd sequences and fall in even ones, from far apart."""
    start = 10.0 * (number % 7)
    return start + np.arange(4 + number % 3) * (10 if number % 2 else -10)


def row_of(number, step, value):
    kind = "up" if number % 2 else "down"
    return f"q{number},{step},who{number % 5},{value:g},{-value:g},{kind}"


def put(folder, numbers=range(40), name="a.csv", head="id,step,who,x,y,label"):
    rows = [
        row_of(number, step, value)
        for number in numbers
        for step, value in enumerate(rising(number))
    ]
    path = folder / name
    path.write_text("\n".join([head, *rows]) + "\n")
    return str(path)


def folders(root, numbers=range(12)):
    for number in numbers:
        place = (
            root / ("up" if number % 2 else "down") / f"who{number % 3}_{number}.csv"
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x\n" + "\n".join(map(str, rising(number))) + "\n")
    return str(root)


def back(data, part):
    scaler = data.prep.scaler
    return {
        name: scaler.unscale(values.astype(np.float64))
        for name, values in zip(part.names, part.sequences, strict=True)
    }


def test_rows_of_one_id_are_one_sequence(tmp_path, capsys):
    path = put(tmp_path)
    assert form_of(path) == "sequences"
    data = load(DataConfig("sequences", path, columns=("x", "y")))
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "read a.csv: 40 sequences of 4 to 6 steps, 2 columns (x, y), 2 classes "
        "(down 20, up 20)",
        "train 32 (down 16, up 16), valid 4 (down 2, up 2), test 4 (down 2, up 2)",
    ]
    assert data.prep.classes == ("down", "up") and data.prep.input_size == 2
    found = [back(data, part) for part in data.parts.values()]
    assert len(set().union(*found)) == sum(map(len, found)) == 40
    for name, values in (item for part in found for item in part.items()):
        np.testing.assert_allclose(values[:, 0], rising(int(name[1:])), atol=1e-3)
        np.testing.assert_allclose(values[:, 1], -values[:, 0], atol=1e-3)
    learned = np.concatenate(data.train.sequences)
    np.testing.assert_allclose(learned.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(learned.std(0), 1, atol=1e-5)


def test_a_column_that_counts_the_steps_is_none_of_the_numbers(tmp_path):
    path = put(tmp_path)
    data = load(DataConfig("sequences", path, group="who"))
    assert data.prep.columns == ("x", "y")


def test_no_group_is_in_two_parts(tmp_path, capsys):
    data = load(DataConfig("sequences", put(tmp_path), group="who"))
    said = capsys.readouterr().out
    who = {
        name: {int(one[1:]) % 5 for one in part.names}
        for name, part in data.parts.items()
    }
    assert len(who["valid"]) == len(who["test"]) == 1 and len(who["train"]) == 3
    assert set.union(*who.values()) == set(range(5))
    assert f"valid 1 (who{min(who['valid'])})" in said


def test_a_folder_has_a_file_for_each_sequence(tmp_path, capsys):
    path = folders(tmp_path / "all")
    assert form_of(path) == "sequences"
    data = load(DataConfig("sequences", path, group=r"(who\d)_"))
    assert "12 sequences of 4 to 6 steps, 1 column (x), 2 classes" in (
        capsys.readouterr().out
    )
    for part in data.parts.values():
        for name, values in back(data, part).items():
            number = int(re.search(r"_(\d+)\.csv", name)[1])
            np.testing.assert_allclose(values[:, 0], rising(number), atol=1e-3)
    people = [
        {re.search(r"who\d", name)[0] for name in part.names}
        for part in data.parts.values()
    ]
    assert [len(own) for own in people] == [1, 1, 1] and len(set.union(*people)) == 3


def test_files_of_validation_and_test_are_taken(tmp_path):
    path = put(tmp_path, range(20))
    valid = put(tmp_path, range(20, 26), "valid.csv")
    test = put(tmp_path, range(26, 30), "test.csv")
    paths = {"valid_path": valid, "test_path": test}
    data = load(DataConfig("sequences", path, columns=("x",), **paths))
    assert data.test.names == ("q26", "q27", "q28", "q29")
    assert data.test.labels.tolist() == [0, 1, 0, 1]
    assert [len(part.labels) for part in data.parts.values()] == [20, 6, 4]


def experiment(path, epochs=1, **options):
    return ClassifyExperiment.from_config(
        Config(
            data=DataConfig("sequences", path, columns=("x",), **options),
            model=ClassifierConfig(STACK),
            batches=BatchConfig(8, 64, 1),
            optimizer=OptimizerConfig(name="adam", learning_rate=0.02),
            train=TrainConfig(epochs=epochs),
        )
    )


@pytest.mark.long
@pytest.mark.usefixtures("standard_promotion")
def test_rising_is_told_from_falling_and_new_ones_are_answered(tmp_path):
    made = experiment(put(tmp_path, range(140)), 10)
    folder = tmp_path / "run"
    folder.mkdir()
    run = made.fit(folder)
    assert run.result.test["accuracy"] >= 0.9
    new = put(tmp_path, range(200, 206), "new.csv")
    part = made.read(new, made.data.prep, labelled=False)
    rows = list(made.predict(run.model, part, made.data.prep))
    assert [row["id"] for row in rows] == [f"q{n}" for n in range(200, 206)]
    wanted = ["up" if n % 2 else "down" for n in range(200, 206)]
    right = np.mean(
        [row["class"] == one for row, one in zip(rows, wanted, strict=True)]
    )
    scored = made.read(new, made.data.prep, labelled=True)
    scores = made.score(run.model, scored, made.data.prep)
    assert scores["accuracy"] == pytest.approx(right)


def test_new_sequences_need_no_class_and_are_scaled_as_before(tmp_path):
    made = experiment(put(tmp_path))
    prep = made.data.prep
    new = tmp_path / "new.csv"
    new.write_text("id,x\na,5\na,7\nb,1\n")
    part = made.read(new, prep, labelled=False)
    assert part.names == ("a", "b")
    wanted = (np.array([5, 7]) - prep.scaler.mean) / prep.scaler.std
    np.testing.assert_allclose(part.sequences[0][:, 0], wanted, rtol=1e-6)
    model = made.make_model(prep, nnx.Rngs(jax.random.key(0)))
    assert [row["id"] for row in made.predict(model, part, prep)] == ["a", "b"]
    new.write_text("id,x,label\na,5,odd\nb,1,up\n")
    with pytest.raises(ValueError, match="classes odd, which the file to learn from"):
        made.read(new, prep, labelled=True)
    new.write_text("id,z\na,5\n")
    with pytest.raises(ValueError, match=r"has no column 'x': data\.columns must be"):
        made.read(new, prep, labelled=False)


REFUSED = {
    "no id": ("a,label\n1,u\n2,v\n", {}, "has no column id or sequence or sequence_id"),
    "no label": ("id,x\n1,2\n1,3\n", {}, "has no column label or class or category"),
    "no such label": ("id,x\n1,2\n", {"label": "kind"}, "no column 'kind': data.label"),
    "two classes": (
        "id,x,label\na,1,u\na,2,v\nb,1,u\n", {},
        "line 3 has 'v' in column 'label', where sequence 'a' began with 'u'",
    ),
    "one class": ("id,x,label\na,1,u\nb,2,u\n", {}, "classes u: give sequences of two"),
    "a number to predict": (
        "id,x,label\n" + "".join(f"{n},{n},{n}\n" for n in range(12)), {},
        "12 classes in 12 sequences, such as '0': name the column of classes by "
        "data.label; data.problem_type=regression predicts numbers.",
    ),
    "one number": (
        "id,x,label\n" + "".join(f"{n},{n},0.5\n" for n in range(12)), {},
        "All numbers to predict are 0.5 in training",
    ),
    "missing": ("id,x,label\na,1,u\na,,u\nb,1,v\n", {}, "lacks 1 value(s), the first"),
    "text": ("id,x,label\na,red,u\na,2,u\nb,1,v\n", {}, "line 2 has 'red' in column"),
    "few groups": (
        "id,x,who,label\na,1,g,u\nb,2,g,v\nc,2,h,v\n", {"group": "who"},
        "data.group gives 2 group(s) (g, h), too few for 3 parts",
    ),
    "no such group": ("id,x,label\na,1,u\nb,1,v\n", {"group": "who"}, "data.group"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_meant_is_refused(what, tmp_path):
    text, options, said = REFUSED[what]
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(said)):
        load(DataConfig("sequences", str(path), **options))


@pytest.mark.parametrize("name", ["step", "when"])
def test_rows_are_put_in_the_order_of_their_steps_or_dates(name, tmp_path):
    steps = ["2", "0", "1"] if name == "step" else [f"2024-01-0{n}" for n in (3, 1, 2)]
    rows = [
        f"q{n},{step},{10 * n + value},{'ab'[n % 2]}"
        for step, value in zip(steps, (2, 0, 1), strict=True)
        for n in range(4)
    ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([f"id,{name},x,label", *rows]) + "\n")
    found = read_sequences(path, SequenceOptions())
    assert found.columns == ("x",) and found.names == ("q0", "q1", "q2", "q3")
    assert found.labels == ("a", "b", "a", "b")
    for n, values in enumerate(found.values):
        assert values[:, 0].tolist() == [10 * n, 10 * n + 1, 10 * n + 2]


def test_missing_values_are_filled_where_that_is_asked_for(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"{n},{v},{'u' if n % 2 else 'v'}" for n in range(6) for v in (1, "", 3)]
    path.write_text("\n".join(["id,x,label", *rows]) + "\n")
    data = load(DataConfig("sequences", str(path), interpolate=True))
    for values in back(data, data.train).values():
        np.testing.assert_allclose(values[:, 0], [1, 2, 3], atol=1e-6)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(who", "no pattern"),
        (r"who\d", "put what names a group in brackets"),
        ("(nobody)", "data.group=(nobody) finds nothing in 'down/who0_0.csv'"),
    ],
)
def test_a_pattern_that_finds_no_group_is_refused(pattern, said, tmp_path):
    path = folders(tmp_path / "all")
    with pytest.raises(ValueError, match=re.escape(said)):
        load(DataConfig("sequences", path, group=pattern))


def test_files_of_a_folder_have_one_kind_of_columns_and_a_class(tmp_path):
    path = folders(tmp_path / "all")
    other = tmp_path / "all" / "up" / "z.csv"
    other.write_text("y\n1\n2\n")
    with pytest.raises(ValueError, match=r"z\.csv has columns y, .* has x: give the"):
        load(DataConfig("sequences", path))
    other.unlink()
    (tmp_path / "all" / "z.csv").write_text("x\n1\n2\n")
    with pytest.raises(ValueError, match=r"z\.csv lies in no folder of a class"):
        load(DataConfig("sequences", path))


def test_a_cut_keeps_the_shares_of_classes_and_rare_ones_in_training():
    labels = np.array([0] * 60 + [1] * 30 + [2] * 9 + [3])
    rows = cut_rows(labels, {"valid": 0.1, "test": 0.2}, seed=3)
    counts = {name: np.bincount(labels[own], minlength=4) for name, own in rows.items()}
    assert sorted(np.concatenate([*rows.values()])) == [*range(100)]
    np.testing.assert_allclose(counts["valid"], [6, 3, 1, 0], atol=1)
    np.testing.assert_allclose(counts["test"], [12, 6, 2, 0], atol=1)
    assert counts["train"][3] == 1
    other = cut_rows(labels, {"valid": 0.1, "test": 0.2}, seed=4)
    assert sorted(other["test"]) != sorted(rows["test"])


def test_texts_are_cut_by_class_or_by_author(tmp_path, capsys):
    rows = [f"{'ab'[n % 2]}\ta film number {n}\twho{n % 4}" for n in range(40)]
    path = tmp_path / "a.tsv"
    path.write_text("\n".join(["label\ttext\tauthor", *rows]) + "\n")
    load(DataConfig("labelled_text", str(path)))
    said = capsys.readouterr().out
    assert "train 32 (a 16, b 16), dev 4 (a 2, b 2), test 4 (a 2, b 2)" in said
    data = load(DataConfig("labelled_text", str(path), group="author"))
    who = [
        {int(words[-1]) % 4 for words in part.sentences} for part in data.parts.values()
    ]
    assert [len(own) for own in who] == [2, 1, 1] and set.union(*who) == set(range(4))
    with pytest.raises(ValueError, match=r"no column 'nobody': data\.group must"):
        load(DataConfig("labelled_text", str(path), group="nobody"))
