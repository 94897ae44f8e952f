// The negative log-likelihood of targets under a softmax of affine logits.
//
// The logits of a panel of columns are made, used and, for the backward pass, kept in
// the layout of the panel; without a backward pass they never reach memory. Sums over
// panels are taken in a fixed order, whichever thread made which.

#pragma once

#include <cfloat>
#include <cmath>

#include "exponential.h"
#include "memory.h"
#include "packing.h"
#include "threads.h"
#include "tiles.h"

namespace {

struct Softmax {
  Index N, H, C;  // rows, features, classes
  bool tied;      // the weight is (C, H), not (H, C)
  const float *hs, *w, *b;
  const int32_t* targets;
  float *nll, *lse, *z;  // (N) (N) (panels of all rows); z may be null
};

struct SoftmaxGradients {
  const float* nll;     // of the output
  float *hs, *w, *b;    // hs and w may be null
};

// From the least number rather than from -infinity, whose difference to itself is NaN.
INLINE float most(V v) {
  float m = -FLT_MAX;
  for (int l = 0; l < L; ++l) m = v[l] > m ? v[l] : m;
  return m;
}
INLINE float total(V v) {
  float s = 0.0f;
  for (int l = 0; l < L; ++l) s += v[l];
  return s;
}
INLINE V exponential_below_one(V x) {
  Exponential e = exponential(between(x, -87.0f, 0.0f));
  return e.scale * e.rest + e.scale;
}

// Rows k0 ... k1 of the panel of group g of a (K, columns) matrix, or of its transpose.
void pack_columns(const float* w, bool transposed, Index K, Index columns,
                  const Groups& groups, Index g, Index k0, Index k1, float* out) {
  Index j = groups.begin(g) * L, vectors = groups.size(g);
  if (transposed) return pack_transposed(w, columns, K, j, vectors, k0, k1, out);
  for (Index k = k0; k < k1; ++k)
    for (Index v = 0; v < vectors; ++v, out += L)
      store(out, load(w + k * columns + j + v * L, columns - j - v * L));
}

class SoftmaxForward {
 public:
  SoftmaxForward(const Softmax& q, Team& team)
      : q_(q),
        team_(team),
        groups_(divide_up(q.C, L)),
        scratch_(team.size() * (q.H + 1) * MOST_VECTORS * L + 2 * groups_.count * q.N +
                 Scratch::padded(q.N) + 64) {
    panels_ = scratch_.take(team.size() * (q.H + 1) * MOST_VECTORS * L);
    largest_ = scratch_.take(groups_.count * q.N);
    sums_ = scratch_.take(groups_.count * q.N);
    chosen_ = scratch_.take(q.N);
  }

  void run() {
    std::fill_n(chosen_, q_.N, NAN);  // of a target that there is not
    team_.each(groups_.count, [&](Index g, int worker) {
      group(g, panels_ + worker * (q_.H + 1) * MOST_VECTORS * L);
    });
    // By one thread, in one order: the bits are the same in every run.
    for (Index m = 0; m < q_.N; ++m) {
      float peak = -FLT_MAX, sum = 0.0f;
      for (Index g = 0; g < groups_.count; ++g)
        peak = std::max(peak, largest_[g * q_.N + m]);
      for (Index g = 0; g < groups_.count; ++g)
        sum += sums_[g * q_.N + m] * std::exp(largest_[g * q_.N + m] - peak);
      q_.lse[m] = peak + std::log(sum);
      q_.nll[m] = q_.lse[m] - chosen_[m];
    }
  }

 private:
  void group(Index g, float* panel) {
    Index j = groups_.begin(g) * L, vectors = groups_.size(g);
    float* bias = panel + q_.H * vectors * L;
    pack_columns(q_.w, q_.tied, q_.H, q_.C, groups_, g, 0, q_.H, panel);
    for (Index i = 0; i < vectors * L; ++i)
      // A column that there is not weighs nothing.
      bias[i] = j + i >= q_.C ? -INFINITY : q_.b ? q_.b[j + i] : 0.0f;
    for (Index first = 0; first < q_.N; first += ROWS) {
      Product product(std::min(ROWS, q_.N - first), vectors);
      for (Index r = 0; r < product.rows; ++r)
        std::copy_n(bias, vectors * L, product.z + r * vectors * L);
      product.add(q_.hs + first * q_.H, q_.H, q_.H, panel);
      for (Index r = 0; r < product.rows; ++r)
        finish(g, first + r, product.z + r * vectors * L);
    }
  }

  void finish(Index g, Index m, const float* z) {
    Index j = groups_.begin(g) * L, vectors = groups_.size(g);
    V high = load(z), sum{};
    for (Index v = 1; v < vectors; ++v) {
      V next = load(z + v * L);
      high = next > high ? next : high;
    }
    float peak = most(high);
    for (Index v = 0; v < vectors; ++v)
      sum += exponential_below_one(load(z + v * L) - peak);
    largest_[g * q_.N + m] = peak;
    sums_[g * q_.N + m] = total(sum);
    Index at = target(q_, m) - j;
    if (at >= 0 && at < vectors * L) chosen_[m] = z[at];
    if (q_.z) std::copy_n(z, vectors * L, q_.z + (j * q_.N + m * vectors * L));
  }

 public:
  // A target that there is not is in no panel.
  static Index target(const Softmax& q, Index m) {
    Index t = q.targets[m];
    return t >= 0 && t < q.C ? t : INT32_MIN;
  }

 private:
  const Softmax& q_;
  Team& team_;
  Groups groups_;
  Scratch scratch_;
  float *panels_, *largest_, *sums_, *chosen_;
};

// Some groups of columns at a time: the gradients of their logits and weights, and their
// share of the gradient of the features while the logits are still near.
class SoftmaxBackward {
 public:
  SoftmaxBackward(const Softmax& q, const SoftmaxGradients& d, Team& team)
      : q_(q),
        d_(d),
        team_(team),
        groups_(divide_up(q.C, L)),
        features_(divide_up(q.H, L)),
        parts_(std::clamp<Index>(2 * team.size() / features_.count, 1,
                                 divide_up(q.N, ROWS))),
        piece_(std::max(q.H, AT_ONCE * MOST_VECTORS * L) * MOST_VECTORS * L),
        scratch_(team.size() * piece_ + features_.vectors * L * q.N +
                 2 * (team.size() + 1) * (q.N + AHEAD) + 256) {
    pieces_ = scratch_.take(team.size() * piece_);
    hs_ = scratch_.take(features_.vectors * L * q.N);
    h_rows_ = reinterpret_cast<const float**>(scratch_.take(2 * (q.N + AHEAD)));
    z_rows_ = reinterpret_cast<const float**>(
        scratch_.take(2 * team.size() * (q.N + AHEAD)));
  }

  void run() {
    if (q_.N == 0) return clear();
    for (Index m = 0; m < q_.N + AHEAD; ++m)
      h_rows_[m] = q_.hs + std::min(m, q_.N - 1) * q_.H;
    if (q_.tied && d_.w)
      for (Index f = 0; f < features_.count; ++f)
        pack_columns(q_.hs, false, q_.N, q_.H, features_, f, 0, q_.N,
                     hs_ + features_.begin(f) * L * q_.N);
    for (Index first = 0; first < groups_.count; first += AT_ONCE) {
      Index stop = std::min(first + AT_ONCE, groups_.count);
      team_.each(stop - first, [&](Index i, int worker) {
        logits(first + i);
        if (d_.w) weights(first + i, worker);
      });
      if (d_.hs)
        team_.each(features_.count * parts_, [&](Index i, int worker) {
          features(i / parts_, i % parts_, first, stop, pieces_ + worker * piece_);
        });
    }
  }

 private:
  // Groups whose logits stay in the outer cache between the two products that read
  // them.
  static constexpr Index AT_ONCE = 16;

  void clear() {
    if (d_.w) std::fill_n(d_.w, q_.H * q_.C, 0.0f);
    if (d_.b) std::fill_n(d_.b, q_.C, 0.0f);
  }
  float* panel(Index g) const { return q_.z + groups_.begin(g) * L * q_.N; }
  Index columns(Index g) const {
    return std::min(groups_.size(g) * L, q_.C - groups_.begin(g) * L);
  }

  // Turns the logits of a group into their gradients, and sums these up.
  void logits(Index g) {
    Index j = groups_.begin(g) * L, vectors = groups_.size(g);
    V sum[MOST_VECTORS] = {};
    float* at = panel(g);
    for (Index m = 0; m < q_.N; ++m, at += vectors * L) {
      Index hit = SoftmaxForward::target(q_, m) - j;
      for (Index v = 0; v < vectors; ++v)
        store(at + v * L,
              exponential_below_one(load(at + v * L) - q_.lse[m]) * d_.nll[m]);
      if (hit >= 0 && hit < columns(g)) at[hit] -= d_.nll[m];
      for (Index v = 0; v < vectors; ++v) sum[v] += load(at + v * L);
    }
    if (d_.b)
      for (Index v = 0; v < vectors; ++v)
        store(d_.b + j + v * L, sum[v], columns(g) - v * L);
  }

  void weights(Index g, int worker) {
    Index j = groups_.begin(g) * L, vectors = groups_.size(g);
    const float* z = panel(g);
    float* sums = pieces_ + worker * piece_;
    const float** rows = z_rows_ + worker * (q_.N + AHEAD);
    if (!q_.tied) {
      product(h_rows_, q_.H, z, vectors, sums);
      copy_rows(sums, vectors, q_.H, columns(g), d_.w + j, q_.C);
      return;
    }
    for (Index m = 0; m < q_.N + AHEAD; ++m)
      rows[m] = z + std::min(m, q_.N - 1) * vectors * L;
    for (Index f = 0; f < features_.count; ++f) {
      Index u = features_.begin(f) * L, wide = features_.size(f);
      product(rows, columns(g), hs_ + u * q_.N, wide, sums);
      copy_rows(sums, wide, columns(g), q_.H - u, d_.w + j * q_.H + u, q_.H);
    }
  }

  // sums = x^T panel over all rows, without gaps.
  void product(const float* const* x, Index count, const float* panel, Index vectors,
               float* sums) {
    Index wide = vectors * L;
    for (Index k = 0; k < q_.N; k += STRETCH)
      accumulate(x + k, 0, count, std::min(STRETCH, q_.N - k), panel + k * wide, vectors,
                 wide, k == 0, sums, wide);
  }

  static void copy_rows(const float* from, Index vectors, Index count, Index n,
                        float* to, Index stride) {
    for (Index i = 0; i < count; ++i, to += stride)
      for (Index v = 0; v < vectors; ++v, from += L)
        store(to + v * L, load(from), n - v * L);
  }

  // Adds what groups first ... stop say about some features of some rows.
  void features(Index f, Index part, Index first, Index stop, float* packed) {
    Index k0 = groups_.begin(first) * L, k1 = std::min(groups_.begin(stop) * L, q_.C);
    pack_columns(q_.w, !q_.tied, q_.C, q_.H, features_, f, k0, k1, packed);
    Index m0 = q_.N * part / parts_, m1 = q_.N * (part + 1) / parts_;
    for (Index m = m0; m < m1; m += ROWS) rows_of_features(f, first, stop, m, m1, packed);
  }

  void rows_of_features(Index f, Index first, Index stop, Index m, Index m1,
                        const float* packed) {
    Index u = features_.begin(f) * L, wide = features_.size(f);
    Index k0 = groups_.begin(first) * L;
    Product sum(std::min(ROWS, m1 - m), wide);
    for (Index g = first; g < stop; ++g) {
      Index stride = groups_.size(g) * L;
      sum.add(panel(g) + m * stride, stride, columns(g),
              packed + (groups_.begin(g) * L - k0) * wide * L);
    }
    for (Index r = 0; r < sum.rows; ++r)
      for (Index v = 0; v < wide; ++v) {
        float* at = d_.hs + (m + r) * q_.H + u + v * L;
        Index n = q_.H - u - v * L;
        V share = load(sum.z + (r * wide + v) * L);
        store(at, first == 0 ? share : share + load(at, n), n);
      }
  }

  const Softmax& q_;
  const SoftmaxGradients& d_;
  Team& team_;
  Groups groups_, features_;
  Index parts_, piece_;
  Scratch scratch_;
  float *pieces_, *hs_;
  const float **h_rows_, **z_rows_;
};

}  // namespace
