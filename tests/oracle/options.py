"""Options that several cells have: heads, other activations, a clipped cell state."""

import numpy as np

from tests.oracle.basic import bias


def with_heads(step):
    """Give ``step`` the dense recurrent matrix: the heads on its diagonal, else 0."""

    def with_dense(p, carry, x):
        heads, size = p.w_hh.shape[:2]
        n = heads * size
        w_hh = np.zeros((n, *p.w_hh.shape[2:-1], n))
        for k in range(heads):
            units = slice(k * size, (k + 1) * size)
            w_hh[units, ..., units] = p.w_hh[k]
        return step(p._replace(w_hh=w_hh), carry, x)

    return with_dense


def lstm_with(gate, candidate, output, clip):
    """Return the LSTM with other functions, its cell state held within ± ``clip``."""

    def step(p, carry, x):
        h = carry["h"]
        zi, zf, zg, zo = (
            x @ p.w_ih[:, n] + h @ p.w_hh[:, n] + bias(p.b, n, h.size) for n in range(4)
        )
        i, f, g, o = gate(zi), gate(zf), candidate(zg), gate(zo)
        c = np.clip(f * carry["c"] + i * g, -clip, clip)
        return {"h": o * output(c), "c": c}, {"i": i, "f": f, "g": g, "o": o}

    return step
