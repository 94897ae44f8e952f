"""The loop of the scan backend, as XLA compiles it for a CPU."""

import re

import jax
import jax.numpy as jnp
import pytest

from jlstm import GRUCell, LSTMCell, unroll

COMPUTATION = re.compile(r"^%\S+ \(.*?\) -> .*?^\}", re.DOTALL | re.MULTILINE)


def compiled(cell, reverse=False):
    """Return the program of a forward pass, in XLA's words."""

    def run(params, xs):
        return unroll(cell, params, xs, reverse=reverse, backend="scan")

    params = cell.init(jax.random.key(0), 8)
    return jax.jit(run).lower(params, jnp.ones((12, 16, 8))).compile().as_text()


@pytest.mark.skipif(
    jax.__version_info__ < (0, 12),
    reason="XLA of this JAX takes barriers away before it fuses",
)
@pytest.mark.parametrize(
    "cell, reverse", [(LSTMCell(16), False), (GRUCell(16), True)], ids=["lstm", "gru"]
)
def test_no_gate_reads_the_long_array(cell, reverse):
    # XLA:CPU does not vectorise a loop of gates over slices of a dynamic slice.
    parts = COMPUTATION.findall(compiled(cell, reverse))
    gates = [part for part in parts if " tanh(" in part]
    assert gates
    assert not [part for part in gates if " dynamic-slice(" in part]
