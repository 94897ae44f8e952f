"""Steps of the plain network, the LSTM with and without peepholes, and both GRUs."""

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
