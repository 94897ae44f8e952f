// A sequence backward.

#pragma once

#include "cells.h"
#include "memory.h"
#include "threads.h"
#include "tiles.h"

namespace {

template <class Cell>
class Backward {
 public:
  Backward(const Sequence& q, const Gradients& d, Team& team)
      : q_(q),
        d_(d),
        team_(team),
        split_(q, team.size(), G),
        units_(divide_up(q.H, L)),
        inputs_(divide_up(q.I, L)),
        columns_(divide_up(q.H, L)),
        scratch_(divide_up(q.H, L) * L * G * q.H + divide_up(q.I, L) * L * 4 * q.H +
                 Scratch::padded(q.B * q.H) * 2 + 4 * (q.T * q.B + AHEAD) +
                 team.size() * DEPTH * 4 * L + 1024) {
    w_hh_ = scratch_.take(units_.vectors * L * G * q.H);
    w_ih_ = scratch_.take(inputs_.vectors * L * 4 * q.H);
    dc_ = scratch_.take(q.B * q.H);
    hold_ = scratch_.take(q.B * q.H);
    x_rows_ = reinterpret_cast<const float**>(scratch_.take(2 * (q.T * q.B + AHEAD)));
    h_rows_ = reinterpret_cast<const float**>(scratch_.take(2 * (q.T * q.B + AHEAD)));
    panels_ = scratch_.take(team.size() * DEPTH * 4 * L);
    holds_ = Cell::always_holds || q.live;
  }

  void run() {
    if (q_.T * q_.B == 0) return hold();
    prepare();
    recur();
    products();
  }

 private:
  static constexpr int G = Cell::gates;
  // Rows of dz that are packed at a time. The sums go to memory and back after each
  // piece: with pieces of 192, which the nearest cache holds, a pass took 252 ms at
  // H = 1500, with these 242, and no size got slower.
  static constexpr Index DEPTH = 704;

  // Without a step, only the carry passes a gradient on.
  void hold() {
    Index carry = q_.B * q_.H;
    clear(d_.w_ih, q_.I * G * q_.H);
    clear(d_.w_hh, q_.H * G * q_.H);
    clear(d_.b, G * q_.H);
    clear(d_.b_hn, q_.H);
    clear(d_.h0, carry);
    clear(d_.fresh_h, carry);
    clear(d_.fresh_c, carry);
    if (Cell::has_c) std::copy_n(d_.c, carry, d_.c0);
  }
  static void clear(float* numbers, Index count) {
    if (numbers) std::fill_n(numbers, count, 0.0f);
  }

  void prepare() {
    Index n = q_.B * q_.H;
    std::fill_n(hold_, n, 0.0f);
    if (Cell::has_c) std::copy_n(d_.c, n, dc_);
    clear(d_.fresh_h, n);
    clear(d_.fresh_c, n);
    Index wide = G * q_.H, groups = units_.count;
    team_.each(groups + (d_.xs ? inputs_.count : 0), [&](Index i, int) {
      if (i < groups)
        pack_transposed(q_.w_hh, q_.H, wide, units_.begin(i) * L, units_.size(i), 0,
                        wide, w_hh_ + units_.begin(i) * L * wide);
      else
        pack_transposed(q_.w_ih, q_.I, wide, inputs_.begin(i - groups) * L,
                        inputs_.size(i - groups), 0, wide,
                        w_ih_ + inputs_.begin(i - groups) * L * wide);
    });
  }

  void recur() {
    if (split_.by_units) {
      team_.phases(q_.T + 1, units_.count,
                   [&](Index p, Index g) { phase(p, g, 0, q_.B); });
      return;
    }
    team_.each(split_.blocks, [&](Index block, int) {
      Index m0 = q_.B * block / split_.blocks, m1 = q_.B * (block + 1) / split_.blocks;
      for (Index p = 0; p <= q_.T; ++p)
        for (Index g = 0; g < units_.count; ++g) phase(p, g, m0, m1);
    });
  }

  // Phase p takes the gradient of the carry before step T - p and goes back through
  // the step before that; the last one hands it to the start.
  void phase(Index p, Index group, Index m0, Index m1) {
    Index s = q_.T - 1 - p, wide = G * q_.H;
    Index j0 = units_.begin(group), N = units_.size(group);
    const float* w = w_hh_ + j0 * L * wide;
    for (Index first = m0; first < m1; first += ROWS) {
      Product product(std::min(ROWS, m1 - first), N);
      if (p > 0)
        product.add(d_.dz + (q_.step(s + 1) * q_.B + first) * 4 * q_.H, 4 * q_.H, wide,
                    w);
      for (Index r = 0; r < product.rows; ++r)
        for (Index v = 0; v < N; ++v)
          back(s, first + r, (j0 + v) * L, load(product.z + (r * N + v) * L));
    }
  }

  // Goes back through step s for L units of a row; dh is the gradient of h after it
  // that came by way of the pre-activations of the step that follows.
  INLINE void back(Index s, Index m, Index u, V dh) {
    Index n = std::min<Index>(L, q_.H - u), at = m * q_.H + u;
    float *dc_at = dc_ + at, *hold_at = hold_ + at;
    V dc{}, hold{};
    if (holds_) dh += load(hold_at, n);
    if (Cell::has_c) dc = load(dc_at, n);
    // The step that follows started from the fresh carry: what arrives belongs to that.
    if (s < q_.T - 1 && q_.is_reset(q_.step(s + 1), m)) {
      store(d_.fresh_h + at, load(d_.fresh_h + at, n) + dh, n);
      if (Cell::has_c) store(d_.fresh_c + at, load(d_.fresh_c + at, n) + dc, n);
      dh = dc = V{};
    }
    if (s < 0) {
      store(d_.h0 + at, dh, n);
      if (Cell::has_c) store(d_.c0 + at, dc, n);
      return;
    }
    Index t = q_.step(s);
    dh += load(d_.hs + (t * q_.B + m) * q_.H + u, n);
    if (q_.is_live(t, m)) {
      Cell::backward(q_, d_, t, s, m, u, n, dh, dc, hold);
    } else {
      float* dz = d_.dz + (t * q_.B + m) * 4 * q_.H + u;
      for (int k = 0; k < 4; ++k) store(dz + k * q_.H, V{}, n);
      hold = dh;
    }
    if (holds_) store(hold_at, hold, n);
    if (Cell::has_c) store(dc_at, dc, n);
  }

  // The gradients of the inputs, the weights and the biases: products over all steps.
  void products() {
    // Rows by pointers: the shift by one step, resets and reversed time cost no copy.
    // The tables are longer than the rows, since the tiles fetch ahead.
    Index rows = q_.T * q_.B;
    for (Index s = 0; s < q_.T; ++s)
      for (Index m = 0; m < q_.B; ++m) {
        Index row = q_.step(s) * q_.B + m;
        x_rows_[row] = q_.xs + row * q_.I;
        h_rows_[row] = q_.h_before(s, m);
      }
    for (Index i = 0; i < AHEAD; ++i) {
      x_rows_[rows + i] = q_.xs;
      h_rows_[rows + i] = q_.hs;
    }
    Index columns = columns_of_dz(), blocks = d_.xs ? divide_up(rows, ROWS) : 0;
    // Two tasks per thread at least: one that is late leaves little to wait for.
    Index parts = d_.w_hh ? std::max<Index>(1, 2 * team_.size() / columns) : 0;
    team_.each(columns * parts + blocks, [&](Index i, int worker) {
      if (i < columns * parts)
        weights(i / parts, i % parts, parts, panels_ + worker * DEPTH * 4 * L);
      else
        inputs((i - columns * parts) * ROWS,
               std::min(rows, (i - columns * parts + 1) * ROWS));
    });
  }

  Index columns_of_dz() const { return 4 * columns_.count; }

  // A group of columns within one of the four blocks of dz, and what it belongs to.
  void weights(Index column, Index part, Index parts, float* panel) {
    Index block = column / columns_.count, group = column % columns_.count;
    Index u = columns_.begin(group) * L;
    Index n = std::min(columns_.size(group) * L, q_.H - u);
    // The blocks of a GRU are r, z, n of w_hh, n of w_ih.
    bool to_input = Cell::has_c || block != 2, to_hidden = Cell::has_c || block != 3;
    Index gate = std::min<Index>(block, G - 1), wide = G * q_.H;
    float* bias = to_input ? (d_.b ? d_.b + gate * q_.H + u : nullptr)
                           : (d_.b_hn ? d_.b_hn + u : nullptr);
    Index rows = q_.T * q_.B;
    Index N = columns_.size(group);
    V sum[MOST_VECTORS] = {};
    for (Index k = 0; k < rows; k += DEPTH) {
      Index depth = std::min(DEPTH, rows - k);
      const float* dz = d_.dz + k * 4 * q_.H + block * q_.H + u;
      for (Index i = 0; i < depth; ++i, dz += 4 * q_.H)
        for (Index v = 0; v < N; ++v) {
          V value = load(dz + v * L, n - v * L);
          sum[v] += value;
          store(panel + (i * N + v) * L, value);
        }
      auto add = [&](const float* const* x, Index count, float* out) {
        Index first = count * part / parts, stop = count * (part + 1) / parts;
        accumulate(x + k, first, stop, depth, panel, N, n, k == 0,
                   out + gate * q_.H + u, wide);
      };
      if (to_input) add(x_rows_, q_.I, d_.w_ih);
      if (to_hidden) add(h_rows_, q_.H, d_.w_hh);
    }
    if (bias && part == 0)
      for (Index v = 0; v < N; ++v) store(bias + v * L, sum[v], n - v * L);
  }

  // d_xs = dz w_ih^T for some rows of all steps.
  void inputs(Index first, Index stop) {
    Index wide = G * q_.H, head = Cell::has_c ? wide : 2 * q_.H;
    for (Index group = 0; group < inputs_.count; ++group) {
      Index i = inputs_.begin(group) * L, n = std::min(inputs_.size(group) * L, q_.I - i);
      Index N = inputs_.size(group);
      const float *w = w_ih_ + i * wide, *dz = d_.dz + first * 4 * q_.H;
      Product product(stop - first, N);
      product.add(dz, 4 * q_.H, head, w);
      if (!Cell::has_c)
        product.add(dz + 3 * q_.H, 4 * q_.H, q_.H, w + head * N * L);
      for (Index r = 0; r < product.rows; ++r)
        for (Index v = 0; v < N; ++v)
          store(d_.xs + (first + r) * q_.I + i + v * L,
                load(product.z + (r * N + v) * L), n - v * L);
    }
  }

  const Sequence& q_;
  const Gradients& d_;
  Team& team_;
  Split split_;
  Groups units_, inputs_, columns_;
  Scratch scratch_;
  float *w_hh_, *w_ih_, *dc_, *hold_, *panels_;
  const float **x_rows_, **h_rows_;
  bool holds_;
};

}  // namespace
