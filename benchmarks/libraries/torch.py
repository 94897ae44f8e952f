"""PyTorch: ``torch.nn.LSTM`` or ``GRU``, time first, packed where lengths differ.

On a GPU both run by cuDNN. Its products of float32 matrices round to TF32 there, by
default those of its recurrent layers, and here all of them, as XLA's do.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.problem import Part, Problem, inputs, parts
from benchmarks.program import MATMUL_SIZE, Program, Unsupported
from benchmarks.rows import GATES

PACKAGES = ("torch",)
LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU}
CELLS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell}


def build(given: dict[str, Any]) -> Program:
    """Build what the problem asks for."""
    problem = Problem.read(given)
    place = where(problem)
    if problem.mode == "matmul":
        size = MATMUL_SIZE[problem.device]
        x = torch.ones(size, size, **place)
        return program(lambda: x @ x, problem)
    if problem.cell not in GATES:
        raise Unsupported(f"has no {problem.cell}")
    if problem.mode == "compile":
        raise Unsupported("compiles nothing")
    if problem.mode == "step":
        return step(problem)
    module, xs = layer(problem).to(**place), torch.from_numpy(inputs(problem))
    xs = xs.to(**place)
    if problem.mode == "forward":
        return program(lambda: forward(module, xs, problem), problem)
    xs.requires_grad_()
    return program(lambda: both(module, xs, problem), problem)


def where(problem: Problem) -> dict[str, Any]:
    """Return device and dtype of all tensors."""
    dtype = getattr(torch, problem.dtype)
    if problem.device == "cpu":
        return {"device": "cpu", "dtype": dtype}
    if not torch.cuda.is_available():
        raise Unsupported("this PyTorch sees no GPU")
    torch.set_float32_matmul_precision("high")
    return {"device": "cuda", "dtype": dtype}


def program(compute: Callable[[], Any], problem: Problem) -> Program:
    """Return a program that waits until the device is done."""
    if problem.device == "cpu":
        return Program(compute)

    def run() -> Any:
        result = compute()
        torch.cuda.synchronize()
        return result

    return Program(run)


def layer(problem: Problem) -> nn.RNNBase:
    """Return the layers with the weights that all libraries get."""
    row = problem.row
    module = LAYERS[problem.cell](
        row.input_size,
        row.hidden_size,
        num_layers=row.layers,
        bidirectional=row.bidirectional,
    )
    ordered = [part for level in parts(problem) for part in level]
    load(module, [leaf for part in ordered for leaf in weights(part)])
    return module


def load(module: nn.Module, arrays: list[Any]) -> None:
    """Copy ``arrays`` into the parameters, in order."""
    with torch.no_grad():
        for parameter, array in zip(module.parameters(), arrays, strict=True):
            parameter.copy_(torch.from_numpy(array))


def weights(part: Part) -> list[Any]:
    """Return input and recurrent weights with the gates along rows, and both biases."""
    inside = part.b * 0
    if part.b_hn is not None:
        inside[-1] = part.b_hn
    matrices = [w.reshape(len(w), -1).T for w in (part.w_ih, part.w_hh)]
    return [*matrices, part.b.reshape(-1), inside.reshape(-1)]


def outputs(module: nn.RNNBase, xs: torch.Tensor, problem: Problem) -> tuple:
    """Return the outputs, zero beyond the lengths, and the last states."""
    if not problem.row.padded:
        return module(xs)
    lengths = torch.from_numpy(problem.row.lengths())
    packed = nn.utils.rnn.pack_padded_sequence(xs, lengths, enforce_sorted=False)
    ys, last = module(packed)
    return nn.utils.rnn.pad_packed_sequence(ys, total_length=problem.row.steps)[0], last


def forward(module: nn.RNNBase, xs: torch.Tensor, problem: Problem) -> tuple:
    """Run without recording for a backward pass."""
    with torch.no_grad():
        return outputs(module, xs, problem)


def both(module: nn.RNNBase, xs: torch.Tensor, problem: Problem) -> tuple:
    """Return the loss and the gradients of all parameters and inputs."""
    loss = outputs(module, xs, problem)[0].float().square().sum()
    *params, inputs = torch.autograd.grad(loss, [*module.parameters(), xs])
    return loss.detach(), (params, inputs)


def step(problem: Problem) -> Program:
    """Return one step of the cell."""
    row = problem.row
    if not row.is_plain:
        raise Unsupported("a step of this row means nothing")
    cell = CELLS[problem.cell](row.input_size, row.hidden_size)
    load(cell, weights(parts(problem)[0][0]))
    x = torch.from_numpy(inputs(problem))
    start = torch.zeros(row.batch, row.hidden_size)
    carry = (start, start) if problem.cell == "lstm" else start

    def run() -> tuple:
        with torch.no_grad():
            new = cell(x, carry)
        return new, new[0] if problem.cell == "lstm" else new

    return Program(run)
