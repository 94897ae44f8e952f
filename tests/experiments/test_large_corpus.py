"""Data larger than memory: made, limited, read with little memory."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from experiments.scale import large_corpus, limit
from jlstm.data import BucketedBatches, Records, boundaries_of, write_records

MB = 1_000_000


@pytest.fixture
def group():
    """Return a function that makes a cgroup, where this user may."""
    try:
        with limit.limited(500 * MB):
            pass
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    return limit.limited


def test_records_have_the_size_that_is_asked_for():
    made = list(large_corpus.records(3 * MB, seed=0))
    size = sum(one.nbytes for one, _ in made)
    assert 3 * MB <= size < 3.2 * MB
    assert {len(one) for one, _ in made} <= {*range(16, 49)}
    means = [np.mean([one.mean() for one, label in made if label == k]) for k in (0, 1)]
    assert means[1] - means[0] > 0.02


def test_tokens_rise_by_two_at_most(monkeypatch):
    monkeypatch.setattr(large_corpus, "BLOCK", 100)
    found = [block.astype(int) for block in large_corpus.tokens(250)]
    assert [len(block) for block in found] == [100, 100, 50]
    for block in found:
        assert {*(np.diff(block) % 64)} <= {0, 1, 2} and block.max() < 64


def test_batches_hold_no_more_than_themselves(tmp_path):
    write_records(tmp_path, large_corpus.records(40 * MB, seed=0))
    tracemalloc.start()
    records = Records(tmp_path)
    cut = boundaries_of(records.lengths, 4)
    total = 0.0
    for batch in BucketedBatches(records, 16, cut, seed=0):
        total += float(batch.xs.sum())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total != 0 and most < 8 * MB  # a batch has 1.6 MB at most


@pytest.mark.long
@pytest.mark.parametrize(("size", "code"), [(50, 0), (400, -9)])
def test_the_kernel_kills_what_needs_more(group, size, code):
    program = (
        "import pathlib, sys; from experiments.scale import limit;"
        "limit.enter(pathlib.Path(sys.argv[1])); kept = b'x' * int(sys.argv[2])"
    )
    with group(200 * MB) as place:
        words = [sys.executable, "-c", program, str(place), str(size * MB)]
        done = subprocess.run(words, check=False)
        assert done.returncode == code
        assert min(size, 190) * MB < limit.most(place) <= 200 * MB


@pytest.mark.slow
def test_a_sample_trains_under_a_limit(group, tmp_path):
    """The program itself needs some 450 MB; data of 1 GB does not add to it."""
    rows = list(large_corpus.compared(1.0, 0.8, tmp_path))
    assert [row.split(":")[0] for row in rows] == ["records", "tokens"]
    assert list(tmp_path.iterdir()) == []
