"""How far a run is: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from jlstm.training.wait import announced

SHOW_SECONDS = 0.2
LINE_SECONDS = 10.0
RATE_SECONDS = 30.0


class Progress:
    """Shows how far a run is: steps, percentage, rate, time left and a few values.

    The rate is that of the last half minute. Nothing is drawn more often than five
    times a second, or one line in ten seconds where the output is no terminal, so that
    calls cost little next to steps of a few milliseconds.

    Args:
        total: steps of the whole run.
        unit: what the rate counts, such as ``"tokens"``.
        done: steps done before, in a run that continues.
        label: stands before the bar.

    Example:
        >>> with Progress(total=2, unit="tokens") as progress:
        ...     for loss in (2.5, 2.0):
        ...         progress.advance(1, 700, loss=loss)
        [100%] 2/2 steps  ... tokens/s  loss 2.000  ETA 0:00:00
    """

    def __init__(self, total: int, unit: str, done: int = 0, label: str = "") -> None:
        self.total = total
        self.unit = unit
        self.done = done
        self._label = label
        self._units = 0
        self._values: dict[str, int | float | str] = {}
        self._marks: list[tuple[float, ...]] = []
        self._view: _View = _Lines()
        self._shown = 0.0

    def __enter__(self) -> "Progress":
        self._view = _choose_view()
        self._shown = time.monotonic()
        self._marks = [(self._shown, self.done, 0)]
        return self

    def advance(
        self, steps: int = 1, units: int = 0, **shown: int | float | str
    ) -> None:
        """Count work done and remember what to show next to it.

        Args:
            steps: how many steps were done.
            units: how much of ``unit`` they processed together.
            **shown: values by name; a name keeps its last value.
        """
        self.done += steps
        self._units += units
        self._values.update(shown)
        now = time.monotonic()
        if now - self._shown >= self._view.seconds:
            self._show(now)

    def note(self, text: str) -> None:
        """Print a line of its own, above the bar."""
        self._view.note(text)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Say what takes its time, and how long; the rate does not count it."""
        begun = time.monotonic()
        with announced(what, self.note, self._view.wait, self._view.wait_seconds):
            yield
        lost = time.monotonic() - begun
        self._marks = [(mark + lost, *counts) for mark, *counts in self._marks]

    def close(self) -> None:
        """Show the last state and leave the terminal as it was."""
        self._show(time.monotonic())
        self._view.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _show(self, now: float) -> None:
        self._shown = now
        self._view.show(self.done / max(self.total, 1), self._describe(now))

    def _describe(self, now: float) -> str:
        steps, units = self._rates(now)
        counted = f"{units_text(units)} {self.unit}/s"
        values = [f"{name} {_value_text(v)}" for name, v in self._values.items()]
        left = f"ETA {_clock((self.total - self.done) / steps) if steps else '-:--:--'}"
        place = f"{self.done:,}/{self.total:,} steps"
        head = f"{self._label} {place}" if self._label else place
        return "  ".join([head, counted, *values, left])

    def _rates(self, now: float) -> tuple[float, float]:
        """Return steps and units per second, over the last half minute."""
        self._marks.append((now, self.done, self._units))
        while len(self._marks) > 2 and now - self._marks[1][0] >= RATE_SECONDS:
            del self._marks[0]
        start, steps, units = self._marks[0]
        seconds = max(now - start, 1e-9)
        return (self.done - steps) / seconds, (self._units - units) / seconds


def _choose_view() -> "_View":
    """Return a bar for a terminal, lines for all else and where rich is missing."""
    if sys.stdout is None or not sys.stdout.isatty():
        return _Lines()
    try:
        return _Bar()
    except ImportError:
        print('rich is not installed, so there is no bar: pip install "jlstm[train]"')
        return _Lines()


@runtime_checkable
class _View(Protocol):
    seconds: float
    wait_seconds: float

    def show(self, part: float, text: str) -> None: ...

    def note(self, text: str) -> None: ...

    def wait(self, text: str) -> None: ...

    def close(self) -> None: ...


class _Lines:
    """Plain lines, for files and pipes."""

    seconds = wait_seconds = LINE_SECONDS

    def show(self, part: float, text: str) -> None:
        print(f"[{part:4.0%}] {text}", flush=True)

    def note(self, text: str) -> None:
        print(text, flush=True)

    wait = note

    def close(self) -> None:
        pass


class _Bar:
    """A bar that is redrawn in its place."""

    seconds = SHOW_SECONDS
    wait_seconds = 1.0

    def __init__(self) -> None:
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress

        columns: tuple[Any, ...] = (
            TaskProgressColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
        )
        self._rich = RichProgress(*columns, auto_refresh=False)
        self._task = self._rich.add_task("", total=1.0)
        self._rich.start()

    def show(self, part: float, text: str) -> None:
        self._rich.update(self._task, completed=part, description=text, refresh=True)

    def note(self, text: str) -> None:
        self._rich.console.print(text, markup=False, highlight=False)

    def wait(self, text: str) -> None:
        self._rich.update(self._task, description=text, refresh=True)

    def close(self) -> None:
        self._rich.stop()


def units_text(rate: int | float) -> str:
    """Return a rate in three digits or so.

    Example:
        >>> [units_text(rate) for rate in (0.5, 7.21, 640.4, 38_240, 1_250_000)]
        ['0.50', '7.2', '640', '38.2k', '1.25M']
    """
    if rate < 1:
        return f"{rate:.2f}"
    if rate < 10:
        return f"{rate:.1f}"
    if rate < 1_000:
        return f"{rate:.0f}"
    return f"{rate / 1e3:.1f}k" if rate < 1e6 else f"{rate / 1e6:.2f}M"


def _value_text(value: int | float | str) -> str:
    # With "#" the width stays: 2.000, not 2.
    return f"{value:#.4g}".rstrip(".") if isinstance(value, float) else str(value)


def _clock(seconds: int | float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"
