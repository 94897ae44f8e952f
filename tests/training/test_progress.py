"""Progress: the numbers shown, how often, and what a call costs."""

import io
import re
import sys
import time

import pytest

from jlstm.training import progress as module
from jlstm.training.progress import Progress, units_text


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_a_line_says_where_the_run_is(clock, capsys):
    with Progress(9292, "tokens", done=1159, label="train") as progress:
        clock.now += 10.0
        progress.advance(1, 382_000, loss=5.1234, note="warm")
        line = capsys.readouterr().out
    assert line == (
        "[ 12%] train 1,160/9,292 steps  38.2k tokens/s  loss 5.123  note warm"
        "  ETA 22:35:20\n"
    )


def test_a_line_comes_at_most_every_ten_seconds(clock, capsys):
    with Progress(100, "rows") as progress:
        for _ in range(100):
            clock.now += 0.5
            progress.advance(1, 4)
        lines = capsys.readouterr().out.splitlines()
    assert [re.search(r"\] (\d+)/", line)[1] for line in lines] == [
        "20",
        "40",
        "60",
        "80",
        "100",
    ]
    assert all("8.0 rows/s" in line for line in lines)
    assert "ETA 0:00:30" in lines[1]


def test_the_rate_follows_the_last_half_minute(clock, capsys):
    with Progress(1000, "rows") as progress:
        for speed in (1, 1, 1, 50, 50, 50):
            clock.now += 10.0
            progress.advance(speed, 10 * speed)
    line = capsys.readouterr().out.splitlines()[-1]
    assert "50 rows/s" in line
    assert line.endswith(f"ETA 0:02:{round(847 / 5) - 120:02}")


def test_a_resumed_run_counts_its_rate_from_where_it_began(clock, capsys):
    with Progress(100, "rows", done=90) as progress:
        clock.now += 10.0
        progress.advance(5, 5)
    assert "0.50 rows/s  ETA 0:00:10" in capsys.readouterr().out


def test_nothing_done_shows_no_time_left(clock, capsys):
    with Progress(0, "rows"):
        clock.now += 1.0
    assert capsys.readouterr().out == "[  0%] 0/0 steps  0.00 rows/s  ETA -:--:--\n"


def test_a_note_is_a_line_of_its_own(capsys):
    with Progress(2, "rows") as progress:
        progress.note("epoch 1: loss [2.0]")
    assert capsys.readouterr().out.startswith("epoch 1: loss [2.0]\n[  0%]")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_there_is_a_bar(monkeypatch):
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    with Progress(4, "tokens") as progress:
        progress.advance(2, 700, loss=5.0)
        progress.note("half [of] it")
        progress.advance(2, 700, loss=4.0)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert "half [of] it\n" in plain
    assert "━" in plain
    assert re.search(r"100%.*4/4 steps .* tokens/s  loss 4\.000  ETA 0:00:00", plain)


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.0, "0.00"), (0.994, "0.99"), (9.94, "9.9"), (999.4, "999"), (1e6, "1.00M")],
)
def test_units(rate, text):
    assert units_text(rate) == text


def test_a_call_is_far_below_a_step_of_five_milliseconds(monkeypatch):
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    start = time.perf_counter()
    with Progress(10_000, "tokens") as progress:
        for _ in range(10_000):
            progress.advance(1, 700, loss=5.0)
    seconds = time.perf_counter() - start
    assert terminal.getvalue()
    assert seconds / 10_000 < 100e-6
