"""Steps of the convolutional LSTM and GRU: one position of one channel at a time."""

import itertools

import numpy as np

from tests.oracle.basic import bias, sigmoid


def ones(array):
    return (1,) * (array.ndim - 1)


def padded(x, size, strides, padding, dilation):
    """Put zeros around an image so that every n-th position, from 0, has a window."""
    if padding == "VALID":
        return x
    around = []
    for n, k, s, d in zip(x.shape[:-1], size, strides, dilation, strict=True):
        windows = -(-n // s)
        missing = max((windows - 1) * s + d * (k - 1) + 1 - n, 0)
        around.append((missing // 2, missing - missing // 2))
    return np.pad(x, (*around, (0, 0)))


def convolve(x, w, strides=None, padding="SAME", dilation=None):
    """Slide a kernel (*size, in, out) over an image (*space, in), without flipping."""
    strides, dilation = strides or ones(x), dilation or ones(x)
    size = w.shape[:-2]
    x = padded(x, size, strides, padding, dilation)
    shape = [
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(x.shape[:-1], size, strides, dilation, strict=True)
    ]
    y = np.zeros((*shape, w.shape[-1]))
    for place in itertools.product(*map(range, shape)):
        for offset in itertools.product(*map(range, size)):
            terms = zip(place, strides, offset, dilation, strict=True)
            where = tuple(p * s + o * d for p, s, o, d in terms)
            y[place] += x[where] @ w[offset]
    return y


def conv_lstm(**options):
    """Shi et al. (2015); without peepholes where there are no weights for them."""

    def step(p, carry, x):
        h, c = carry["h"], carry["c"]

        def z(gate):
            of_x = convolve(x, p.w_ih[..., gate, :], **options)
            of_h = convolve(h, p.w_hh[..., gate, :])
            return of_x + of_h + bias(p.b, gate, h.shape[-1])

        def peep(weight, c):
            return 0.0 if weight is None else weight * c

        i = sigmoid(z(0) + peep(p.p_i, c))
        f = sigmoid(z(1) + peep(p.p_f, c))
        g = np.tanh(z(2))
        c = f * c + i * g
        o = sigmoid(z(3) + peep(p.p_o, c))
        return {"h": o * np.tanh(c), "c": c}, {"i": i, "f": f, "g": g, "o": o}

    return step


def conv_gru(reset, **options):
    """Ballas et al. (2016), its update gate turned round; reset before or after."""

    def step(p, carry, x):
        h = carry["h"]

        def of_x(gate):
            weight = p.w_ih[..., gate, :]
            return convolve(x, weight, **options) + bias(p.b, gate, h.shape[-1])

        r = sigmoid(of_x(0) + convolve(h, p.w_hh[..., 0, :]))
        z = sigmoid(of_x(1) + convolve(h, p.w_hh[..., 1, :]))
        if reset == "before":
            n = np.tanh(of_x(2) + convolve(r * h, p.w_hh[..., 2, :]))
        else:
            b_hn = 0.0 if p.b_hn is None else p.b_hn
            n = np.tanh(of_x(2) + r * (convolve(h, p.w_hh[..., 2, :]) + b_hn))
        return {"h": (1 - z) * n + z * h}, {"r": r, "z": z, "n": n}

    return step
