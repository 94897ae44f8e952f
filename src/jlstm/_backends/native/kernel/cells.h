// How a tile of pre-activations becomes a carry, and the way back.

#pragma once

#include "sequence.h"

namespace {

// A cell says how a tile of pre-activations becomes a carry, for L units from `u` on
// and R rows, and the way back. `n` of the L units exist.

struct Lstm {
  static constexpr int gates = 4;
  static constexpr bool has_c = true;
  static constexpr bool always_holds = false;

  static INLINE void forward(const Sequence& q, Index t, Index s, Index m, Index u,
                             Index n, const float* z, const float*,
                             const float* h_old) {
    Index row = t * q.B + m;
    float* c_row = q.c + m * q.H + u;
    // q.c holds the last cell state only: those of all steps are written where a
    // backward pass will read them.
    const float* c_from = q.is_reset(t, m) ? q.fresh_c + m * q.H + u
                          : s == 0         ? q.c0 + m * q.H + u
                                           : c_row;
    V c = load(c_from, n), h;
    V i = sigmoid(load(z)), f = sigmoid(load(z + L)),
      g = hyperbolic_tangent(load(z + 2 * L)), o = sigmoid(load(z + 3 * L));
    if (q.is_live(t, m)) {
      c = f * c + i * g;
      h = o * hyperbolic_tangent(c);
    } else {
      h = load(h_old + u, n);
    }
    store(c_row, c, n);
    store(q.hs + row * q.H + u, h, n);
    if (q.kept) {
      store(q.cs + row * q.H + u, c, n);
      float* kept = q.kept + row * 4 * q.H + u;
      store(kept, i, n);
      store(kept + q.H, f, n);
      store(kept + 2 * q.H, g, n);
      store(kept + 3 * q.H, o, n);
    }
  }

  // dh is the gradient of the new h; returns what of it h before the step receives
  // next to what passes through the pre-activations.
  static INLINE void backward(const Sequence& q, const Gradients& d, Index t, Index s,
                              Index m, Index u, Index n, V dh, V& dc, V&) {
    Index row = t * q.B + m;
    const float* kept = q.kept + row * 4 * q.H + u;
    V i = load(kept, n), f = load(kept + q.H, n), g = load(kept + 2 * q.H, n),
      o = load(kept + 3 * q.H, n);
    // Computed again: to keep it would be one more array to write and read.
    V shown = hyperbolic_tangent(load(q.cs + row * q.H + u, n));
    V c_old = load(q.c_before(s, m) + u, n);
    dc += dh * o * (1.0f - shown * shown);
    // dz is the memory of kept: all that is read of it stands above.
    float* dz = d.dz + row * 4 * q.H + u;
    store(dz, dc * g * i * (1.0f - i), n);
    store(dz + q.H, dc * c_old * f * (1.0f - f), n);
    store(dz + 2 * q.H, dc * i * (1.0f - g * g), n);
    store(dz + 3 * q.H, dh * shown * o * (1.0f - o), n);
    dc = dc * f;
  }
};

// Keeps r, z, n and the recurrent share of the candidate; the gradients of the
// pre-activations are in the order r, z, recurrent share of n, input share of n.
struct Gru {
  static constexpr int gates = 3;
  static constexpr bool has_c = false;
  static constexpr bool always_holds = true;

  static INLINE void forward(const Sequence& q, Index t, Index, Index m, Index u,
                             Index n, const float* z, const float* projected,
                             const float* h_old) {
    Index row = t * q.B + m;
    V h = load(h_old + u, n);
    V reset = sigmoid(load(z)), update = sigmoid(load(z + L));
    V recurrent = load(z + 2 * L);
    V candidate = hyperbolic_tangent(load(projected + 2 * L) + reset * recurrent);
    if (q.is_live(t, m)) h = (1.0f - update) * candidate + update * h;
    store(q.hs + row * q.H + u, h, n);
    if (q.kept) {
      float* kept = q.kept + row * 4 * q.H + u;
      store(kept, reset, n);
      store(kept + q.H, update, n);
      store(kept + 2 * q.H, candidate, n);
      store(kept + 3 * q.H, recurrent, n);
    }
  }

  static INLINE void backward(const Sequence& q, const Gradients& d, Index t, Index s,
                              Index m, Index u, Index n, V dh, V&, V& direct) {
    Index row = t * q.B + m;
    const float* kept = q.kept + row * 4 * q.H + u;
    V reset = load(kept, n), update = load(kept + q.H, n),
      candidate = load(kept + 2 * q.H, n), recurrent = load(kept + 3 * q.H, n);
    V h_old = load(q.h_before(s, m) + u, n);
    // dz is the memory of kept here too.
    V d_candidate = dh * (1.0f - update) * (1.0f - candidate * candidate);
    float* dz = d.dz + row * 4 * q.H + u;
    store(dz, d_candidate * recurrent * reset * (1.0f - reset), n);
    store(dz + q.H, dh * (h_old - candidate) * update * (1.0f - update), n);
    store(dz + 2 * q.H, d_candidate * reset, n);
    store(dz + 3 * q.H, d_candidate, n);
    direct = dh * update;
  }
};

}  // namespace
