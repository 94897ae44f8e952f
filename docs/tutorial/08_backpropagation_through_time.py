# %% [markdown]
# # Back-propagation through time, whole and truncated
#
# To train, think of the loop as unrolled: 200 steps are a network 200 layers deep whose
# layers share their weights. The gradient of the loss is the sum of what each
# step contributes (Werbos, 1990). In JAX that is `jax.grad` of a function with a scan
# in it:

# %%
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

import jlstm

cell = jlstm.LSTMCell(hidden_size=32)
params = cell.init(jax.random.key(0), input_size=4)
xs = jax.random.normal(jax.random.key(1), (200, 8, 4))


def last_output(params, xs, carry=None):
    return jlstm.unroll(cell, params, xs, carry)[1][-1].mean()


gradient = jax.jit(jax.grad(last_output))(params, xs)

nudged = params._replace(w_hh=params.w_hh.at[3, 1, 5].add(1e-2))
slope = (last_output(nudged, xs) - last_output(params, xs)) / 1e-2
print(f"grad {float(gradient.w_hh[3, 1, 5]):.5f}, by a nudge {float(slope):.5f}")

# %% [markdown]
# It needs what every step computed, so its memory grows with the length.
# `jlstm.memory_of` tells how much, before anything runs, and `checkpoint` recomputes a
# part of it instead of keeping it:

# %%
wide = jlstm.LSTMCell(256)
wide_params = jax.eval_shape(lambda: wide.init(jax.random.key(0), 256))
long = jax.ShapeDtypeStruct((65_536, 8, 256), jnp.float32)


def loss(params, xs, checkpoint):
    return jlstm.unroll(wide, params, xs, checkpoint=checkpoint)[1].sum()


for checkpoint in (None, "sqrt"):
    needs = jlstm.memory_of(
        jax.grad(lambda p, x, how=checkpoint: loss(p, x, how)), wide_params, long
    )
    print(f"checkpoint={checkpoint}: {needs}")

# %% [markdown]
# ## Truncated
#
# A text of a million letters is one sequence. So it is cut into windows: each starts
# from the carry that the one before has left, and the gradient stops at its edge. The
# network still *remembers* beyond the window; what it does not get is a gradient for
# having done so.

# %%
carry, _ = jlstm.unroll(cell, params, xs[:150])
value_whole = last_output(params, xs)
value_window = last_output(params, xs[150:], jax.lax.stop_gradient(carry))
window = jax.jit(jax.grad(last_output))(params, xs[150:], carry)


def flat(tree):
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


whole, cut = flat(gradient), flat(window)
angle = whole @ cut / np.linalg.norm(whole) / np.linalg.norm(cut)
print(f"the value is the same: {abs(float(value_whole - value_window)):.0e} apart")
print(f"the gradient of 50 steps against that of 200: cosine {angle:.4f}")

# %% [markdown]
# Here the window loses nothing, for this cell forgets within a few steps: its forget
# bias is 1. A cell whose gradients reach further loses almost all of it. The same for
# three forget biases and many windows. To cut the gradient at a step without another
# shape to compile, the state is stopped there: what comes before the window enters as a
# number.

# %%
windows = (5, 10, 20, 50, 100, 150, 200)


@jax.jit
def cut_gradient(params, window):
    def output(params):
        def step(carry, now):
            zx, index = now
            stopped = jax.lax.stop_gradient(carry)
            inside = index > len(xs) - window  # the first step of it starts from there
            carry = jax.tree.map(partial(jnp.where, inside), carry, stopped)
            own = jax.tree.map(
                partial(jnp.where, index >= len(xs) - window),
                params,
                jax.lax.stop_gradient(params),
            )
            carry, _ = cell.step(own, carry, cell.project(own, zx))
            return carry, None

        steps = (xs, jnp.arange(len(xs)))
        return jax.lax.scan(step, cell.init_carry((8,)), steps)[0].h.mean()

    return jax.grad(output)(params)


def cosine(cut, whole):
    return float(whole @ cut / np.linalg.norm(whole) / np.linalg.norm(cut))


by_window = {}
print("window      ", *(f"{steps:5}" for steps in windows))
for bias in (1.0, 3.0, 5.0):
    biased = params._replace(b=params.b.at[1].set(bias))
    gradients = [flat(cut_gradient(biased, steps)) for steps in windows]
    by_window[bias] = [cosine(cut, gradients[-1]) for cut in gradients]
    print(f"forget bias {bias:.0f}", *(f"{alike:5.2f}" for alike in by_window[bias]))

# %%
from jlstm.analysis.plots.points import plot_points

alike_plot = plot_points(
    {
        f"forget bias {bias:.0f}": list(zip(windows, alike, strict=True))
        for bias, alike in by_window.items()
    },
    x_label="window (steps)",
    y_label="cosine with the whole gradient",
)
alike_plot

# %% [markdown]
# With bias 3 a window of 50 steps points almost at right angles to the gradient of all
# 200. Truncation is harmless only where the network forgets sooner than the window
# ends, and there it had nothing to learn from further back.

# %% [markdown]
# How much a window loses depends on how far gradients reach at all. Four untrained
# cells, the gradient of the last output with respect to the state so many
# steps before:

# %%
from jlstm.analysis.gradients import gradients_by_lag, norms_by_lag
from jlstm.analysis.plots import LagCurve, plot_lags
from jlstm.initializers import HiddenUniform

cells = {
    "tanh RNN, h": (jlstm.RNNCell(32, w_hh_init=HiddenUniform()), "h"),
    "GRU, h": (jlstm.GRUCell(32), "h"),
    "LSTM, forget bias 1, c": (jlstm.LSTMCell(32), "c"),
    "LSTM, forget bias 3, c": (jlstm.LSTMCell(32, forget_bias=3.0), "c"),
}
direction = jnp.ones(32) / jnp.sqrt(32)


def lag_norms(cell, part):
    params = cell.init(jax.random.key(0), input_size=4)
    norms = norms_by_lag(gradients_by_lag(cell, params, xs[:100, 0], direction))
    return jax.device_get(getattr(norms, part))


curves = {name: lag_norms(*entry) for name, entry in cells.items()}
for name, norms in curves.items():
    print(f"{name:26} 50 steps back: {norms[50]:.0e}")

drawn = {n: LagCurve(v, family=min(k, 2)) for k, (n, v) in enumerate(curves.items())}
plot = plot_lags({"gradient of the last output": drawn})
plot

# %% [markdown]
# The first three fade, each at its own rate. The LSTM with bias 3 does not: the way
# through $h$ gives back what the gates forget ([the cell state](02_cell_state.py)).
