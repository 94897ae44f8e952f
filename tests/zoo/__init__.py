"""THE table of the tests: one row for each cell and each layer.

A law in ``tests/laws`` is written once and runs over these rows, so a new row inherits
every law. ``test_zoo.py`` demands a row for whatever ``jlstm`` exports.

The helpers draw one small sample for a row, run the row's layer on it and compare.
"""

import pytest

from tests.zoo.cells import GATED
from tests.zoo.compare import as_dicts, ask_oracle, assert_close, assert_same
from tests.zoo.layers import LAYERS
from tests.zoo.linear import LINEAR
from tests.zoo.measure import apply, loss_of, measure, outputs, run, value_and_grads
from tests.zoo.rows import LSTM, cell_row
from tests.zoo.samples import Sample, draw, plain, random_like
from tests.zoo.wrappers import WRAPPERS

__all__ = [
    "ALL", "CELLS", "FEW", "KINDS", "LAYERS", "LSTM", "MAIN", "MAIN_CELLS",
    "Sample", "apply", "as_dicts", "ask_oracle", "assert_close", "assert_same",
    "cell_row", "draw", "each", "loss_of", "measure", "outputs", "plain",
    "random_like", "run", "value_and_grads",
]  # fmt: skip

CELLS = GATED + WRAPPERS + LINEAR
ALL = CELLS + LAYERS
MAIN = tuple(row for row in ALL if not row.variant)
MAIN_CELLS = tuple(row for row in CELLS if not row.variant)
# One row for each kind of step, carry and layer that the loop may meet.
KINDS = (
    *("lstm", "gru_before", "projected", "odyssey_full_recurrence", "conv_lstm"),
    *("qrnn", "lru", "slstm", "mlstm", "zoneout", "learned_carry", "reverse"),
    *("bidirectional_concat", "stack_bidirectional"),
)
# Those of them that differ most, for laws that are expensive.
FEW = ("lstm", "conv_lstm", "mlstm", "stack_bidirectional")


def each(rows, always=False, kinds=KINDS):
    """Parametrise a test over rows of the table.

    The tests of a row run in one process, so that what they share is compiled once. A
    row that the loop treats as it treats one of ``kinds`` is marked slow, unless the
    law is about what a cell computes (``always``).
    """
    marked = []
    for row in rows:
        marks = [pytest.mark.xdist_group(row.name)]
        if not always and row.name not in kinds:
            marks.append(pytest.mark.slow)
        marked.append(pytest.param(row, id=row.name, marks=marks))
    return pytest.mark.parametrize("row", marked)
