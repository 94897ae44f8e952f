"""Several processes that train together meet once a second, so that none hangs unseen.

A connection that breaks is an error at once. A process that is stopped, or whose
machine hangs, breaks none: the others would wait for it in their next sum. So a thread
of each meets those of the others, next to the training, and ends the process where one
does not come.
"""

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np
from jax.experimental import multihost_utils

from jlstm.training import processes
from jlstm.training.failure import Reached, tell
from jlstm.training.stop import Stopped

SILENT_SECONDS = 10.0
"""A process that does not come for so long counts as lost."""
EVERY_SECONDS = 1.0
AHEAD = 3
"""Meetings that are held while all agree which one is the last."""
LAST_WORDS_SECONDS = 1.0
MISSING = re.compile(r"task names:\s*([\d\s,]+)")
"""What JAX says at the end of a meeting that was not held."""


class Meetings:
    """Meetings of the threads of all processes, one after the other.

    Args:
        meet: waits for the others, at most so many seconds; then it is an error.
        lost: is told why a process counts as lost.
        silent: seconds that others may be late.
        every: seconds between two meetings.

    Example:
        >>> meetings = Meetings(lambda seconds: None, print, every=0.0)
        >>> meetings.start()
        >>> meetings.end(last=meetings.number + 9)
        >>> meetings.number >= 9
        True
    """

    def __init__(
        self,
        meet: Callable[[float], None],
        lost: Callable[[str], None],
        silent: float = SILENT_SECONDS,
        every: float = EVERY_SECONDS,
    ) -> None:
        self._meet, self._lost, self._silent, self._every = meet, lost, silent, every
        self.number = 0
        self._last = sys.maxsize
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alive", daemon=True)

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def end(self, last: int) -> None:
        """Hold meetings up to one that all agree on, and return after it."""
        self._last = last
        self._hurry.set()
        self._thread.join()

    def leave(self) -> None:
        """Come to no more meetings."""
        self._last = 0
        self._hurry.set()

    def _run(self) -> None:
        while self.number < self._last:
            late = self._alarm()
            try:
                self._meet(self._silent)
            except Exception as error:
                return self._miss(str(error))
            finally:
                late.cancel()
            self.number += 1
            self._hurry.wait(self._every)

    def _alarm(self) -> threading.Timer:
        """Wait for an answer: who knows all that come may be the one that hangs."""
        most = self._silent + self._every
        alarm = threading.Timer(most, self._miss, ["no answer"])
        alarm.daemon = True
        alarm.start()
        return alarm

    def _miss(self, why: str) -> None:
        if not self._hurry.is_set():
            self._hurry.set()
            self._lost(why)


@contextmanager
def watched(folder: Path) -> Iterator[None]:
    """End this process in the block where another one stands still.

    Args:
        folder: of the run, or one whose ``checkpoints`` is a link into it.
    """
    if processes.count() == 1:
        yield
        return
    processes.meet("alive")  # the first one may still score baselines
    meetings = Meetings(_barrier(), lambda why: _leave(why, folder))
    meetings.start()
    try:
        yield
    except Stopped:  # by all, after the same step
        _end(meetings)
        raise
    except BaseException:  # by this one, which is missed then
        meetings.leave()
        raise
    _end(meetings)


def missing(why: str) -> str:
    """Return who did not come, by what JAX says.

    Example:
        >>> missing("2/4 reached the barrier. Some timed out task names: 1 3 RPC: /a")
        'processes 1, 3'
        >>> missing("no answer")
        'any other'
    """
    found = MISSING.search(why)
    ranks = re.findall(r"\d+", found[1]) if found else []
    if not ranks:
        return "any other"
    return f"process{'es' * (len(ranks) > 1)} {', '.join(ranks)}"


def _barrier() -> Callable[[float], None]:
    from orbax.checkpoint import multihost

    meet = multihost.get_barrier_sync_fn()
    return lambda seconds: meet(key="alive", timeout_ms=int(1000 * seconds))


def _end(meetings: Meetings) -> None:
    numbers = multihost_utils.process_allgather(np.int32(meetings.number))
    meetings.end(int(np.max(numbers)) + AHEAD)


def _leave(why: str, folder: Path) -> None:
    """End this process, whatever its main thread waits for."""
    error = processes.LostProcessError(
        f"process {jax.process_index()} of {processes.count()} got no sign of life "
        f"from {missing(why)} for {SILENT_SECONDS:.0f} s"
    )
    run = (folder / "checkpoints").resolve().parent
    code, line = tell(error, Reached(run, training=True))
    os.write(sys.stderr.fileno(), f"{line}\n".encode())
    if processes.is_first():  # JAX aborts the others where the first one is gone
        time.sleep(LAST_WORDS_SECONDS)
    processes.leave(code)
