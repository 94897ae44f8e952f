"""A training step of a language model around ``torch.nn.LSTM``."""

import itertools
from typing import Any

import torch
from torch import nn

from benchmarks.language.recipe import RATE, RECIPES, VOCAB, Recipe, windows
from benchmarks.program import Program

PACKAGES = ("torch",)


class Model(nn.Module):
    """Embedding, two LSTM layers and the softmax, with dropout between all of them."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        size, rate = recipe.hidden_size, recipe.dropout
        self.embed, self.drop = nn.Embedding(VOCAB, size), nn.Dropout(rate)
        self.lstm = nn.LSTM(size, size, num_layers=2, dropout=rate)
        self.decoder = nn.Linear(size, VOCAB)
        if recipe.tied:
            self.decoder.weight = self.embed.weight

    def forward(self, tokens: torch.Tensor, carry: Any) -> tuple[torch.Tensor, Any]:
        """Return logits and the last carry."""
        ys, carry = self.lstm(self.drop(self.embed(tokens)), carry)
        return self.decoder(self.drop(ys)), carry


def build(given: dict[str, Any]) -> Program:
    """Make the model; a call trains on the next window, from the carry of the last."""
    recipe = RECIPES[given["recipe"]]
    torch.manual_seed(0)
    model = Model(recipe)
    data = itertools.cycle(torch.from_numpy(block).long() for block in windows(recipe))
    carry = None

    def run() -> None:
        nonlocal carry
        block = next(data)
        model.zero_grad()
        if carry is not None:
            carry = tuple(part.detach() for part in carry)
        logits, carry = model(block[:-1], carry)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), block[1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        descend(model)

    return Program(run)


def descend(model: nn.Module) -> None:
    """Take a step of plain gradient descent."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(parameter.grad, alpha=-RATE)
