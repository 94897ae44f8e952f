"""Steps of the cells with few gates, of highway networks and of the searched cell."""

import numpy as np

from tests.oracle.basic import bias, sigmoid


def rhn(depth, coupled):
    """Zilly et al. (2017)."""

    def step(p, carry, x):
        s, happened = carry["h"], []
        for n in range(depth):

            def z(gate, n=n, s=s):
                z = s @ p.w_hh[n][:, gate]
                z = z if p.b is None else z + p.b[n, gate]
                return z + x @ p.w_ih[:, gate] if n == 0 else z

            g, t = np.tanh(z(0)), sigmoid(z(1))
            k = 1 - t if coupled else sigmoid(z(2))
            s = g * t + s * k
            happened.append((g, t, k))
        gates = (np.stack(gate) for gate in zip(*happened, strict=True))
        return {"h": s}, dict(zip("gtk", gates, strict=True))

    return step


def mgu(reset, update):
    """Zhou et al. (2016), and the two variants of Flax."""

    def step(p, carry, x):
        h = carry["h"]
        f = sigmoid(x @ p.w_ih[:, 0] + h @ p.w_hh[:, 0] + bias(p.b, 0, h.size))
        from_past = {
            "before": lambda: (f * h) @ p.w_hh[:, 1],
            "after": lambda: (
                f * (h @ p.w_hh[:, 1] + (0.0 if p.b_hn is None else p.b_hn))
            ),
            "none": lambda: h @ p.w_hh[:, 1],
        }[reset]()
        n = np.tanh(x @ p.w_ih[:, 1] + bias(p.b, 1, h.size) + from_past)
        new = {"write": (1 - f) * h + f * n, "keep": (1 - f) * n + f * h}[update]
        return {"h": new}, {"f": f, "n": n}

    return step


def indrnn(activation):
    """Li et al. (2018)."""

    def step(p, carry, x):
        b = 0.0 if p.b is None else p.b
        z = x @ p.w_ih + p.w_hh * carry["h"] + b
        return {"h": activation(z)}, {"z": z}

    return step


indrnn_relu = indrnn(lambda z: np.where(z > 0, z, 0.0))
indrnn_silu = indrnn(lambda z: z * sigmoid(z))


def janet(beta):
    """Van der Westhuizen and Lasenby (2018), with the shift by beta."""

    def step(p, carry, x):
        h = carry["h"]
        s = x @ p.w_ih[:, 0] + h @ p.w_hh[:, 0] + bias(p.b, 0, h.size)
        g = np.tanh(x @ p.w_ih[:, 1] + h @ p.w_hh[:, 1] + bias(p.b, 1, h.size))
        f, i = sigmoid(s), 1 - sigmoid(s - beta)
        return {"h": f * h + i * g}, {"f": f, "i": i, "g": g}

    return step


def nas(p, carry, x):
    """Zoph and Le (2017), as TensorFlow has it."""
    h, c = carry["h"], carry["c"]
    xs = [x @ p.w_ih[:, n] for n in range(8)]
    ms = [h @ p.w_hh[:, n] + bias(p.b, n, h.size) for n in range(8)]
    u = [
        sigmoid(xs[0] + ms[0]),
        np.maximum(xs[1] + ms[1], 0),
        sigmoid(xs[2] + ms[2]),
        np.maximum(xs[3] * ms[3], 0),
        np.tanh(xs[4] + ms[4]),
        sigmoid(xs[5] + ms[5]),
        np.tanh(xs[6] + ms[6]),
        sigmoid(xs[7] + ms[7]),
    ]
    first = np.tanh(np.tanh(u[0] * u[1]) + c)
    new_c = first * np.tanh(u[2] + u[3])
    last = np.tanh(np.tanh(u[4] * u[5]) + sigmoid(u[6] + u[7]))
    return {"h": np.tanh(new_c * last), "c": new_c}, {"u": np.stack(u)}
