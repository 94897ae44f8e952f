"""Where the kernels cannot run, the reason is said; nothing loads Pallas unasked."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

import jlstm
from jlstm._backends import CallTypes, choose
from jlstm._backends.pallas.available import other_device, unsupported
from jlstm.activations import HardSigmoid
from jlstm.analysis.target import Target


@pytest.mark.parametrize(
    ("cell", "dtypes", "reason"),
    [
        (jlstm.RNNCell(3), (), "LSTMCell, GRUCell and SLSTMCell, not RNNCell"),
        (jlstm.GRUCell(3, "before"), (), 'the kernels have the GRU with reset="after"'),
        (jlstm.SLSTMCell(4, num_heads=2), (), "the kernels have one head, not 2"),
        (jlstm.LSTMCell(3, cell_clip=1.0), (), "do not clip the cell state"),
        (
            jlstm.LSTMCell(3, gate_activation=HardSigmoid()),
            (),
            "the kernels have gate_activation='sigmoid', not HardSigmoid",
        ),
        (jlstm.GRUCell(3), ("float64",), "float32 or bfloat16, not in float64"),
        (
            jlstm.GRUCell(3),
            ("bfloat16", "bfloat16"),
            "the kernels keep the carry in float32, not in bfloat16",
        ),
    ],
)
def test_the_reason_is_named(cell, dtypes, reason):
    assert reason in unsupported(cell, *dtypes)


def test_what_fits_is_not_refused():
    for cell in (jlstm.LSTMCell(3), jlstm.GRUCell(3), jlstm.SLSTMCell(3)):
        assert unsupported(cell, "bfloat16", "float32") is None


@pytest.mark.parametrize(("capability", "fits"), [("9.0", True), ("10.0", False)])
def test_the_gpu_must_have_the_instructions(capability, fits):
    wanted = (
        "the kernels use instructions of compute capability 9.0 (H100, H200), this GPU "
        f"has {capability}"
    )
    assert other_device("cuda", capability) == (None if fits else wanted)


def test_a_cpu_is_refused():
    wanted = (
        "The pallas backend cannot run LSTMCell(hidden_size=3): the kernels are for "
        'NVIDIA GPUs, not for cpu. Use backend="scan".'
    )
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        jlstm.explain(jlstm.LSTMCell(3), "pallas")


def test_another_dtype_is_refused():
    types = CallTypes(dtypes=("float64",), target=Target("cuda", "9.0"))
    with pytest.raises(ValueError, match=r"not in float64\. Use"):
        choose(jlstm.LSTMCell(3), "pallas", types)
    types = replace(types, dtypes=("float32",))
    assert str(choose(jlstm.LSTMCell(3), "pallas", types)) == "pallas: asked for"


def test_importing_does_not_load_pallas():
    """No module imports it outside a function; this process has it by other tests."""
    folder = Path(jlstm._backends.pallas.__file__).parent
    files = [*folder.glob("*.py"), *folder.parent.glob("*.py")]
    assert len(files) > 10
    for path in files:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                text = ast.unparse(node)
                assert "pallas" not in text or "jlstm" in text, f"{path}: {text}"
