"""What a server takes on at most."""

from dataclasses import dataclass

from jlstm._internal.options import NotNegative, Options, Positive, Size


@dataclass(frozen=True)
class Limits(Options):
    """What a server takes on at most; what is above gets an answer that says so.

    Attributes:
        body: bytes of a request.
        batch: inputs that are computed together.
        gather: seconds to wait for more of them before a batch is computed; 0 takes
            those that came while the one before was computed.
        waiting: requests that wait for their turn.
        seconds: until a request gets its answer, or an error.
        sessions: streams that are open.
        idle: seconds after which a stream that is not used is closed.
    """

    body: Size = 10_000_000
    batch: Size = 64
    gather: NotNegative = 0.0
    waiting: Size = 256
    seconds: Positive = 60.0
    sessions: Size = 1000
    idle: Positive = 600.0
