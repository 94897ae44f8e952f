"""Records on disk: what is written is read, broken ones are named or left out."""

import os
import re

import numpy as np
import pytest

from jlstm.data import BucketedBatches, Records, write_records
from jlstm.data.records import BrokenRecordError
from jlstm.training.checksum import checksum

SIZES = (2, 5, 3, 4, 1, 5)
WIDTH = 3


def sequences(kind="float32"):
    rng = np.random.default_rng(0)
    return [(100 * rng.normal(size=(n, WIDTH))).astype(kind) for n in SIZES]


@pytest.fixture
def folder(tmp_path):
    write_records(tmp_path, zip(sequences(), range(len(SIZES)), strict=True))
    return tmp_path


def damage(folder, row, value=7.5):
    """Change a number of a record on disk."""
    values = np.lib.format.open_memmap(folder / "values.npy", "r+")
    values[sum(SIZES[:row]), 1] = value
    values.flush()


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int16", ">f4"])
@pytest.mark.parametrize("label", [3, 0.5])
def test_what_is_written_is_read(tmp_path, kind, label):
    written = sequences(kind)
    write_records(tmp_path, ((one, n * label) for n, one in enumerate(written)))
    records = Records(tmp_path)
    assert (len(records), records.size) == (len(SIZES), WIDTH)
    assert records.lengths.tolist() == [*SIZES]
    assert records.labels.tolist() == [n * label for n in range(len(SIZES))]
    for one, want in zip(records, written, strict=True):
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, want.astype(np.float32))


@pytest.mark.parametrize("rows", [[4, 1], [0], []])
def test_some_of_the_records(folder, rows):
    taken = Records(folder).take(np.array(rows, int))
    assert taken.lengths.tolist() == [SIZES[row] for row in rows]
    assert taken.labels.tolist() == rows
    for one, row in zip(taken, rows, strict=True):
        np.testing.assert_array_equal(one, sequences()[row])
    np.testing.assert_array_equal(Records(folder)[2:4][1], sequences()[3])


def test_files_of_other_makers_are_enough(tmp_path):
    np.save(tmp_path / "values.npy", np.arange(10.0).reshape(5, 2))
    np.save(tmp_path / "lengths.npy", np.array([2, 3], np.uint8))
    records = Records(tmp_path)
    assert records[1].tolist() == [[4, 5], [6, 7], [8, 9]]
    assert records.labels.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("value", "checked", "why"),
    [
        (7.5, True, "its bytes do not have its checksum"),
        (np.nan, True, "its bytes do not have its checksum"),
        (np.inf, False, "it has numbers that are not finite in float32"),
        (np.nan, False, "it has numbers that are not finite in float32"),
        (1e300, False, "it has numbers that are not finite in float32"),
    ],
)
def test_a_broken_record_is_named_or_left_out(folder, capsys, value, checked, why):
    write_records(folder, zip(sequences("float64"), range(len(SIZES)), strict=True))
    damage(folder, 3, value)
    if not checked:
        (folder / "checksums.npy").unlink()
    records = Records(folder)
    assert len(records[2]) == 3
    with pytest.raises(BrokenRecordError) as error:
        records[3]
    told = f"Record 3 in {folder} is broken: {why}"
    assert str(error.value) == (
        f"{told}. Write it again, or leave such ones out by data.on_error=skip."
    )
    skipping = Records(folder, "skip")
    assert [len(skipping[3]), len(skipping[3]), len(skipping[1])] == [0, 0, 5]
    assert skipping.skipped == {3}
    assert capsys.readouterr().out == f"{told}; it is left out.\n"
    assert skipping.whole().labels.tolist() == [0, 1, 2, 4, 5]


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize(("left", "whole"), [(10, 3), (11, 3), (14, 4), (19.5, 5)])
def test_what_is_cut_off_while_a_run_reads_is_broken(
    folder, left, whole, on_error, checked
):
    if not checked:
        (folder / "checksums.npy").unlink()
    records = Records(folder, on_error)
    values = np.load(folder / "values.npy", mmap_mode="r")
    os.truncate(folder / "values.npy", values.offset + int(4 * WIDTH * left))
    assert [len(records[row]) for row in range(whole)] == [*SIZES[:whole]]
    if on_error == "skip":
        assert not any(len(records[row]) for row in range(whole, len(SIZES)))
        return
    with pytest.raises(BrokenRecordError, match=r"broken: values[.]npy ends before it"):
        records[whole]


def test_many_broken_records_are_counted_and_few_named(tmp_path, capsys):
    broken = [(np.full((1, 1), np.nan), 0)] * 20
    write_records(tmp_path, [*broken, (np.ones((1, 1)), 0)])
    records = Records(tmp_path, "skip")
    assert len(records.whole()) == 1 and len(records.skipped) == 20
    assert len(capsys.readouterr().out.splitlines()) == 5


@pytest.mark.parametrize("count", [1, 3])
def test_of_nothing_but_broken_records_nothing_is_learnt(tmp_path, count):
    write_records(tmp_path, [(np.full((1, 1), np.nan), 0)] * count)
    records = Records(tmp_path, "skip")
    assert [len(records[0]) for _ in range(count > 1)] == [0] * (count > 1)
    with pytest.raises(BrokenRecordError, match=rf"All {count} records of a part in"):
        records.whole()


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("rows", [[0, 1, 2, 3, 4, 5], [5, 3, 1]])
def test_batches_are_those_of_sequences_in_memory(folder, seed, rows):
    cut = {"batch_size": 2, "boundaries": (3, 5), "seed": seed}
    stored = BucketedBatches(Records(folder).take(np.array(rows)), **cut)
    memory = BucketedBatches([sequences()[row] for row in rows], **cut)
    assert len(stored) == len(memory) and stored.padding == memory.padding
    for one, want in zip(stored, memory, strict=True):
        for ours, theirs in zip(one, want, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_broken_record_stands_for_none(folder, unchecked):
    damage(folder, 1)
    cut = {"batch_size": 3, "boundaries": (5,)}
    batches = BucketedBatches(Records(folder, "skip"), **cut)
    assert [batch.rows.tolist() for batch in batches] == [[0, -1, 2], [3, 4, 5]]
    assert batches[0].lengths.tolist() == [2, 0, 3]
    assert not batches[0].xs[:, 1].any()
    with pytest.raises(BrokenRecordError, match="Record 1 in"):
        BucketedBatches(Records(folder), **cut)[0]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_each_process_reads_its_own_columns(folder, count, monkeypatch):
    """Together they have the batch; no record is read by two."""
    cut = {"batch_size": 4, "boundaries": (5,), "seed": 3}
    whole = BucketedBatches(Records(folder), **cut)
    read = []
    plain = Records.__getitem__
    monkeypatch.setattr(
        Records, "__getitem__", lambda self, n: (read.append(n), plain(self, n))[1]
    )
    parts = [
        BucketedBatches(Records(folder), **cut, share=(rank, count))
        for rank in range(count)
    ]
    for number, want in enumerate(whole):
        read.clear()
        found = [part[number] for part in parts]
        np.testing.assert_array_equal(sum(one.xs for one in found), want.xs)
        for one in found:
            np.testing.assert_array_equal(one.lengths, want.lengths)
            np.testing.assert_array_equal(one.rows, want.rows)
        if (want.rows >= 0).all():
            assert sorted(read) == sorted(want.rows)


@pytest.mark.parametrize("checked", [True, False])
def test_the_checksum_tells_data_apart(folder, checked):
    if not checked:
        (folder / "checksums.npy").unlink()
    own = checksum(Records(folder))
    assert own[:2] == [6, sum(SIZES)] and own == checksum(Records(folder))
    found = {own[2], checksum(Records(folder)[:5])[2]}
    changed = [(one + (n == 4), n) for n, one in enumerate(sequences())]
    write_records(folder, changed)
    if not checked:
        (folder / "checksums.npy").unlink()
    found.add(checksum(Records(folder))[2])
    np.save(folder / "labels.npy", np.zeros(6, int))
    found.add(checksum(Records(folder))[2])
    assert len(found) == 4


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda at: (at / "lengths.npy").unlink(),
            "No file at .*lengths.npy: a folder",
        ),
        (lambda at: (at / "values.npy").unlink(), "No file at .*values.npy: a folder"),
        (lambda at: cut_off(at / "values.npy"), "values.npy is no whole .npy file"),
        (lambda at: cut_off(at / "labels.npy"), "labels.npy is no whole .npy file"),
        (lambda at: (at / "lengths.npy").write_bytes(b""), "is no whole .npy file"),
        (lambda at: np.save(at / "lengths.npy", ["a"]), "holds no numbers"),
        (lambda at: np.save(at / "lengths.npy", [{}]), "is no whole .npy file"),
        (
            lambda at: np.save(at / "lengths.npy", [21]),
            "counts 21 steps, values.npy has",
        ),
        (
            lambda at: np.save(at / "lengths.npy", [2**62] * 4 + [20]),
            "counts 18446744073709551616 steps, values.npy has 20",
        ),
        (lambda at: np.save(at / "lengths.npy", [-1, 21]), "whole numbers above 0"),
        (lambda at: np.save(at / "lengths.npy", [20.0]), "whole numbers above 0"),
        (
            lambda at: np.save(at / "labels.npy", [1, 2]),
            r"shape \(2,\), lengths.npy has",
        ),
        (lambda at: np.save(at / "values.npy", np.ones(20)), "a row for each step"),
        (lambda at: np.save(at / "values.npy", np.ones((3, 20)).T), "columns first"),
    ],
)
def test_files_that_are_wrong_as_a_whole(folder, spoil, message):
    spoil(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
        Records(folder)
    assert str(folder) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (np.ones((0, 3)), "Record 1 has shape (0, 3): give steps by features"),
        (np.ones(3), "Record 1 has shape (3,): give steps by features"),
        (np.ones((2, 4)), "Record 1 has 4 features of float64, the first one has 3 of"),
        (np.ones((2, 3), "i2"), "Record 1 has 3 features of int16, the first one has"),
    ],
)
def test_records_that_do_not_go_together(folder, second, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        write_records(folder, [(np.ones((2, 3)), 0), (second, 0)])
    with pytest.raises(FileNotFoundError):  # what is there now is not whole
        Records(folder)


def test_no_record(tmp_path):
    with pytest.raises(ValueError, match="There is no record to write to"):
        write_records(tmp_path, [])
