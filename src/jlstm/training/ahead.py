"""Batches are read while the step before computes; the wait that is left is measured.

One thread reads a few batches ahead, in their order, so that a run sees the same
batches as without it. What goes wrong in the thread is raised where the batch is
wanted. The thread ends with the run.
"""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar, runtime_checkable

B = TypeVar("B", covariant=True)


@runtime_checkable
class Batches(Protocol[B]):
    """What a task gives for an epoch: each batch by its number."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> B: ...


class ReadAhead:
    """Reads batches in a thread.

    Args:
        depth: how many batches are held, next to the one in use; 0 reads each when it
            is wanted.

    Example:
        >>> with ReadAhead(depth=2) as ahead:
        ...     batches = ahead.of([10, 20, 30])
        ...     [batches[k] for k in range(1, len(batches))]
        [20, 30]
    """

    def __init__(self, depth: int) -> None:
        self._depth, self._waited = depth, 0.0
        self._thread = ThreadPoolExecutor(1, "batches") if depth else None

    def __enter__(self) -> "ReadAhead":
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)

    def of(self, batches: Batches[B]) -> "Batches[B]":
        """Return the same batches, read ahead from the one that is asked for first."""
        return _Ahead(batches, self)

    def take_waited(self) -> float:
        """Return the seconds that were spent waiting for data since the last call."""
        waited, self._waited = self._waited, 0.0
        return waited

    def _got(self, future: "Future[B]") -> B:
        begun = time.perf_counter()
        try:
            return future.result()
        finally:
            self._waited += time.perf_counter() - begun

    def _submit(self, batches: Batches[B], number: int) -> "Future[B]":
        if self._thread is not None:
            return self._thread.submit(batches.__getitem__, number)
        begun, future = time.perf_counter(), Future()
        try:
            future.set_result(batches[number])
        finally:
            self._waited += time.perf_counter() - begun
        return future


class _Ahead(Generic[B]):
    """A sequence of which the next items are being read."""

    def __init__(self, batches: Batches[B], ahead: ReadAhead) -> None:
        self._batches, self._ahead = batches, ahead
        self._first = self._end = 0
        self._reading: deque[Future[B]] = deque()

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[B]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, number: int) -> B:
        if number != self._first or not self._reading:
            self._restart(number)
        self._fill(number + self._ahead._depth)
        self._first += 1
        return self._ahead._got(self._reading.popleft())

    def _restart(self, number: int) -> None:
        for future in self._reading:
            future.cancel()
        self._reading.clear()
        self._first = self._end = number

    def _fill(self, last: int) -> None:
        """Ask for all up to ``last``, as far as there are so many."""
        while self._end <= max(self._first, min(last, len(self) - 1)):
            self._reading.append(self._ahead._submit(self._batches, self._end))
            self._end += 1
