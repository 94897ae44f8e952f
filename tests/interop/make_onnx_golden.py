"""Write the model files of ``golden/onnx``: what PyTorch's two exporters make.

Run it where torch, onnx and onnxscript are installed::

    python -m tests.interop.make_onnx_golden

The files are small and hold no outputs: onnxruntime runs them in the test.
"""

import io
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden" / "onnx"


def lstm_from_states():
    """Make an LSTM whose initial states are inputs of the model."""
    import torch

    class LSTMFromStates(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(2, 3, num_layers=2)

        def forward(self, x, h, c):
            return self.rnn(x, (h, c))

    return LSTMFromStates()


def export(module, arguments, names, dynamo, free):
    """Export a module; ``free`` are the axes of x whose sizes are left open."""
    import onnx
    import torch

    options = {"input_names": names, "dynamo": dynamo}
    axes = {axis: f"size_{axis}" for axis in free}
    if dynamo:
        options["dynamic_shapes"] = tuple(
            {axis: torch.export.Dim(name) for axis, name in axes.items()}
            if n == 0
            else {}
            for n in range(len(arguments))
        )
    else:
        options["dynamic_axes"] = {names[0]: axes}
    buffer = io.BytesIO()
    torch.onnx.export(module, arguments, buffer, **options)
    return onnx.load_from_string(buffer.getvalue())


def bare(model):
    """Remove what says where and how the model was traced."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.input):
        del part.metadata_props[:]
    for node in graph.node:
        node.doc_string = ""
    del graph.value_info[:]
    model.doc_string = graph.doc_string = ""
    return model


def main():
    import onnx
    import torch

    torch.manual_seed(0)
    x = torch.randn(4, 3, 2)
    lstm = torch.nn.LSTM(2, 3, num_layers=2, bidirectional=True)
    gru = torch.nn.GRU(2, 3, num_layers=2, batch_first=True)
    relu = torch.nn.RNN(2, 3, nonlinearity="relu", bias=False)
    start = (torch.zeros(2, 3, 3), torch.zeros(2, 3, 3))
    models = {
        "lstm_torchscript": export(lstm, (x,), ["x"], False, (0, 1)),
        "lstm_dynamo": export(lstm, (x,), ["x"], True, (0, 1)),
        "gru_torchscript": export(gru, (x,), ["x"], False, (0, 1)),
        "gru_dynamo": export(gru, (x,), ["x"], True, ()),
        "relu_torchscript": export(relu, (x,), ["x"], False, (1,)),
        "states_dynamo": export(
            lstm_from_states(), (x, *start), ["x", "h", "c"], True, ()
        ),
    }
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, model in models.items():
        onnx.save(bare(model), GOLDEN / f"{name}.onnx")


if __name__ == "__main__":
    main()
