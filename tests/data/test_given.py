"""Data that a function of the user's gives means what the same in a file means."""

import datetime as dt
import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from jlstm.cli.compose import compose_run
from jlstm.data import CorpusConfig, ForecastConfig, load_corpus, load_forecast
from jlstm.data.sheet.given import Given, called, sources_of, table_of
from jlstm.tasks import find_task
from jlstm.tasks.classification.data import DataConfig
from jlstm.tasks.classification.load import load
from jlstm.training.config.schema import build
from jlstm.training.variables import resolved
from tests.pages import blocks

DAYS = [dt.datetime(2024, 1, 1) + dt.timedelta(n) for n in range(60)]
SOLD = {"day": DAYS, "sold": np.arange(60) ** 0.5, "price": [n % 7 for n in range(60)]}
TEXTS = [f"a {'good' if n % 2 else 'dull'} film {n}" for n in range(40)]
LABELS = ["up" if n % 2 else "down" for n in range(40)]
WAVES = [np.arange(4.0 + n % 3)[:, None] * (1, n) for n in range(40)]
UNEVEN = [np.ones((2, 1)), np.ones((2, 3))]
BOOK = ["to be or not", "that is the question"] * 30


@pytest.fixture
def gives(monkeypatch):
    """Make ``mine.load`` a function that returns a value, and return its path."""

    def make(value):
        module = types.ModuleType("mine")
        module.load = value if callable(value) else lambda: value
        monkeypatch.setitem(sys.modules, "mine", module)
        return "mine.load"

    return make


def written(path, columns):
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


class Frame:
    """What is used of a DataFrame."""

    def __init__(self, columns):
        self.columns, self._of = [*columns], columns

    def __getitem__(self, name):
        return self._of[name]


def of_pandas(columns):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    return pandas.DataFrame(columns, index=[*range(60)][::-1])


@pytest.mark.parametrize("made", [dict, Frame, of_pandas])
def test_a_table_of_a_function_is_read_as_a_file_is(made, gives, tmp_path):
    """Floats keep all their bits; the index of a DataFrame is no column."""
    path = written(tmp_path / "a.csv", {**SOLD, "day": [d.date() for d in DAYS]})
    sizes = {"target": "sold", "length": 6, "horizon": 2}
    of_file = load_forecast(ForecastConfig("csv", path, **sizes)).series
    config = ForecastConfig("csv", function=gives(made(SOLD)), **sizes)
    series = load_forecast(config).series
    np.testing.assert_array_equal(series.values, of_file.values)
    assert series.dates == of_file.dates and series.columns == of_file.columns
    assert series.read == of_file.read.replace("a.csv", "mine.load")


FORMS = {
    "columns": {"said": LABELS, "words": TEXTS},
    "a pair": (TEXTS, LABELS),
    "parts": {"train": (TEXTS[:30], LABELS[:30]), "test": (TEXTS[30:], LABELS[30:])},
}


@pytest.mark.parametrize("what", FORMS)
def test_texts_and_their_classes(what, gives, capsys):
    data = load(DataConfig("labelled_text", function=gives(FORMS[what])))
    assert data.prep.classes == ("down", "up")
    assert capsys.readouterr().out.startswith("read mine.load")
    found = {}
    for part in data.parts.values():
        pairs = zip(part.sentences, part.labels, strict=True)
        found |= {" ".join(words): data.prep.classes[label] for words, label in pairs}
    assert found == dict(zip(TEXTS, LABELS, strict=True))
    if what == "parts":
        assert [" ".join(words) for words in data.test.sentences] == TEXTS[30:]


@pytest.mark.parametrize(
    "labels", [LABELS, np.arange(40) / 8], ids=["names", "numbers"]
)
def test_sequences_are_taken_as_they_are(labels, gives):
    """A column that counts is a feature, where arrays are given."""
    config = DataConfig("sequences", function=gives((WAVES, labels)))
    data = load(config)
    assert data.prep.input_size == 2
    assert bool(data.prep.classes) == isinstance(labels, list)
    for part in data.parts.values():
        for name, values, label in zip(
            part.names, part.sequences, part.labels, strict=True
        ):
            own = data.prep.scaler.unscale(values.astype(np.float64))
            np.testing.assert_allclose(own, WAVES[int(name)], atol=1e-4)
            truth = labels[int(name)]
            assert truth == (data.prep.classes[label] if data.prep.classes else label)


def test_sequences_of_a_table_have_an_id(gives):
    rows = [(n, x, LABELS[n]) for n in range(12) for x in (n, 2.5 * n)]
    columns = dict(zip(("id", "x", "label"), zip(*rows, strict=True), strict=True))
    data = load(DataConfig("sequences", function=gives(columns)))
    assert sorted(sum((p.names for p in data.parts.values()), ())) == sorted(
        map(str, range(12))
    )


@pytest.mark.parametrize("lines", [BOOK, "\n".join(BOOK) + "\n", iter(BOOK)],
                         ids=["lines", "text", "iterator"])  # fmt: skip
def test_lines_are_a_text(lines, gives, tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(BOOK) + "\n")
    of_file = load_corpus(CorpusConfig("text", str(tmp_path / "a.txt")))
    found = load_corpus(CorpusConfig("text", function=gives(lines)))
    np.testing.assert_array_equal(found.train, of_file.train)
    np.testing.assert_array_equal(found.valid, of_file.valid)


def gives_data(name, **options):
    kinds = {"csv": ForecastConfig, "text": CorpusConfig}
    config = kinds.get(name, DataConfig)(name, **options)
    {"csv": load_forecast, "text": load_corpus}.get(name, load)(config)


REFUSED = {
    "an error": (lambda: 1 / 0, "csv", "which raised ZeroDivisionError: division by"),
    "no table": ([1, 2], "csv", "returned a list: give a table, that is a DataFrame"),
    "no rows": ({"a": []}, "csv", "returned columns of a 0 rows: give the same number"),
    "uneven": ({"a": [1], "b": [1, 2]}, "csv", "columns of a 1, b 2 rows"),
    "lists in cells": ({"a": [[1], [2]]}, "csv", "has a list in column 'a': give"),
    "no lines": ([1, 2], "text", "returned a list: give a text, or lines of text"),
    "other parts": (
        {"train": {}, "dev": {}}, "labelled_text", "returned the parts train, dev: gi",
    ),
    "a label short": ((WAVES, LABELS[1:]), "sequences", "2 values of lengths 40, 39"),
    "widths": ((UNEVEN, "ab"), "sequences", "sequence 1 has shape (2, 3), the first"),
    "not finite": (([np.full(2, np.nan)], "a"), "sequences", "is not finite"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_function_may_not_return_is_refused(what, gives):
    value, name, said = REFUSED[what]
    gives(value)
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        gives_data(name, function="mine.load")
    assert "mine.load" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [ForecastConfig, CorpusConfig, DataConfig])
def test_a_function_is_of_data_of_ones_own_and_is_not_called_before(kind):
    own = {ForecastConfig: "csv", CorpusConfig: "text", DataConfig: "sequences"}[kind]
    assert kind(own, function="no.such").function == "no.such"
    with pytest.raises(ValueError, match=r"data\.path and data\.function are both"):
        kind(own, path="a", function="no.such")
    with pytest.raises(ValueError, match=r"data\.function goes with data\.name="):
        kind(function="no.such")
    with pytest.raises(ValueError, match=r"data\.path goes with data\.name="):
        kind(own)


def test_a_part_has_one_source(gives):
    gives({"train": SOLD, "test": SOLD})
    with pytest.raises(ValueError, match=r"data\.test_path and data\.function=mine"):
        sources_of(None, "mine.load", test="a.csv")
    found = sources_of(None, "mine.load", valid="a.csv", test=None)
    assert {n: str(own) for n, own in found.items()} == {
        "train": "mine.load[train]", "test": "mine.load[test]", "valid": "a.csv",
    }  # fmt: skip
    assert called("mine.load").values["train"] is SOLD


def test_cells_are_texts_as_in_a_file():
    day = np.datetime64("2024-02-29T12:30:00", "ns")
    columns = {"a": np.array([0.1, np.nan]), "b": [day, None], "c": [np.int8(3), True]}
    assert table_of(Given("my.load", columns)).columns == [
        ["0.1", ""], ["2024-02-29 12:30:00", ""], ["3", "1"],
    ]  # fmt: skip


PAGE = Path(__file__).parents[2] / "docs" / "howto-data.md"
COMMANDS = re.findall(r"^ {4}jlstm run (.*data.function=.*)$", PAGE.read_text(), re.M)


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_page_read_its_functions(command, monkeypatch):
    """All is checked that a run checks before it trains."""
    code = next(block for block in blocks(PAGE) if "def sales" in block)
    module = types.ModuleType("mydata")
    exec(code, vars(module))
    monkeypatch.setitem(sys.modules, "mydata", module)
    mapping = resolved(compose_run(command.split()))
    task = find_task(mapping["task"])
    made = task.from_config(build(task.Config, mapping))
    assert {"train", "valid"} <= set(made.data.parts)


def test_the_page_has_a_command_for_each_data():
    assert len(COMMANDS) == 4
