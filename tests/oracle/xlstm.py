"""Steps of the sLSTM and the mLSTM, with the stabiliser of the paper's appendix."""

import numpy as np

from tests.oracle.basic import bias, sigmoid

LOG_FORGET = {"sigmoid": lambda z: -np.logaddexp(0.0, -z), "exp": lambda z: z}


def slstm(forget_gate, heads=1):
    """Beck et al. (2024), one unit at a time; a unit with n = 0 starts afresh."""

    def step(p, carry, x):
        h, size = carry["h"], carry["h"].size
        width = size // heads
        blocks = p.w_hh if heads > 1 else p.w_hh[None]
        new = {name: np.zeros(size) for name in "hcnm"}
        gates = {name: np.zeros(size) for name in "ifgo"}
        for u in range(size):
            head, unit = divmod(u, width)
            seen = h[head * width : (head + 1) * width]
            zi, zf, zg, zo = (
                x @ p.w_ih[:, n, u]
                + seen @ blocks[head, :, n, unit]
                + bias(p.b, n, size)[u]
                for n in range(4)
            )
            log_f, before = LOG_FORGET[forget_gate](zf), carry["n"][u] != 0
            m = max(log_f + carry["m"][u], zi) if before else zi
            i = np.exp(zi - m)
            f = np.exp(log_f + carry["m"][u] - m) if before else 0.0
            g, o = np.tanh(zg), sigmoid(zo)
            c, n = f * carry["c"][u] + i * g, f * carry["n"][u] + i
            for name, value in zip("hcnm", (o * c / n, c, n, m), strict=True):
                new[name][u] = value
            for name, value in zip("ifgo", (i, f, g, o), strict=True):
                gates[name][u] = value
        return new, gates

    return step


def mlstm(forget_gate, heads=1):
    """Beck et al. (2024), one head at a time."""

    def step(p, carry, x):
        width, keys = carry["c"].shape[1:]
        new = {name: np.zeros_like(value) for name, value in carry.items()}
        gates = {"i": np.zeros(heads), "f": np.zeros(heads), "o": np.zeros(0)}
        for head in range(heads):
            own = slice(head * width, (head + 1) * width)
            key = slice(head * keys, (head + 1) * keys)
            q = x @ p.w_qk[:, 0, key] + bias(p.b_qk, 0, heads * keys)[key]
            k = x @ p.w_qk[:, 1, key] / np.sqrt(keys)
            k = k + bias(p.b_qk, 1, heads * keys)[key]
            v = x @ p.w_vo[:, 0, own] + bias(p.b_vo, 0, heads * width)[own]
            o = sigmoid(x @ p.w_vo[:, 1, own] + bias(p.b_vo, 1, heads * width)[own])
            log_i = x @ p.w_if[:, 0, head] + bias(p.b_if, 0, heads)[head]
            zf = x @ p.w_if[:, 1, head] + bias(p.b_if, 1, heads)[head]
            log_f = LOG_FORGET[forget_gate](zf)
            m = max(log_f + carry["m"][head], log_i)
            i, f = np.exp(log_i - m), np.exp(log_f + carry["m"][head] - m)
            c = f * carry["c"][head] + i * np.outer(v, k)
            n = f * carry["n"][head] + i * k
            new["h"][own] = o * (c @ q) / max(abs(n @ q), np.exp(-m))
            new["c"][head], new["n"][head], new["m"][head] = c, n, m
            gates["i"][head], gates["f"][head] = i, f
            gates["o"] = np.append(gates["o"], o)
        return new, gates

    return step
