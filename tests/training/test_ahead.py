"""Batches read ahead: the same ones in the same order, bounded, measured, ended."""

import threading
import time

import pytest

from jlstm.training.ahead import ReadAhead


class Slow:
    """Counts what was read; a batch takes its time, and one of them fails."""

    def __init__(self, count=6, seconds=0.0, broken=None):
        self.count, self.seconds, self.broken = count, seconds, broken
        self.read = []

    def __len__(self):
        return self.count

    def __getitem__(self, number):
        assert 0 <= number < self.count
        time.sleep(self.seconds)
        self.read.append(number)
        if number == self.broken:
            raise ValueError(f"batch {number} is broken")
        return 10 * number


@pytest.mark.parametrize("depth", [0, 1, 2, 9])
@pytest.mark.parametrize("order", [range(6), range(4, 6), [3, 4, 0, 1, 1, 5], []])
def test_the_batches_are_those_that_are_asked_for(depth, order):
    with ReadAhead(depth) as ahead:
        batches = ahead.of(Slow())
        assert len(batches) == 6
        assert [batches[k] for k in order] == [10 * k for k in order]
        assert list(batches) == [0, 10, 20, 30, 40, 50]


@pytest.mark.parametrize(("depth", "most"), [(0, 1), (1, 2), (3, 4), (9, 6)])
def test_no_more_is_read_than_is_allowed(depth, most):
    source = Slow()
    with ReadAhead(depth) as ahead:
        assert ahead.of(source)[0] == 0
        time.sleep(0.05)
        assert len(source.read) == most and source.read == [*range(most)]


@pytest.mark.parametrize("depth", [0, 2])
def test_what_fails_is_raised_where_it_is_wanted(depth):
    with ReadAhead(depth) as ahead:
        batches = ahead.of(Slow(broken=2))
        assert [batches[0], batches[1]] == [0, 10]
        with pytest.raises(ValueError, match="batch 2 is broken"):
            batches[2]
        assert batches[3] == 30


@pytest.mark.parametrize("depth", [0, 2])
def test_the_wait_is_measured(depth):
    """A step of 40 ms hides what takes 20 ms to read, if a thread reads it."""
    with ReadAhead(depth) as ahead:
        batches = ahead.of(Slow(count=5, seconds=0.02))
        assert batches[0] == 0
        assert 0.015 < ahead.take_waited() < 0.2
        for number in range(1, 5):
            time.sleep(0.04)
            assert batches[number] == 10 * number
        waited = ahead.take_waited()
    assert waited < 0.04 if depth else waited > 0.075
    assert ahead.take_waited() == 0


def test_the_thread_ends_with_the_run():
    source = Slow(count=1000, seconds=0.01)
    before = threading.active_count()
    with pytest.raises(KeyError), ReadAhead(500) as ahead:
        assert ahead.of(source)[0] == 0
        raise KeyError
    read = len(source.read)
    time.sleep(0.05)
    assert threading.active_count() == before and len(source.read) == read < 20
