# %% [markdown]
# # The forget gate: what to keep
#
# $$f_t = \sigma(W_f\,[h_{t-1}, x_t] + b_f)$$
#
# The sigmoid gives a number between 0 and 1 for each unit of the cell state: 0 erases
# it, 1 keeps it whole. The LSTM of 1997 had no such gate. Its cell state could only be
# added to; nothing ever left it, so over a long stream it drifted until its tanh
# saturated. Gers, Schmidhuber and Cummins (2000) added the gate.
#
# A gate that stays at $f$ keeps $f^k$ after $k$ steps. What is kept decays to 37 %
# in $-1/\ln f$ steps:

# %%
import jax
import jax.numpy as jnp
import numpy as np

import jlstm

np.set_printoptions(precision=2, suppress=True)

for bias in (0.0, 1.0, 3.0, 5.0):
    f = float(jax.nn.sigmoid(bias))
    print(f"bias {bias:.0f}: f = {f:.3f}, {-1 / jnp.log(f):6.1f} steps")

# %% [markdown]
# At the start of training the weights are small and the **forget bias** decides. With
# 0, half is lost in every step. That is why Keras and Haiku start it at 1, and jlstm
# does (Jozefowicz et al., 2015). PyTorch and Equinox draw it around 0, Flax sets it to
# 0 (read in Keras 3.15, Haiku 0.0.17, PyTorch 2.13, Equinox 0.13, Flax 0.12). It is
# also why `Chrono(T)` draws it such that the units remember
# over all ranges up to $T$ steps (Tallec and Ollivier, 2018).
#
# ## A gate that is told when to erase
#
# The gate sees the input, so a network can forget *when something happens*. By hand:
# one unit that adds up its first input and erases when the second one is 1. Every gate
# that is not needed is held open or shut by a large bias.

# %%
cell = jlstm.LSTMCell(hidden_size=1, forget_bias=0.0, activation="identity")
i, f, g, o = range(4)
w_ih = jnp.zeros((2, 4, 1)).at[0, g].set(1.0).at[1, f].set(-20.0)
b = jnp.zeros((4, 1)).at[jnp.array([i, f, o]), 0].set(10.0)
params = jlstm.LSTMParams(w_ih, jnp.zeros((1, 4, 1)), b)

added = jnp.array([1.0, 1.0, 1.0, 0.0, 2.0, 2.0, 0.0])
erase = jnp.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
_, (carries, gates) = jlstm.trace(cell, params, jnp.stack([added, erase], axis=1))
print("forget gate", np.asarray(gates.f[:, 0]))
print("cell state ", np.asarray(carries.c[:, 0]))

# %%
from jlstm.analysis.plots import plot_steps

labels = [f"+{int(a)}" if not e else "erase" for a, e in zip(added, erase, strict=True)]
plot = plot_steps(
    {"forget gate": {"": gates.f[:, 0]}, "cell state": {"": carries.c[:, 0]}}, labels
)
plot

# %% [markdown]
# The cell state climbs with what is added, 1, 2, 3, falls to 0 in the step whose forget
# gate is 0, and climbs again.
#
# ## $W_f$ in the arrays, and a gate that reads the past
#
# In that example the gate read the input alone. The equation has $h_{t-1}$ in it too:
# a cell with drawn weights reads both. jlstm keeps the weights of all four gates in one
# array each for the input and for $h$, with the gate as the middle axis, in the order
# $i, f, g, o$. The matrix $W_f$ of the equation is made of them in one line:

# %%
drawn = jlstm.LSTMCell(hidden_size=3).init(jax.random.key(0), input_size=2)
W_f = jnp.concatenate([drawn.w_hh[:, f], drawn.w_ih[:, f]]).T
b_f = drawn.b[f]
print("w_ih", drawn.w_ih.shape, " w_hh", drawn.w_hh.shape, " W_f", W_f.shape)

xs = jax.random.normal(jax.random.key(1), (6, 2))
_, (states, by_cell) = jlstm.trace(jlstm.LSTMCell(3), drawn, xs)
h_before, x = states.h[4], xs[5]
f_t = jax.nn.sigmoid(W_f @ jnp.concatenate([h_before, x]) + b_f)
without_past = jax.nn.sigmoid(W_f @ jnp.concatenate([0 * h_before, x]) + b_f)
print("by the equation", np.asarray(f_t))
print("by the cell    ", np.asarray(by_cell.f[5]))
print("without h      ", np.asarray(without_past))

# %% [markdown]
# The last line differs: the gate does read the past.
