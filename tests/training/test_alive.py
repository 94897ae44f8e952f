"""Processes that meet: all come, one is late, one hangs, one leaves."""

import threading
import time

import pytest

from jlstm.training import alive
from jlstm.training.alive import Meetings, missing, watched


class Table:
    """Where threads meet as processes do; one may stay away from some meeting on."""

    def __init__(self, seats, away_from=None):
        self.barrier, self.away_from = threading.Barrier(seats), away_from
        self.lost = []

    def meetings(self, seat, silent=5.0, every=0.001):
        mine = iter(range(10**6))

        def meet(seconds):
            if seat == 1 and next(mine) == self.away_from:
                threading.Event().wait()  # hangs, without a word
            try:
                self.barrier.wait(seconds)
            except threading.BrokenBarrierError:
                raise RuntimeError("task names:\n1\n\nRPC") from None

        return Meetings(meet, lambda why: self.lost.append((seat, why)), silent, every)


def test_all_come_until_the_last_meeting():
    table = Table(3)
    seats = [table.meetings(seat) for seat in range(3)]
    for one in seats:
        one.start()
    time.sleep(0.05)
    last = max(one.number for one in seats) + 20
    enders = [threading.Thread(target=one.end, args=(last,)) for one in seats]
    for thread in enders:
        thread.start()
    for thread in enders:
        thread.join(5.0)
    assert [one.number for one in seats] == 3 * [last] and table.lost == []


@pytest.mark.long
def test_one_that_hangs_is_missed_by_all_others():
    table, begun = Table(3, away_from=2), time.monotonic()
    # Their own clocks ring well after that of the meeting: also on a busy machine.
    seats = [table.meetings(seat, silent=0.2, every=0.6) for seat in range(3)]
    for one in seats:
        one.start()
    while len(table.lost) < 3 and time.monotonic() - begun < 20.0:
        time.sleep(0.01)
    assert len(table.lost) == 3
    assert [one.number for one in seats] == [2, 2, 2]
    said = dict(table.lost)
    assert {missing(said[seat]) for seat in (0, 2)} == {"process 1"}
    assert said[1] == "no answer"  # its own clock sees it, if it ever runs again


def test_one_that_leaves_is_missed_and_misses_nobody():
    table, begun = Table(2), time.monotonic()
    stays, leaves = table.meetings(0, silent=0.5), table.meetings(1, silent=0.5)
    for one in (stays, leaves):
        one.start()
    leaves.leave()
    while not table.lost and time.monotonic() - begun < 5.0:
        time.sleep(0.01)
    assert [seat for seat, _ in table.lost] == [0]


@pytest.mark.parametrize(
    ("said", "who"),
    [
        ("Some timed out task names:\n0\n\n\nRPC: /x [type/y='']", "process 0"),
        ("task names:\n11\n3\n", "processes 11, 3"),
        ("UNAVAILABLE: Socket closed", "any other"),
    ],
)
def test_who_is_missing(said, who):
    assert missing(said) == who


def test_nobody_is_missed_before_all_are_there(tmp_path, monkeypatch):
    """The first process comes later: it scores baselines before it trains."""
    seen = []
    monkeypatch.setattr(alive.processes, "count", lambda: 2)
    monkeypatch.setattr(alive.processes, "meet", lambda where: seen.append("all meet"))

    def barrier():
        seen.append("meetings")
        return lambda seconds: None

    monkeypatch.setattr(alive, "_barrier", barrier)
    monkeypatch.setattr(alive, "_end", lambda meetings: meetings.end(0))
    with watched(tmp_path):
        assert seen == ["all meet", "meetings"]


def test_alone_a_process_meets_nobody(tmp_path):
    before = threading.active_count()
    with watched(tmp_path):
        assert threading.active_count() == before
