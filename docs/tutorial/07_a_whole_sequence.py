# %% [markdown]
# # A whole sequence: the step, scanned
#
# A cell is a pure function: parameters, carry and input in, the next carry out. Nothing
# is stored in it. So a sequence is `jax.lax.scan` over its steps, which compiles the
# step once, whatever the length:

# %%
from functools import partial

import jax
import jax.numpy as jnp

import jlstm

cell = jlstm.LSTMCell(hidden_size=64)
params = cell.init(jax.random.key(0), input_size=16)
xs = jax.random.normal(jax.random.key(1), (200, 32, 16))  # time, batch, features


def step(carry, zx):
    carry, _ = cell.step(params, carry, zx)
    return carry, carry.h


zxs = cell.project(params, xs)  # the input's share of all steps, as one product
carry, by_hand = jax.lax.scan(step, cell.init_carry((32,)), zxs)
_, ys = jlstm.unroll(cell, params, xs)
print("differ by", float(jnp.abs(ys - by_hand).max()))

# %% [markdown]
# `jlstm.unroll` is that loop with what real data needs, and it picks the fastest way
# that gives the same numbers. `explain` says which:

# %%
print(jlstm.explain(cell, xs=xs))

# %% [markdown]
# Sequences of unequal length stand side by side, padded. After the end of a row
# nothing counts, neither in the outputs nor in a gradient, and the carry is the one at
# the end of each row:

# %%
lengths = jnp.array([200, 120, 1, 0] * 8)
carry, padded = jlstm.unroll(cell, params, xs, lengths=lengths)
alone, _ = jlstm.unroll(cell, params, xs[:120, 1])
differ = float(jnp.abs(carry.h[1] - alone.h).max())
print("row 1, next to longer ones and alone, differ by", differ)
print("after its end:", float(jnp.abs(padded[120:, 1]).max()))

# %% [markdown]
# One step after the other is also how a network runs live. The carry is all there is to
# keep:

# %%
advance = jax.jit(partial(jlstm.unroll, cell))
carry, first = advance(params, xs[:150])
_, rest = advance(params, xs[150:], carry)
joined = jnp.concatenate([first, rest])
print("in two parts or at once:", float(jnp.abs(joined - ys).max()))

# %% [markdown]
# And as all of it is a function, `vmap` runs several *networks* side by side, here five
# seeds as one program:

# %%
keys = jax.random.split(jax.random.key(7), 5)
seeds = jax.vmap(lambda key: cell.init(key, input_size=16))(keys)
_, of_seeds = jax.vmap(lambda p: jlstm.unroll(cell, p, xs))(seeds)
print(of_seeds.shape)
