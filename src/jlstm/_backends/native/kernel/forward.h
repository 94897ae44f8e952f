// A sequence forward.

#pragma once

#include "cells.h"
#include "memory.h"
#include "threads.h"
#include "tiles.h"

namespace {

template <class Cell>
class Forward {
 public:
  Forward(const Sequence& q, Team& team)
      : q_(q),
        team_(team),
        split_(q, team.size(), G),
        panels_(divide_up(q.H, L)),
        rows_(divide_up(q.B, split_.blocks) * split_.steps),
        projected_(Scratch::padded(panels_ * rows_ * G * L)),
        scratch_(panels_ * (q.I + q.H + 2) * G * L + 64 + projected_ * copies()) {
    w_ih_ = scratch_.take(panels_ * q.I * G * L);
    w_hh_ = scratch_.take(panels_ * q.H * G * L);
    b_ = scratch_.take(panels_ * G * L);
    b_hn_ = scratch_.take(panels_ * L);
    zx_ = scratch_.take(projected_ * copies());
  }

  void run() {
    if (q_.T * q_.B == 0) return hold();
    team_.each(panels_, [&](Index u, int) { pack(u); });
    Index chunk = split_.steps + 1;
    Index count = q_.T + divide_up(q_.T, split_.steps);
    if (split_.by_units) {
      // A unit reads the hidden state of all: a phase begins when the last has ended.
      team_.phases(count, panels_, [&](Index p, Index u) {
        phase(p / chunk, p % chunk, u, 0, q_.B, zx_);
      });
      return;
    }
    team_.each(split_.blocks, [&](Index block, int worker) {
      Index m0 = q_.B * block / split_.blocks, m1 = q_.B * (block + 1) / split_.blocks;
      for (Index p = 0; p < count; ++p)
        for (Index u = 0; u < panels_; ++u)
          phase(p / chunk, p % chunk, u, m0, m1, zx_ + worker * projected_);
    });
  }

 private:
  static constexpr int G = Cell::gates;

  // After no step the carry is what it was.
  void hold() {
    if (Cell::has_c) std::copy_n(q_.c0, q_.B * q_.H, q_.c);
  }

  // Threads with rows of their own project for these; else all read one projection.
  Index copies() const { return split_.by_units ? 1 : team_.size(); }

  void pack(Index u) {
    pack_gates<G>(q_.w_ih, q_.I, q_.H, u, w_ih_);
    pack_gates<G>(q_.w_hh, q_.H, q_.H, u, w_hh_);
    Index n = std::min<Index>(L, q_.H - u * L);
    for (int g = 0; g < G; ++g)
      store(b_ + (u * G + g) * L, q_.b ? load(q_.b + g * q_.H + u * L, n) : V{});
    store(b_hn_ + u * L, q_.b_hn ? load(q_.b_hn + u * L, n) : V{});
  }

  // Of every chunk of steps the first phase projects the input, the others are steps.
  void phase(Index chunk, Index part, Index u, Index m0, Index m1, float* zx) {
    Index first = chunk * split_.steps;
    zx += u * rows_ * G * L;
    if (part == 0)
      project(first, std::min(first + split_.steps, q_.T), u, m0, m1, zx);
    else
      step(first + part - 1, u, m0, m1, zx + (part - 1) * (m1 - m0) * G * L);
  }

  void project(Index s0, Index s1, Index u, Index m0, Index m1, float* zx) {
    Index rows = m1 - m0;
    for_tiles((s1 - s0) * rows, G, [&](Index j, Index R) {
      const float* x[MOST_ROWS] = {};
      float* z = zx + j * G * L;
      for (Index r = 0; r < R; ++r) {
        Index t = q_.step(s0 + (j + r) / rows), m = m0 + (j + r) % rows;
        x[r] = q_.xs + (t * q_.B + m) * q_.I;
        std::copy_n(b_ + u * G * L, G * L, z + r * G * L);  // sums begin with the bias
      }
      multiply(R, G, x, q_.I, w_ih_ + u * q_.I * G * L, z);
    });
  }

  void step(Index s, Index u, Index m0, Index m1, const float* zx) {
    Index t = q_.step(s), n = std::min<Index>(L, q_.H - u * L);
    for_tiles(m1 - m0, G, [&](Index j, Index R) {
      const float* h[MOST_ROWS] = {};
      Tile tile;
      std::copy_n(zx + j * G * L, R * G * L, tile.z);
      for (Index r = 0; r < R; ++r) {
        h[r] = q_.h_before(s, m0 + j + r);
        // The recurrent share of a GRU's candidate does not join that of the input.
        if (!Cell::has_c) std::copy_n(b_hn_ + u * L, L, tile.z + (r * G + 2) * L);
      }
      multiply(R, G, h, q_.H, w_hh_ + u * q_.H * G * L, tile.z);
      for (Index r = 0; r < R; ++r)
        Cell::forward(q_, t, s, m0 + j + r, u * L, n, tile.z + r * G * L,
                      zx + (j + r) * G * L, h[r]);
    });
  }

  const Sequence& q_;
  Team& team_;
  Split split_;
  Index panels_, rows_, projected_;
  Scratch scratch_;
  float *w_ih_, *w_hh_, *b_, *b_hn_, *zx_;
};

}  // namespace
