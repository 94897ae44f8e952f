"""Steps of the cells whose gates see no past output."""

import numpy as np

from tests.oracle.basic import bias, sigmoid


def min_gru(p, carry, x):
    """Feng et al. (2024)."""
    h = carry["h"]
    z = sigmoid(x @ p.w_ih[:, 0] + bias(p.b, 0, h.size))
    n = x @ p.w_ih[:, 1] + bias(p.b, 1, h.size)
    return {"h": (1 - z) * h + z * n}, {"z": z, "n": n}


def min_lstm(p, carry, x):
    """Feng et al. (2024): two sigmoids, divided by their sum."""
    h = carry["h"]
    i, f, g = (x @ p.w_ih[:, n] + bias(p.b, n, h.size) for n in range(3))
    i, f = sigmoid(i), sigmoid(f)
    i, f = i / (i + f), f / (i + f)
    return {"h": f * h + i * g}, {"i": i, "f": f, "g": g}


def lru(p, carry, x):
    """Orvieto et al. (2023), with complex numbers."""
    decay = np.exp(-np.exp(p.nu) + 1j * np.exp(p.theta))
    drive = np.exp(p.gamma) * (x @ (p.w_is[:, 0] + 1j * p.w_is[:, 1]))
    s = decay * (carry["re"] + 1j * carry["im"]) + drive
    h = np.real(s @ (p.w_sh[:, 0] + 1j * p.w_sh[:, 1])) + x @ p.w_ih
    return {"h": h, "re": s.real, "im": s.imag}, {"re": drive.real, "im": drive.imag}


def qrnn(pooling):
    """Bradbury et al. (2016); the window shows what past inputs have left in it."""

    def step(p, carry, x):
        taps, size = p.w_ih.shape[1], carry["c"].size
        names = {"f": "fg", "fo": "fgo", "ifo": "ifgo"}[pooling]
        z = {}
        for n, name in enumerate(names):
            past = carry["window"][0, n] if taps > 1 else 0.0
            z[name] = x @ p.w_ih[:, 0, n] + bias(p.b, n, size) + past
        window = np.zeros_like(carry["window"])
        for j in range(taps - 1):
            for n in range(len(names)):
                window[j, n] = x @ p.w_ih[:, j + 1, n]
                if j + 1 < taps - 1:
                    window[j, n] += carry["window"][j + 1, n]
        f, g = sigmoid(z["f"]), np.tanh(z["g"])
        i = sigmoid(z["i"]) if pooling == "ifo" else 1 - f
        o = np.ones(size) if pooling == "f" else sigmoid(z["o"])
        c = f * carry["c"] + i * g
        gates = {"i": i, "f": f, "g": g, "o": o}
        return {"h": o * c, "c": c, "window": window}, gates

    return step


def sru(alpha=1.0):
    """Lei et al. (2017), first version."""

    def step(p, carry, x):
        f = sigmoid(x @ p.w_ih[:, 0] + bias(p.b, 0, carry["c"].size))
        r = sigmoid(x @ p.w_ih[:, 1] + bias(p.b, 1, carry["c"].size))
        g = x @ p.w_ih[:, 2]
        c = f * carry["c"] + (1 - f) * g
        h = r * np.tanh(c) + (1 - r) * alpha * highway(p, x)
        return {"h": h, "c": c}, {"f": f, "r": r, "g": g}

    return step


def sru_peephole(alpha=1.0):
    """Lei et al. (2018): both gates see the old cell state."""

    def step(p, carry, x):
        old = carry["c"]
        f = sigmoid(x @ p.w_ih[:, 0] + p.p_f * old + bias(p.b, 0, old.size))
        r = sigmoid(x @ p.w_ih[:, 1] + p.p_r * old + bias(p.b, 1, old.size))
        g = x @ p.w_ih[:, 2]
        c = f * old + (1 - f) * g
        h = r * c + (1 - r) * alpha * highway(p, x)
        return {"h": h, "c": c}, {"f": f, "r": r, "g": g}

    return step


def highway(p, x):
    return x if p.w_skip is None else x @ p.w_skip
