"""What every cell and layer should compute: numpy, float64, plain loops.

Written from the equations of the papers, one row of the batch, one step and one gate at
a time, and from the rules for padding and resets; it shares no code with jlstm. Weights
are read by field name, with the gate on the middle axis of a matrix. Carries and gates
are dicts, a layer's carry nests them as the layer nests its parts.
"""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def bias(b, gate, size):
    return np.zeros(size) if b is None else b[gate]


def rnn(activation):
    """Elman (1990)."""

    def step(p, carry, x):
        b = 0.0 if p.b is None else p.b
        z = x @ p.w_ih + carry["h"] @ p.w_hh + b
        return {"h": activation(z)}, {"z": z}

    return step


rnn_tanh = rnn(np.tanh)
rnn_relu = rnn(lambda z: np.where(z > 0, z, 0.0))


def lstm(p, carry, x):
    """Hochreiter and Schmidhuber (1997) with the forget gate of Gers et al. (2000)."""
    h, c = carry["h"], carry["c"]

    def z(gate):
        return x @ p.w_ih[:, gate] + h @ p.w_hh[:, gate] + bias(p.b, gate, h.size)

    i = sigmoid(z(0))
    f = sigmoid(z(1))
    g = np.tanh(z(2))
    o = sigmoid(z(3))
    c = f * c + i * g
    return {"h": o * np.tanh(c), "c": c}, {"i": i, "f": f, "g": g, "o": o}


def peephole(p, carry, x):
    """Gers and Schmidhuber (2000): i and f see the old cell state, o the new one."""
    h, c = carry["h"], carry["c"]

    def z(gate):
        return x @ p.w_ih[:, gate] + h @ p.w_hh[:, gate] + bias(p.b, gate, h.size)

    i = sigmoid(z(0) + p.p_i * c)
    f = sigmoid(z(1) + p.p_f * c)
    g = np.tanh(z(2))
    c = f * c + i * g
    o = sigmoid(z(3) + p.p_o * c)
    return {"h": o * np.tanh(c), "c": c}, {"i": i, "f": f, "g": g, "o": o}


def gru_after(p, carry, x):
    """Cho et al. (2014), first version: reset scales what the matrix has made of h."""
    h = carry["h"]
    b_hn = np.zeros(h.size) if p.b_hn is None else p.b_hn
    r, z = gru_reset_and_update(p, h, x)
    zx_n = x @ p.w_ih[:, 2] + bias(p.b, 2, h.size)
    n = np.tanh(zx_n + r * (h @ p.w_hh[:, 2] + b_hn))
    return {"h": (1 - z) * n + z * h}, {"r": r, "z": z, "n": n}


def gru_before(p, carry, x):
    """Cho et al. (2014), third version: reset scales h before the matrix."""
    h = carry["h"]
    r, z = gru_reset_and_update(p, h, x)
    zx_n = x @ p.w_ih[:, 2] + bias(p.b, 2, h.size)
    n = np.tanh(zx_n + (r * h) @ p.w_hh[:, 2])
    return {"h": (1 - z) * n + z * h}, {"r": r, "z": z, "n": n}


def gru_reset_and_update(p, h, x):
    r = sigmoid(x @ p.w_ih[:, 0] + h @ p.w_hh[:, 0] + bias(p.b, 0, h.size))
    z = sigmoid(x @ p.w_ih[:, 1] + h @ p.w_hh[:, 1] + bias(p.b, 1, h.size))
    return r, z


class Recurrent:
    """A step over time: rows one by one, steps one by one."""

    def __init__(self, step, fields, reverse=False):
        self.step = step
        self.fields = fields  # of the carry
        self.reverse = reverse

    def run(self, p, xs, carry=None, lengths=None, mask=None, resets=None):
        """Return the last carry and the outputs of all steps."""
        last, carries, _ = self.trace(p, xs, carry, lengths, mask, resets)
        return last, carries["h"]

    def trace(self, p, xs, carry=None, lengths=None, mask=None, resets=None):
        """Return the last carry, every carry and every gate (zero in padding)."""
        live, resets = flags(xs, lengths, mask, resets)
        zero = {name: np.zeros(p.w_hh.shape[0]) for name in self.fields}
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

    def __init__(self, step, fields, merge):
        self.forward = Recurrent(step, fields)
        self.backward = Recurrent(step, fields, reverse=True)
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
    """One layer on the output of another."""

    def __init__(self, *layers, residual=False):
        self.layers = layers
        self.residual = residual

    def run(self, p, xs, carry=None, lengths=None, mask=None, resets=None):
        carries = []
        for n, layer in enumerate(self.layers):
            first = None if carry is None else carry[n]
            last, ys = layer.run(p[n], xs, first, lengths, mask, resets)
            carries.append(last)
            xs = ys + xs if self.residual and n > 0 else ys
        return tuple(carries), xs


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
