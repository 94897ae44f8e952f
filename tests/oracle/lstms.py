"""Steps of the LSTM's relatives, and of the layer-normalised GRU."""

import numpy as np

from tests.oracle.basic import bias, lstm, sigmoid


def pre_activation(p, h, x, n):
    """Return block ``n`` of the gate axis before its activation."""
    return x @ p.w_ih[:, n] + h @ p.w_hh[:, n] + bias(p.b, n, p.w_ih.shape[-1])


def projected(p, carry, x):
    """Sak et al. (2014) without peepholes: what is fed back has fewer units."""
    zi, zf, zg, zo = (pre_activation(p, carry["h"], x, n) for n in range(4))
    i, f, g, o = sigmoid(zi), sigmoid(zf), np.tanh(zg), sigmoid(zo)
    c = f * carry["c"] + i * g
    h = (o * np.tanh(c)) @ p.w_hr
    return {"h": h, "c": c}, {"i": i, "f": f, "g": g, "o": o}


def cifg(p, carry, x):
    """Greff et al. (2017), CIFG without peepholes."""
    zi, zg, zo = (pre_activation(p, carry["h"], x, n) for n in range(3))
    i, g, o = sigmoid(zi), np.tanh(zg), sigmoid(zo)
    c = (1 - i) * carry["c"] + i * g
    return {"h": o * np.tanh(c), "c": c}, {"i": i, "f": 1 - i, "g": g, "o": o}


def odyssey(without=(), coupled=False, recurrent_gates=False):
    """Greff et al. (2017): ``without`` names the gates that are fixed at 1."""
    absent = set(without) | ({"f"} if coupled else set())
    blocks = [name for name in "ifgo" if name not in absent]

    def step(p, carry, x):
        z = {name: pre_activation(p, carry["h"], x, n) for n, name in enumerate(blocks)}
        if recurrent_gates:
            for m, to in enumerate("ifo"):
                for n, source in enumerate("ifo"):
                    z[to] = z[to] + carry[source] @ p.w_gates[n, :, m]

        def gate(name, c):
            if name in absent:
                return np.ones(c.size)
            peephole = getattr(p, f"p_{name}")
            seen = 0.0 if peephole is None else peephole * c
            return sigmoid(z[name] + seen)

        i = gate("i", carry["c"])
        f = 1 - i if coupled else gate("f", carry["c"])
        g = np.tanh(z["g"])
        c = f * carry["c"] + i * g
        o = gate("o", c)
        gates = {"i": i, "f": f, "g": g, "o": o}
        new = {"h": o * np.tanh(c), "c": c}
        if recurrent_gates:
            new |= {"i": i, "f": f, "o": o}
        return new, gates

    return step


def layer_norm(epsilon):
    """Ba et al. (2016), equation 4, over all numbers of ``z``."""

    def norm(z, gain):
        deviation = np.sqrt(np.mean((z - z.mean()) ** 2) + epsilon)
        return gain * (z - z.mean()) / deviation

    return norm


def products(p, h, x):
    """Return what the two matrices make of x and h, and the bias or zero."""
    zx = np.einsum("x,xgh->gh", x, p.w_ih)
    zh = np.einsum("k,kgh->gh", h, p.w_hh)
    return zx, zh, np.zeros(zx.shape) if p.b is None else p.b


def layer_norm_lstm(epsilon):
    """Ba et al. (2016), equations 20 to 22, the three biases of the sum in one."""
    norm = layer_norm(epsilon)

    def step(p, carry, x):
        zx, zh, b = products(p, carry["h"], x)
        zi, zf, zg, zo = norm(zx, p.gain_ih) + norm(zh, p.gain_hh) + b
        i, f, g, o = sigmoid(zi), sigmoid(zf), np.tanh(zg), sigmoid(zo)
        c = f * carry["c"] + i * g
        h = o * np.tanh(norm(c, p.gain_c) + (0.0 if p.b_c is None else p.b_c))
        return {"h": h, "c": c}, {"i": i, "f": f, "g": g, "o": o}

    return step


def layer_norm_gru(epsilon):
    """Ba et al. (2016), supplementary material, with z for their 1 - z."""
    norm = layer_norm(epsilon)

    def step(p, carry, x):
        h = carry["h"]
        zx, zh, b = products(p, h, x)
        both = norm(zx[:2], p.gain_ih[:2]) + norm(zh[:2], p.gain_hh[:2]) + b[:2]
        r, z = sigmoid(both)
        inner = norm(zh[2], p.gain_hh[2]) + (0.0 if p.b_hn is None else p.b_hn)
        n = np.tanh(norm(zx[2], p.gain_ih[2]) + b[2] + r * inner)
        return {"h": (1 - z) * n + z * h}, {"r": r, "z": z, "n": n}

    return step


def multiplicative(p, carry, x):
    """Krause et al. (2016): m stands where h stood."""
    m = (x @ p.w_im) * (carry["h"] @ p.w_hm)
    zi, zf, zg, zo = (pre_activation(p, m, x, n) for n in range(4))
    i, f, g, o = sigmoid(zi), sigmoid(zf), np.tanh(zg), sigmoid(zo)
    c = f * carry["c"] + i * g
    return {"h": o * np.tanh(c), "c": c}, {"i": i, "f": f, "g": g, "o": o}


def mogrifier(rounds, low_rank):
    """Melis et al. (2019): rounds of gating, then an LSTM."""

    def matrix(maps, n):
        return maps.left[n] @ maps.right[n] if low_rank else maps[n]

    def step(p, carry, x):
        h = carry["h"]
        for n in range(1, rounds + 1):
            if n % 2 == 1:
                x = 2 * sigmoid(h @ matrix(p.q, (n - 1) // 2)) * x
            else:
                h = 2 * sigmoid(x @ matrix(p.r, n // 2 - 1)) * h
        return lstm(p, {"h": h, "c": carry["c"]}, x)

    return step
