"""What torch computes, live or written down for machines without torch.

    python -m tests.parity.make_golden

writes one small file a case into ``golden/``: weights, inputs, outputs and gradients in
float64, and the version of torch that computed them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parent / "golden"
STEPS, ROWS, INPUT_SIZE, HIDDEN_SIZE = 4, 3, 2, 3
LENGTHS = (4, 2, 3)


@dataclass(frozen=True)
class Case:
    """One recurrent network of torch."""

    kind: str  # LSTM, GRU or RNN
    layers: int = 1
    bidirectional: bool = False
    nonlinearity: str | None = None  # of an RNN
    proj_size: int = 0  # of an LSTM; 0 is none

    def __str__(self) -> str:
        ways = "bidirectional" if self.bidirectional else "forward"
        name = "projected" if self.proj_size else self.nonlinearity or self.kind.lower()
        return f"{name}_{self.layers}_{ways}"


CASES = (
    Case("LSTM"),
    Case("LSTM", layers=2, bidirectional=True),
    Case("LSTM", layers=2, bidirectional=True, proj_size=2),
    Case("GRU"),
    Case("GRU", layers=2, bidirectional=True),
    Case("RNN", nonlinearity="relu"),
    Case("RNN", layers=2, bidirectional=True, nonlinearity="tanh"),
)


def weights_of_loss(shape):
    """Return what each output counts in the loss whose gradients are compared."""
    return np.cos(np.arange(np.prod(shape))).reshape(shape)


def run_torch(case, seed):
    """Return weights, inputs, outputs and gradients, by torch's own names.

    All weights, both biases included, and the initial states are random and not zero;
    the rows of the batch are padded from different lengths on.
    """
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    options = {} if case.nonlinearity is None else {"nonlinearity": case.nonlinearity}
    if case.kind == "LSTM":
        options["proj_size"] = case.proj_size
    module = getattr(torch.nn, case.kind)(
        INPUT_SIZE,
        HIDDEN_SIZE,
        num_layers=case.layers,
        bidirectional=case.bidirectional,
        dtype=torch.float64,
        **options,
    )
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.tensor(0.5 * rng.standard_normal(weight.shape)))
    states = (case.layers * (1 + case.bidirectional), ROWS)
    shapes = {
        "xs": (STEPS, ROWS, INPUT_SIZE),
        "h0": (*states, case.proj_size or HIDDEN_SIZE),
        "c0": (*states, HIDDEN_SIZE),
    }
    inputs = {
        name: torch.tensor(rng.standard_normal(shape), requires_grad=True)
        for name, shape in shapes.items()
        if name != "c0" or case.kind == "LSTM"
    }
    packed = pack_padded_sequence(
        inputs["xs"], torch.tensor(LENGTHS), enforce_sorted=False
    )
    start = (inputs["h0"], inputs["c0"]) if case.kind == "LSTM" else inputs["h0"]
    ys, last = module(packed, start)
    ys, _ = pad_packed_sequence(ys, total_length=STEPS)
    last = last if case.kind == "LSTM" else (last,)
    outputs = {"ys": ys, **dict(zip(("hn", "cn"), last, strict=False))}
    loss = sum(
        (out * torch.tensor(weights_of_loss(out.shape))).sum()
        for out in outputs.values()
    )
    loss.backward()
    given = {**dict(module.named_parameters()), **inputs}
    arrays = {name: array.detach().numpy() for name, array in (given | outputs).items()}
    grads = {f"grad.{name}": array.grad.numpy() for name, array in given.items()}
    return {"lengths": np.array(LENGTHS), **arrays, **grads}


def main():
    """Write every golden file."""
    import torch

    GOLDEN.mkdir(exist_ok=True)
    for case in CASES:
        version = np.array(torch.__version__)
        np.savez(GOLDEN / f"{case}.npz", torch_version=version, **run_torch(case, 0))


if __name__ == "__main__":
    main()
