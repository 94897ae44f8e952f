# %% [markdown]
# # The input gate and the candidate: what to write
#
# $$i_t = \sigma(W_i\,[h_{t-1}, x_t] + b_i)
# \qquad g_t = \tanh(W_g\,[h_{t-1}, x_t] + b_g)$$
#
# The **candidate** $g$ is what a step would write, between −1 and 1; the **input gate**
# $i$ says how much of it is written. Together with the forget gate:
#
# $$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$
#
# A candidate alone would have to be 0 at every step that does not matter. With a gate
# the two questions, *what* and *whether*, are answered apart. By hand: a unit that
# takes a value only at the step that is marked, and holds it from then on. It is a
# miniature of the adding problem.

# %%
import jax
import jax.numpy as jnp
import numpy as np

import jlstm

np.set_printoptions(precision=2, suppress=True)

cell = jlstm.LSTMCell(hidden_size=1, forget_bias=0.0)
i, f, g, o = range(4)
w_ih = jnp.zeros((2, 4, 1)).at[0, g].set(1.0).at[1, i].set(20.0)
b = jnp.zeros((4, 1)).at[jnp.array([f, o]), 0].set(10.0).at[i, 0].set(-10.0)
params = jlstm.LSTMParams(w_ih, jnp.zeros((1, 4, 1)), b)

values = jnp.array([0.9, -0.4, 0.5, 0.8, -0.7, 0.3])
marks = jnp.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
_, (carries, gates) = jlstm.trace(cell, params, jnp.stack([values, marks], axis=1))
print("candidate ", np.asarray(gates.g[:, 0]))
print("input gate", np.asarray(gates.i[:, 0]))
print("cell state", np.asarray(carries.c[:, 0]))

# %% [markdown]
# The candidate follows every value; the cell state takes $\tanh(0.5) = 0.46$ at the
# mark and does not move again:

# %%
from jlstm.analysis.plots import plot_steps

shown = {"candidate": gates.g, "input gate": gates.i, "cell state": carries.c}
plot = plot_steps(
    {name: {"": values[:, 0]} for name, values in shown.items()},
    ["mark" if mark else "·" for mark in marks],
)
plot

# %% [markdown]
# ## Forget and input are two gates, not one
#
# Erasing and writing are often the same act. An LSTM whose input gate is $1 - f$ has a
# quarter fewer parameters and does as well in many tasks (Greff et al., 2017):
# `jlstm.CIFGLSTMCell`. It cannot keep the old *and* write the new, so it cannot count:

# %%
ones = jnp.ones((5, 2))
counter = params._replace(b=params.b.at[i, 0].set(10.0).at[g, 0].set(10.0))
_, (counted, _) = jlstm.trace(cell, counter, ones)
print("input gate of its own:", np.asarray(counted.c[:, 0]))

coupled = jlstm.CIFGLSTMCell(hidden_size=1)
drawn = coupled.init(jax.random.key(0), input_size=2)
always = jnp.array([[0.0], [10.0], [10.0]])  # i = f = 1/2, a candidate of 1, shown
half = drawn._replace(w_ih=0 * drawn.w_ih, w_hh=0 * drawn.w_hh, b=always)
_, (held, _) = jlstm.trace(coupled, half, ones)
print("coupled, never beyond 1:", np.asarray(held.c[:, 0]))
