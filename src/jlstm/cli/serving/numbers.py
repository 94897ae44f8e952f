"""What a server counts, in the format that Prometheus reads."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as written

BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Numbers:
    """The counters of one server; they do not mix with those of a process.

    Attributes:
        requests: by route and status.
        seconds: until the answer, by route.
        batch: inputs that were computed together.
        sessions: streams that are open.
        waiting: requests that wait for their turn.
    """

    def __init__(self) -> None:
        self._all = CollectorRegistry()
        mine = {"namespace": "jlstm", "registry": self._all}
        self.requests = Counter("requests", "Answers.", ("route", "status"), **mine)
        self.seconds = Histogram("seconds", "Time to an answer.", ("route",), **mine)
        self.batch = Histogram("batch", "Inputs of a batch.", buckets=BATCH, **mine)
        self.sessions = Gauge("sessions", "Open streams.", **mine)
        self.waiting = Gauge("waiting", "Requests that wait.", **mine)

    def text(self) -> bytes:
        """Return all of them."""
        return written(self._all)
