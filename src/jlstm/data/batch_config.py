"""How examples are put into batches: what a configuration says of it."""

from dataclasses import dataclass

from jlstm._internal.options import Options, Size


@dataclass(frozen=True)
class BatchConfig(Options):
    """How examples are put into batches.

    Attributes:
        batch_size: rows of an update.
        eval_batch: rows of an evaluation step; changes speed only.
        buckets: lengths that rows are padded to; each is compiled again.
    """

    batch_size: Size = 50
    eval_batch: Size = 200
    buckets: Size = 4
