"""Steps of the cells that come from dynamical systems, and of the refined LSTM."""

import numpy as np

from tests.oracle.basic import bias, sigmoid


def minimal_rnn(p, carry, x):
    """Chen (2017)."""
    h = carry["h"]
    z = np.tanh(x @ p.w_ih + (0.0 if p.b is None else p.b))
    u = sigmoid(h @ p.w_hh + z @ p.w_zh + (0.0 if p.b_u is None else p.b_u))
    return {"h": u * h + (1 - u) * z}, {"u": u, "z": z}


def cornn(dt, gamma, epsilon):
    """Rusch and Mishra (2021), explicit: y is h, its derivative z is v."""

    def step(p, carry, x):
        y, z = carry["h"], carry["v"]
        b = 0.0 if p.b is None else p.b
        force = np.tanh(y @ p.w_hh + z @ p.w_vh + x @ p.w_ih + b)
        z = z + dt * (force - gamma * y - epsilon * z)
        y = y + dt * z
        return {"h": y, "v": z}, {"force": force}

    return step


def lem(dt):
    """Rusch et al. (2022): y is h, z is c."""

    def step(p, carry, x):
        y, z = carry["h"], carry["c"]

        def from_input(n):
            return x @ p.w_ih[:, n] + bias(p.b, n, y.size)

        dz = dt * sigmoid(y @ p.w_hh[:, 0] + from_input(0))
        dy = dt * sigmoid(y @ p.w_hh[:, 1] + from_input(1))
        z = (1 - dz) * z + dz * np.tanh(y @ p.w_hh[:, 2] + from_input(2))
        y = (1 - dy) * y + dy * np.tanh(z @ p.w_ch + from_input(3))
        return {"h": y, "c": z}, {"dc": dz, "dh": dy}

    return step


def urlstm(p, carry, x):
    """Gu et al. (2020)."""
    h, c = carry["h"], carry["c"]
    f, r, g, o = (
        activation(x @ p.w_ih[:, n] + h @ p.w_hh[:, n] + bias(p.b, n, h.size))
        for n, activation in enumerate((sigmoid, sigmoid, np.tanh, sigmoid))
    )
    e = r * (1 - (1 - f) ** 2) + (1 - r) * f**2
    c = e * c + (1 - e) * g
    return {"h": o * np.tanh(c), "c": c}, {"f": f, "r": r, "e": e, "g": g, "o": o}
