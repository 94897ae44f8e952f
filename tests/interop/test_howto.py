"""The code of the pages on streaming and on ONNX runs, and what it asserts holds."""

import re
from pathlib import Path

import jax
import pytest

from tests.interop.peers import need, usual_jax

DOCS = Path(__file__).parents[2] / "docs"

pytestmark = pytest.mark.usefixtures("unchecked")


def run_page(name):
    """Run the code of a page in order, as a reader does."""
    names = {}
    with usual_jax(), jax.enable_x64(False):
        for block in re.findall(
            r"```python\n(.*?)```", (DOCS / name).read_text(), re.S
        ):
            exec(block, names)
    return names


def test_the_page_on_streaming():
    names = run_page("howto-streaming.md")
    assert names["streamed"].shape == (50, 4, 16)


def test_the_page_on_onnx():
    need("onnx")
    need("onnxruntime")
    names = run_page("howto-onnx.md")
    op_types = [node.op_type for node in names["model"].graph.node]
    assert op_types == ["LSTM", "Transpose", "Reshape", "GRU", "Squeeze"]
