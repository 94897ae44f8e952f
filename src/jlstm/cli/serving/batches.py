"""Waiting requests that are computed together."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from jlstm.cli.serving.worker import Worker
from jlstm.training.experiment import Row

Inputs: TypeAlias = Sequence[Any]
Predict: TypeAlias = Callable[[Inputs], list[Row]]
Answer: TypeAlias = list[Row] | Exception


class Waiting(NamedTuple):
    """Inputs of one request, and where its answer goes."""

    inputs: Inputs
    answer: "asyncio.Future[list[Row]]"


class Batches:
    """Joins the inputs of requests, computes them, and gives each its rows.

    While a batch is computed, requests gather for the next one: a busy server has large
    batches, and one that is not lets nobody wait.

    Args:
        predict: rows of inputs, as many for each.
        worker: that computes.
        most: inputs of a batch; a request with more is a batch of its own.
        gather: seconds to wait for more.
        note: is told how many inputs a batch has.
    """

    def __init__(
        self,
        predict: Predict,
        worker: Worker,
        most: int,
        gather: float,
        note: Callable[[int], None],
    ) -> None:
        self._predict, self._worker, self._note = predict, worker, note
        self._most, self._gather = most, gather
        self._waiting: asyncio.Queue[Waiting] = asyncio.Queue()
        self._left: Waiting | None = None

    async def rows(self, inputs: Inputs) -> list[Row]:
        """Return the rows of one request's inputs, when it is their turn."""
        with self._worker.place():
            answer = asyncio.get_running_loop().create_future()
            self._waiting.put_nowait(Waiting(inputs, answer))
            return await self._worker.in_time(answer)

    async def serve(self) -> None:
        """Compute batches until cancelled."""
        while True:
            batch = await self._next()
            if batch:
                self._note(sum(len(one.inputs) for one in batch))
                inputs = [one.inputs for one in batch]
                answers = await self._worker.compute(partial(self._answers, inputs))
                for one, answer in zip(batch, answers, strict=True):
                    _give(one.answer, answer)

    async def _next(self) -> list[Waiting]:
        first = self._left or await self._waiting.get()
        if self._gather:
            await asyncio.sleep(self._gather)
        batch, count, self._left = [first], len(first.inputs), None
        while not self._waiting.empty():
            one = self._waiting.get_nowait()
            if count + len(one.inputs) > self._most:
                self._left = one
                break
            batch.append(one)
            count += len(one.inputs)
        return [one for one in batch if not one.answer.done()]

    def _answers(self, batch: list[Inputs]) -> list[Answer]:
        """Return the rows of each request, or what is wrong with it."""
        try:
            return split(self._predict([x for own in batch for x in own]), batch)
        except Exception as error:
            if len(batch) == 1:
                return [error]
        return [self._answers([own])[0] for own in batch]  # one of them does not fit


def split(rows: list[Row], batch: Sequence[Inputs]) -> list[list[Row]]:
    """Return the rows of each request; each input has as many.

    Example:
        >>> split([{"a": n} for n in range(6)], [["x"], ["y", "z"]])
        [[{'a': 0}, {'a': 1}], [{'a': 2}, {'a': 3}, {'a': 4}, {'a': 5}]]
    """
    each = len(rows) // sum(map(len, batch))
    found, start = [], 0
    for inputs in batch:
        stop = start + each * len(inputs)
        found.append(rows[start:stop])
        start = stop
    return found


def _give(future: "asyncio.Future[list[Row]]", answer: Answer) -> None:
    if future.done():  # who asked has gone
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
