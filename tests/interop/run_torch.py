"""What torch computes for the cases of ``test_torch.py``, from waves."""

from dataclasses import dataclass

from tests.interop.peers import (
    HIDDEN_SIZE,
    INPUT_SIZE,
    LENGTHS,
    STEPS,
    flat,
    inputs,
    loss_weights,
    wave,
)


@dataclass(frozen=True)
class Case:
    """A module of ``torch.nn`` and its options."""

    name: str
    kind: str
    options: tuple = ()

    def __str__(self):
        return self.name

    @property
    def nonlinearity(self):
        return dict(self.options).get("nonlinearity")


TWO_WAYS = (("num_layers", 2), ("bidirectional", True))
CASES = (
    Case("lstm", "LSTM", TWO_WAYS),
    Case("lstm_projected", "LSTM", (("num_layers", 2), ("proj_size", 2))),
    Case("lstm_bare", "LSTM", (("bias", False),)),
    Case("gru", "GRU", TWO_WAYS),
    Case("gru_bare", "GRU", (("bias", False),)),
    Case("rnn_relu", "RNN", (("nonlinearity", "relu"), ("bidirectional", True))),
)
LSTM, PROJECTED, RNN = CASES[0], CASES[1], CASES[5]


def weights(case):
    """Return waves by torch's names."""
    options = dict(case.options)
    count = {"LSTM": 4, "GRU": 3, "RNN": 1}[case.kind]
    rows = count * HIDDEN_SIZE
    outputs = options.get("proj_size", HIDDEN_SIZE)
    ways = ("", "_reverse") if options.get("bidirectional") else ("",)
    shapes = {}
    for n in range(options.get("num_layers", 1)):
        features = len(ways) * outputs if n else INPUT_SIZE
        for way in ways:
            own = {"weight_ih": (rows, features), "weight_hh": (rows, outputs)}
            if options.get("bias", True):
                own |= {"bias_ih": (rows,), "bias_hh": (rows,)}
            if "proj_size" in options:
                own["weight_hr"] = (outputs, HIDDEN_SIZE)
            shapes |= {f"{name}_l{n}{way}": shape for name, shape in own.items()}
    return {name: wave(s, 1 + 0.37 * n) for n, (name, s) in enumerate(shapes.items())}


def module(case, named):
    """Make the module of torch and load weights into it."""
    import torch

    made = getattr(torch.nn, case.kind)(
        INPUT_SIZE, HIDDEN_SIZE, dtype=torch.float64, **dict(case.options)
    )
    made.load_state_dict({name: torch.from_numpy(a) for name, a in named.items()})
    return made


def run(case, named):
    """Return outputs, last states and the gradients of ``named``."""
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    made = module(case, named)
    packed = pack_padded_sequence(
        torch.tensor(inputs()), torch.tensor(LENGTHS), enforce_sorted=False
    )
    ys, last = made(packed)
    ys, _ = pad_packed_sequence(ys, total_length=STEPS)
    # Torch stacks each state over layers and directions; ours lie cell by cell.
    states = zip(*last, strict=True) if case.kind == "LSTM" else zip(last)
    outputs = [ys, *(state for cell in states for state in cell)]
    sum(
        (out * torch.tensor(loss_weights(out.shape))).sum() for out in outputs
    ).backward()
    grads = dict(made.named_parameters())
    return flat(
        [out.detach().numpy() for out in outputs]
        + [grads[name].grad.numpy() for name in named]
    )


def golden_cases():
    """Return what is written down."""
    return {str(case): run(case, weights(case)) for case in CASES}
