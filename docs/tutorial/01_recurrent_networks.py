# %% [markdown]
# # A network that reads one step after the other
#
# A recurrent network keeps a **hidden state** $h$. Each step computes it again from the
# input and from the state before:
#
# $$h_t = \tanh(x_t W_{ih} + h_{t-1} W_{hh} + b)$$
#
# All that it knows of the past is in $h_{t-1}$. The same weights serve every step, so a
# sequence may have any length.

# %%
import jax
import jax.numpy as jnp
import numpy as np

import jlstm
from jlstm.initializers import HiddenUniform

cell = jlstm.RNNCell(hidden_size=64, w_hh_init=HiddenUniform())
params = cell.init(jax.random.key(0), input_size=2)
xs = jax.random.normal(jax.random.key(1), (100, 2))  # 100 steps of 2 features

carry, ys = jlstm.unroll(cell, params, xs)

h = jnp.zeros(64)
for x in xs[:10]:
    h = jnp.tanh(x @ params.w_ih + h @ params.w_hh + params.b)
difference = float(jnp.abs(ys[9] - h).max())
print(f"the loop and jlstm.unroll differ by {difference:.0e}")

# %% [markdown]
# ## Why it forgets
#
# Training asks how the loss at the end depends on the state at an earlier step. By the
# chain rule that is a product with one factor for each step between:
#
# $$\frac{\partial h_T}{\partial h_s}
# = \prod_{t=s+1}^{T} \mathrm{diag}(1 - h_t^2)\, W_{hh}^\top$$
#
# Where the factors shrink a vector, their product shrinks it exponentially: the
# **vanishing gradient** (Hochreiter, 1991; Bengio, Simard and Frasconi, 1994). Where
# they stretch it, it explodes. Here it is measured, exactly, with the weights that
# PyTorch would draw, $U(-1/\sqrt{H}, 1/\sqrt{H})$:

# %%
from jlstm.analysis.gradients import gradients_by_lag, norms_by_lag

direction = jax.random.normal(jax.random.key(2), (64,))
direction = direction / jnp.linalg.norm(direction)
norms = norms_by_lag(gradients_by_lag(cell, params, xs, direction)).h
for lag in (1, 5, 10, 20, 50):
    print(f"{lag:3} steps back: {float(norms[lag]):.1e}")

a_step = float((norms[50] / norms[10]) ** (1 / 40))
print(f"a step keeps {a_step:.2f} of the gradient")

# %% [markdown]
# The weights alone say what to expect: the largest factor by which $W_{hh}$ keeps
# stretching a vector is its spectral radius.

# %%
radius = float(jnp.abs(jnp.linalg.eigvals(params.w_hh)).max())
print(f"spectral radius of the recurrent weight: {radius:.2f}")

# %%
from jlstm.analysis.plots import LagCurve, plot_lags

plot = plot_lags(
    {
        "by the hidden state": {
            "measured": LagCurve(jax.device_get(norms)),
            "spectral radius ** lag": LagCurve(radius ** np.arange(101)),
        }
    }
)
plot

# %% [markdown]
# On the logarithmic scale both are straight lines: with every step the same share is
# lost. A word fifty steps back moves the weights by less than their own rounding error.
# Larger weights only exchange one trouble for the other. The same network with its
# recurrent weights three times as large, around the state zero, where tanh is linear:

# %%
large = params._replace(w_hh=3 * params.w_hh)
quiet = jnp.zeros_like(xs)
exploding = norms_by_lag(gradients_by_lag(cell, large, quiet, direction)).h
print(f"50 steps back: {norms[50]:.0e}, weights times three {exploding[50]:.0e}")

# %% [markdown]
# What is needed is a path along which the factor is 1 unless something decides
# otherwise. That path is the [cell state](02_cell_state.py).
