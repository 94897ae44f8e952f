"""The operators' own node tests, which the onnx package makes, pass through us."""

import importlib

import numpy as np
import pytest

from tests.interop.onnx_cases import INPUTS, run_ours
from tests.interop.peers import need

NAMES = {
    "lstm": "defaults initial_bias peepholes batchwise reverse bidirectional",
    "gru": "defaults initial_bias seq_length batchwise reverse bidirectional",
    "rnn": "defaults initial_bias seq_length batchwise reverse bidirectional",
}


def node_tests(module):
    """Return the cases of a module; they are made when it is imported first."""
    need("onnx")
    node = importlib.import_module("onnx.backend.test.case.node")
    importlib.import_module(f"onnx.backend.test.case.node.{module}")
    op_type = module.upper()
    return [
        case
        for case in node._NodeTestCases
        if [n.op_type for n in case.model.graph.node] == [op_type]
    ]


@pytest.mark.parametrize("module", NAMES)
def test_there_are_the_cases_that_we_know(module):
    found = [case.name for case in node_tests(module)]
    assert len(found) == 6
    for name, known in zip(found, NAMES[module].split(), strict=True):
        assert name.endswith(known)


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("module", NAMES)
def test_the_node_test_passes(module, number):
    case = node_tests(module)[number]
    (node,) = case.model.graph.node
    ((inputs, outputs),) = case.data_sets
    named = dict(zip([name for name in node.input if name], inputs, strict=True))
    places = dict(zip(node.input, INPUTS, strict=False))
    ours = run_ours(node, {places[name]: array for name, array in named.items()})
    wanted = [a for a, name in zip(ours, node.output, strict=False) if name]
    for mine, theirs in zip(wanted, outputs, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
