"""One thread that computes, and requests that wait for it."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
THREAD = "jlstm-model"


class BusyError(Exception):
    """As many requests wait already as may; the message says how many."""


class Worker:
    """Computes one thing after the other.

    A model is compiled for all cores, so that two at a time would be no faster, and
    what belongs to a session changes in one thread only.

    Args:
        waiting: requests that may wait.
        seconds: until one is given up.
    """

    def __init__(self, waiting: int, seconds: float) -> None:
        self._most, self._seconds = waiting, seconds
        self._thread = ThreadPoolExecutor(1, THREAD)
        self.waiting = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait as one of those that may.

        Raises:
            BusyError: too many wait already.
        """
        if self.waiting >= self._most:
            raise BusyError(f"{self.waiting} requests wait already: come again later.")
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    async def call(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns.

        Raises:
            BusyError: too many wait already.
            TimeoutError: it took too long.
        """
        with self.place():
            return await self.in_time(self.compute(work))

    def compute(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Have ``work`` done after what was asked for before."""
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def in_time(self, answer: "asyncio.Future[T]") -> T:
        """Return an answer, or raise TimeoutError."""
        return await asyncio.wait_for(answer, self._seconds)

    def close(self) -> None:
        """Let what is computed end, and nothing that waits begin."""
        self._thread.shutdown(wait=False, cancel_futures=True)
