"""The loop over time, two directions and stacks: rules for padding and resets."""

import numpy as np


class Recurrent:
    """A step over time: rows one by one, steps one by one."""

    def __init__(self, step, shapes, reverse=False, fresh=None):
        self.step = step
        self.shapes = shapes  # of the carry's fields, for one row
        self.reverse = reverse
        self.fresh = fresh  # params → where a sequence starts, if not at zero

    def run(self, p, xs, carry=None, lengths=None, mask=None, resets=None):
        """Return the last carry and the outputs of all steps."""
        last, carries, _ = self.trace(p, xs, carry, lengths, mask, resets)
        return last, carries["h"]

    def trace(self, p, xs, carry=None, lengths=None, mask=None, resets=None):
        """Return the last carry, every carry and every gate (zero in padding)."""
        live, resets = flags(xs, lengths, mask, resets)
        zero = {name: np.zeros(shape) for name, shape in self.shapes.items()}
        zero = zero if self.fresh is None else self.fresh(p)
        rows = []
        for row in range(xs.shape[1]):
            first = zero if carry is None else {k: v[row] for k, v in carry.items()}
            rows.append(
                self.row(p, xs[:, row], first, zero, live[:, row], resets[:, row])
            )
        last, carries, gates = zip(*rows, strict=True)
        return stack(last, axis=0), stack(carries, axis=1), stack(gates, axis=1)

    def row(self, p, xs, carry, zero, live, resets):
        order = range(len(xs))
        carries, gates = {}, {}
        for t in reversed(order) if self.reverse else order:
            if resets[t]:
                carry = zero
            new, happened = self.step(p, carry, xs[t] if live[t] else 0 * xs[t])
            carry = new if live[t] else carry
            carries[t] = {name: value * live[t] for name, value in new.items()}
            gates[t] = {name: value * live[t] for name, value in happened.items()}
        return carry, *(stack([d[t] for t in order], axis=0) for d in (carries, gates))


class Bidirectional:
    """Two steps, one from each end; a segment ends where the next one begins."""

    def __init__(self, step, shapes, merge):
        self.forward = Recurrent(step, shapes)
        self.backward = Recurrent(step, shapes, reverse=True)
        self.merge = merge

    def run(self, p, xs, carry=None, lengths=None, mask=None, resets=None):
        carry = {"forward": None, "backward": None} if carry is None else carry
        _, begins = flags(xs, lengths, mask, resets)
        ends = np.zeros_like(begins)
        for t in range(len(xs) - 1):
            ends[t] = begins[t + 1]
        left, ys = self.forward.run(
            p.forward, xs, carry["forward"], lengths, mask, begins
        )
        right, zs = self.backward.run(
            p.backward, xs, carry["backward"], lengths, mask, ends
        )
        merged = {
            "concat": lambda: np.concatenate([ys, zs], axis=-1),
            "sum": lambda: ys + zs,
            "mul": lambda: ys * zs,
            "mean": lambda: 0.5 * ys + 0.5 * zs,
        }
        return {"forward": left, "backward": right}, merged[self.merge]()


class Stack:
    """One layer on the output of another, with what passes by each of them."""

    def __init__(self, *layers, connect="plain"):
        self.layers = layers
        self.connect = connect

    def run(self, p, xs, carry=None, lengths=None, mask=None, resets=None):
        carries, outputs, below = [], [], xs
        for n, layer in enumerate(self.layers):
            first = None if carry is None else carry[n]
            gated = self.connect == "highway" and n > 0
            seen = below
            if self.connect == "skip" and n > 0:
                seen = np.concatenate([xs, below], axis=-1)
            weights = p[n].layer if gated else p[n]
            last, ys = layer.run(weights, seen, first, lengths, mask, resets)
            carries.append(last)
            if gated:
                gate = 1 / (1 + np.exp(-(below @ p[n].w + p[n].b)))
                ys = gate * ys + (1 - gate) * below
            elif self.connect == "residual" and n > 0:
                ys = ys + below
            outputs.append(ys)
            below = ys
        if self.connect == "skip":
            below = np.concatenate(outputs, axis=-1)
        return tuple(carries), below


def flags(xs, lengths, mask, resets):
    """Return which steps count and which start fresh, over time and rows.

    What lies beyond a row's length is nothing, a reset there included; a reset where
    the mask is False still empties the carry that is held.
    """
    within = np.ones(xs.shape[:2], bool)
    if lengths is not None:
        for row, length in enumerate(lengths):
            within[length:, row] = False
    live = within if mask is None else within & mask
    return live, np.zeros_like(within) if resets is None else resets & within


def stack(dicts, axis):
    """Stack dicts of arrays, field by field."""
    return {k: np.stack([d[k] for d in dicts], axis=axis) for k in dicts[0]}
