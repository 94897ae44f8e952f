"""Several processes that train one model together: who writes, and what all agree on.

JAX joins the processes (:func:`join`); from then on each runs the same program on its
own devices, and arrays span all of them. One process, the first, writes; the others
follow. What one of them alone may know, such as the folder of a run or whether a signal
came, is agreed on before it decides anything.
"""

import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding

T = TypeVar("T")
Distributed = Literal["off", "auto"]
ADDRESS, COUNT, RANK = "JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"
JOIN_SECONDS = 300.0
"""So long the processes wait for each other at the start."""
HEARTBEAT_SECONDS = 20
"""After so long without a sign of life JAX aborts all; see alive.py for our own."""
LAST_SECONDS = 3600
"""So long the others wait for the first one, which writes the report at the end."""
LOST = re.compile(
    r"Gloo|NCCL|UNAVAILABLE|DEADLINE_EXCEEDED|[Cc]oordination|[Bb]arrier|[Hh]eartbeat"
    r"|Connection (reset|closed|refused)|[Bb]roken pipe"
)
"""What JAX says where a collective lacks a process."""


class LostProcessError(RuntimeError):
    """Another process of the run is gone; what was saved is kept."""


def join(how: Distributed) -> None:
    """Join the other processes of a run, before JAX computes anything.

    Args:
        how: "auto" asks JAX, which knows Slurm, Open MPI, mpi4py, Kubernetes and TPU
            pods; elsewhere the variables JAX_COORDINATOR_ADDRESS (``host:port`` of the
            first process), JAX_NUM_PROCESSES and JAX_PROCESS_ID say it.

    Raises:
        ValueError: there is no such cluster, the variables say none, or JAX has
            computed something already.
        LostProcessError: the others do not come.
    """
    if how == "off" or jax.distributed.is_initialized():
        return
    try:
        met = _done_within(JOIN_SECONDS, partial(_initialize, **_told()))
    except RuntimeError as error:
        raise ValueError(
            "distributed=auto must come before JAX computes anything, and the "
            f"processes must find each other: {_first_sentence(error)}"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        why = f"{error} is not set" if isinstance(error, KeyError) else error
        raise ValueError(
            f"distributed=auto found no other processes ({why}): start it by srun, "
            f"mpirun or the like, or set {ADDRESS}, {COUNT} and {RANK}."
        ) from None
    if not met:
        raise LostProcessError(
            f"the other processes did not come within {JOIN_SECONDS:.0f} s: are all "
            f"started, and do they reach {os.environ.get(ADDRESS, 'the first one')}?"
        )


def _initialize(**told: Any) -> None:
    jax.distributed.initialize(
        **told,
        initialization_timeout=int(2 * JOIN_SECONDS) + 60,  # where JAX aborts
        heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
        shutdown_timeout_seconds=LAST_SECONDS,
    )


def _done_within(seconds: float, work: Callable[[], None]) -> bool:
    """Say whether some work came to its end; what it raises is raised here.

    It is done in a thread, as JAX hears no signal while it waits for others.
    """
    result: Future[None] = Future()

    def do() -> None:
        try:
            result.set_result(work())
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=do, name="join", daemon=True).start()
    try:
        result.result(seconds)
    except TimeoutError:
        return False
    return True


def _first_sentence(error: Exception) -> str:
    return " ".join(str(error).split()).partition(". ")[0].rstrip(".") + "."


def _told() -> dict[str, Any]:
    address = os.environ.get(ADDRESS)
    if address is not None and not re.fullmatch(r".+:\d+", address):
        raise ValueError(f"{ADDRESS} is {address}, and not HOST:PORT")
    if COUNT not in os.environ and RANK not in os.environ:
        return {}
    numbers = {name: os.environ.get(name, "nothing") for name in (COUNT, RANK)}
    for name, text in numbers.items():
        if not text.isdecimal():
            raise ValueError(f"{name} is {text}, no whole number")
    count, rank = map(int, numbers.values())
    return {"num_processes": count, "process_id": rank}


def count() -> int:
    """Return how many processes train together."""
    return jax.process_count() if jax.distributed.is_initialized() else 1


def is_first() -> bool:
    """Say whether this process is the one that writes."""
    return not jax.distributed.is_initialized() or jax.process_index() == 0


def agree(value: T) -> T:
    """Return what the first process says, a value of JSON.

    Example:
        >>> agree({"loss": 0.1})
        {'loss': 0.1}
    """
    if count() == 1:
        return value
    data = np.frombuffer(json.dumps(value).encode(), np.uint8)
    size = int(multihost_utils.broadcast_one_to_all(np.int32(data.size)))
    said = multihost_utils.broadcast_one_to_all(np.resize(data, size))
    return json.loads(np.asarray(said, np.uint8).tobytes())


def meet(where: str) -> None:
    """Wait until all processes are here."""
    if count() > 1:
        multihost_utils.sync_global_devices(where)


def asked_to_stop(step: int) -> bool:
    """Say, at the same step in all processes, that one of them got SIGTERM."""
    return count() > 1 and multihost_utils.reached_preemption_sync_point(step)


def leave(code: int) -> None:
    """End this process at once: JAX would wait for the others at its exit.

    They see that it is gone at the next collective. A run that all end together, done
    or by a signal, leaves as any program does.
    """
    if jax.distributed.is_initialized():  # or begins to be
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@contextmanager
def watched() -> Iterator[None]:
    """Turn the error of a collective, in which a process is missing, into ours.

    Raises:
        LostProcessError: that happened.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:  # JAX raises either
        if count() == 1 or not LOST.search(str(error)):
            raise
        said = " ".join(str(error).split())[:120]
        raise LostProcessError(
            f"process {jax.process_index()} of {count()} lost another one ({said})"
        ) from error


def spread(leaf: Any, sharding: NamedSharding) -> jax.Array:
    """Lay an array, the same in all processes, out over the devices of all.

    Only the part that lies here is copied.
    """
    if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
        if leaf.sharding.is_equivalent_to(sharding, leaf.ndim):
            return leaf
        return jax.jit(_same, out_shardings=sharding)(leaf)
    if is_key(leaf):
        data = spread(np.asarray(jax.random.key_data(leaf)), sharding)
        return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
    array = np.asarray(leaf)
    return jax.make_array_from_callback(array.shape, sharding, lambda at: array[at])


def to_host(leaf: jax.Array) -> np.ndarray:
    """Return the numbers of an array that may span processes; all must ask."""
    if leaf.is_fully_addressable or leaf.is_fully_replicated:
        return np.asarray(leaf)
    return np.asarray(multihost_utils.process_allgather(leaf, tiled=True))


def is_key(leaf: Any) -> bool:
    """Say whether this is an array of typed random keys."""
    return isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(
        leaf.dtype, jax.dtypes.prng_key
    )


def _same(leaf: jax.Array) -> jax.Array:
    return leaf
