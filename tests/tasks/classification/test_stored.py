"""A classifier on records that stay on disk: as one in memory, resumed, predicted."""

import json

import numpy as np
import pytest

from jlstm.cli.forms import form_of
from jlstm.data import Records, write_records
from jlstm.data.batch_config import BatchConfig
from jlstm.tasks.classification.data import DataConfig
from jlstm.tasks.classification.experiment import ClassifyExperiment, Config
from jlstm.tasks.classification.load import load
from jlstm.tasks.classification.model import ClassifierConfig
from jlstm.tasks.classification.objective import Examples
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import TrainConfig

COUNTS = {"train": 30, "valid": 6, "test": 6}


def put(folder, counts=COUNTS, label=lambda n: n % 2):
    """Write records whose values rise with their class, from 2 to 5 steps."""
    for name, count in counts.items():
        rng = np.random.default_rng(len(name))
        write_records(
            folder / name,
            (
                (rng.normal(size=(2 + n % 4, 3)).astype("float32") + n % 2, label(n))
                for n in range(count)
            ),
        )
    return str(folder)


def spoil(folder, part, row):
    records = Records(folder / part)
    values = np.lib.format.open_memmap(folder / part / "values.npy", "r+")
    values[int(records.lengths[:row].sum())] += 1
    values.flush()


def experiment(path, **data):
    return ClassifyExperiment.from_config(
        Config(
            data=DataConfig("records", path=path, **data),
            model=ClassifierConfig(StackConfig("RNNCell", hidden_sizes=(3,))),
            batches=BatchConfig(batch_size=4, eval_batch=4, buckets=2),
            train=TrainConfig(epochs=2),
            baselines=False,
        )
    )


@pytest.mark.parametrize("whole", [True, False])
def test_parts_are_folders_or_drawn(tmp_path, capsys, whole):
    path = put(tmp_path, COUNTS if whole else {"train": 40})
    data = load(DataConfig("records", path=path if whole else f"{path}/train"))
    sizes = {name: len(part.labels) for name, part in data.parts.items()}
    assert sizes == (COUNTS if whole else {"train": 32, "valid": 4, "test": 4})
    assert data.prep.classes == ("0", "1") and data.prep.input_size == 3
    said = capsys.readouterr().out
    assert f"{sum(sizes.values())} records of 2 to 5 steps, 3 features; the" in said
    assert "train 30 (0 15, 1 15)" in said or not whole
    assert form_of(path) == "records"


def test_batches_are_those_of_examples_in_memory(tmp_path):
    own = experiment(put(tmp_path))
    task = own.task(own.data, {})
    stored = task.train
    memory = Examples([*stored.sequences], stored.labels)
    other = own.task(own.data, {})
    object.__setattr__(other, "train", memory)
    assert task.boundaries == other.boundaries
    for epoch in (1, 2):
        pairs = zip(task.batches(epoch), other.batches(epoch), strict=True)
        for ours, theirs in pairs:
            for one, want in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(one, want)


def test_broken_records_are_left_out_and_counted(tmp_path):
    path = put(tmp_path)
    spoil(tmp_path, "train", 7)
    spoil(tmp_path, "valid", 2)
    with pytest.raises(ValueError, match=r"Record 2 in .*valid is broken: its bytes"):
        load(DataConfig("records", path=path))
    own = experiment(path, on_error="skip")
    assert len(own.data.valid.labels) == len(own.data.valid.sequences) == 5
    task = own.task(own.data, {})
    assert sum(task.count(batch) for batch in task.batches(1)) == 29
    assert sum(task.count(batch) for batch in task.batches(2)) == 29


@pytest.mark.long
def test_a_run_counts_what_it_left_out(tmp_path):
    path = put(tmp_path / "data")
    spoil(tmp_path / "data", "train", 7)
    folder = tmp_path / "run"
    folder.mkdir()
    own = experiment(path, on_error="skip")
    summary = own.run(folder)
    assert summary["skipped"] == {"train": 1, "valid": 0, "test": 0}
    assert json.loads((folder / "result.json").read_text())["skipped"]["train"] == 1
    new = own.read(tmp_path / "data" / "test", own.data.prep, labelled=False)
    assert len(new.labels) == 6


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (lambda n: n - 1, "labels.npy has classes -1 to"),
        (lambda n: 10**9 + n, "labels.npy has classes 1000000000 to"),
        (lambda n: np.nan, "labels.npy is not finite"),
        (lambda n: 0.5, "All numbers to predict are 0.5"),
    ],
)
def test_labels_that_cannot_be_learnt(tmp_path, label, message):
    with pytest.raises(ValueError, match=message):
        load(DataConfig("records", path=put(tmp_path, label=label)))


def test_numbers_are_predicted_where_labels_are_floats(tmp_path):
    own = experiment(put(tmp_path, label=lambda n: n / 2))
    assert own.data.prep.classes == () and own.data.prep.target is not None
    task = own.task(own.data, {})
    assert {len(batch.labels) for batch in task.batches(1)} == {4}
    assert abs(float(np.mean(task.train.labels))) < 1e-9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: DataConfig("records", function="a.b"),
            "data.function goes with labelled_text and sequences, data.name is records",
        ),
        (
            lambda: DataConfig("sequences", path="a.csv", on_error="skip"),
            "data.on_error goes with data.name=records; data.name is 'sequences'",
        ),
        (
            lambda: Config(data=DataConfig("records", path="a")),
            "baselines is true and data.name is records: baselines are fitted in",
        ),
    ],
)
def test_keys_that_do_not_go_together(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_parts_of_different_width(tmp_path):
    path = put(tmp_path)
    write_records(tmp_path / "test", [(np.ones((2, 4)), 0)] * 3)
    with pytest.raises(ValueError, match="train has 3, valid has 3, test has 4; give"):
        load(DataConfig("records", path=path))


@pytest.mark.parametrize(("on_error", "shares"), [("raise", True), ("skip", False)])
def test_who_counts_what_is_broken_reads_all_rows(tmp_path, on_error, shares):
    """Else each process would count its own, and weigh its updates by that."""
    one = experiment(put(tmp_path), on_error=on_error)
    whole = one.task(one.data, {}).batches(1)
    half = whole.own((1, 2))
    assert [bool(batch.xs[:, :2].any()) for batch in half] == [not shares] * len(whole)
    assert all(batch.xs[:, 2:].any() for batch in half if batch.weights[2])
