"""The ONNX operators LSTM, GRU and RNN in numpy, from the text of their definition.

Written from the operators' documentation alone. ONNX's own reference evaluator ignores
``sequence_lens``, ``clip``, ``input_forget`` and ``activations``, so it cannot say what
they mean. Where the text is silent: a row of length n holds its state and emits zeros
from step n on, a reverse pass begins at its last step, and a coupled forget gate is one
minus the input gate.
"""

from dataclasses import dataclass

import numpy as np


def tanh(z, a, b):
    return np.tanh(z)


def relu(z, a, b):
    return np.maximum(0, z)


def sigmoid(z, a, b):
    return 1 / (1 + np.exp(-z))


def affine(z, a, b):
    return a * z + b


def leaky_relu(z, a, b):
    return np.where(z >= 0, z, a * z)


def thresholded_relu(z, a, b):
    return np.where(z >= a, z, 0)


def scaled_tanh(z, a, b):
    return a * np.tanh(b * z)


def hard_sigmoid(z, a, b):
    return np.minimum(np.maximum(a * z + b, 0), 1)


def elu(z, a, b):
    return np.where(z >= 0, z, a * (np.exp(z) - 1))


def softsign(z, a, b):
    return z / (1 + np.abs(z))


def softplus(z, a, b):
    return np.log(1 + np.exp(z))


# Function, default of alpha and of beta; None: it has no such number, or no default.
ACTIVATIONS = {
    "Relu": (relu, None, None),
    "Tanh": (tanh, None, None),
    "Sigmoid": (sigmoid, None, None),
    "Affine": (affine, 1.0, 0.0),
    "LeakyRelu": (leaky_relu, 0.01, None),
    "ThresholdedRelu": (thresholded_relu, 1.0, None),
    "ScaledTanh": (scaled_tanh, "given", "given"),
    "HardSigmoid": (hard_sigmoid, 0.2, 0.5),
    "Elu": (elu, 1.0, None),
    "Softsign": (softsign, None, None),
    "Softplus": (softplus, None, None),
}
DEFAULTS = {
    "LSTM": ["Sigmoid", "Tanh", "Tanh"],
    "GRU": ["Sigmoid", "Tanh"],
    "RNN": ["Tanh"],
}


@dataclass(frozen=True)
class Settings:
    """The attributes of a node."""

    direction: str = "forward"
    layout: int = 0
    clip: float | None = None
    input_forget: int = 0
    linear_before_reset: int = 0
    activations: tuple = ()
    activation_alpha: tuple = ()
    activation_beta: tuple = ()


def functions(op_type, settings, ways):
    """Return one list of functions for each direction; values are consumed in order."""
    names = list(settings.activations) or DEFAULTS[op_type] * ways
    alphas, betas = list(settings.activation_alpha), list(settings.activation_beta)
    limit = np.inf if settings.clip is None else settings.clip
    made = []
    for name in names:
        function, alpha, beta = ACTIVATIONS[name]
        a = alphas.pop(0) if alpha is not None and alphas else alpha
        b = betas.pop(0) if beta is not None and betas else beta
        made.append(lambda z, f=function, a=a, b=b: f(np.clip(z, -limit, limit), a, b))
    each = len(names) // ways
    return [made[n * each : (n + 1) * each] for n in range(ways)]


def lstm(fns, settings, x, h, c, w, r, wb, rb, p):
    f, g, last = fns
    wi, wo, wf, wc = np.split(w, 4)
    ri, ro, rf, rc = np.split(r, 4)
    wbi, wbo, wbf, wbc = np.split(wb, 4)
    rbi, rbo, rbf, rbc = np.split(rb, 4)
    pi, po, pf = np.split(p, 3)
    it = f(x @ wi.T + h @ ri.T + pi * c + wbi + rbi)
    ft = f(x @ wf.T + h @ rf.T + pf * c + wbf + rbf)
    if settings.input_forget:
        ft = 1 - it
    ct = g(x @ wc.T + h @ rc.T + wbc + rbc)
    cell = ft * c + it * ct
    ot = f(x @ wo.T + h @ ro.T + po * cell + wbo + rbo)
    return ot * last(cell), cell


def gru(fns, settings, x, h, c, w, r, wb, rb, p):
    f, g = fns
    wz, wr, wh = np.split(w, 3)
    rz, rr, rh = np.split(r, 3)
    wbz, wbr, wbh = np.split(wb, 3)
    rbz, rbr, rbh = np.split(rb, 3)
    zt = f(x @ wz.T + h @ rz.T + wbz + rbz)
    rt = f(x @ wr.T + h @ rr.T + wbr + rbr)
    if settings.linear_before_reset:
        ht = g(x @ wh.T + rt * (h @ rh.T + rbh) + wbh)
    else:
        ht = g(x @ wh.T + (rt * h) @ rh.T + rbh + wbh)
    return (1 - zt) * ht + zt * h, c


def rnn(fns, settings, x, h, c, w, r, wb, rb, p):
    return fns[0](x @ w.T + h @ r.T + wb + rb), c


STEPS = {"LSTM": lstm, "GRU": gru, "RNN": rnn}


def run(op_type, settings, x, w, r, b=None, lens=None, h0=None, c0=None, p=None):
    """Return Y, Y_h and Y_c of the operator (Y_c means nothing but for LSTM)."""
    if settings.layout:
        x = np.swapaxes(x, 0, 1)
        h0, c0 = (None if s is None else np.swapaxes(s, 0, 1) for s in (h0, c0))
    (steps, batch), (ways, rows, hidden) = x.shape[:2], r.shape
    zeros = np.zeros((ways, batch, hidden), x.dtype)
    h0, c0 = (zeros if state is None else state for state in (h0, c0))
    b = np.zeros((ways, 2 * rows), x.dtype) if b is None else b
    p = np.zeros((ways, 3 * hidden), x.dtype) if p is None else p
    lens = np.full(batch, steps) if lens is None else lens
    y, y_h, y_c = np.zeros((steps, ways, batch, hidden), x.dtype), h0.copy(), c0.copy()
    for way, fns in enumerate(functions(op_type, settings, ways)):
        backward = settings.direction == "reverse" or way == 1
        for row, length in enumerate(lens):
            for t in reversed(range(length)) if backward else range(length):
                state = y_h[way, row], y_c[way, row]
                biases = np.split(b[way], 2)
                weights = w[way], r[way], *biases, p[way]
                h, c = STEPS[op_type](fns, settings, x[t, row], *state, *weights)
                y[t, way, row] = y_h[way, row] = h
                y_c[way, row] = c
    if settings.layout:
        return y.transpose(2, 0, 1, 3), y_h.swapaxes(0, 1), y_c.swapaxes(0, 1)
    return y, y_h, y_c
