"""One step at a time, with the weights packed once: for latency at small batches."""

from jlstm.streaming.stream import Stream as Stream
from jlstm.streaming.stream import stream as stream
