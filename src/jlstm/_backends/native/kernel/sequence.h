// A sequence as the kernel sees it, and how the work on it is shared out.

#pragma once

#include <algorithm>
#include "packing.h"

namespace {

// A sequence as the kernel sees it; a null pointer stands for what is absent.
struct Sequence {
  Index T, B, I, H;
  bool reverse;
  const float *xs, *w_ih, *w_hh, *b, *b_hn;  // (T,B,I) (I,G,H) (H,G,H) (G,H) (H)
  const float *h0, *c0, *fresh_h, *fresh_c;  // (B,H)
  const bool *live, *resets;                 // (T,B)
  float *hs, *c, *cs, *kept;                 // (T,B,H) (B,H) (T,B,H) (T,B,4,H)

  // The step that is consumed s-th.
  Index step(Index s) const { return reverse ? T - 1 - s : s; }
  bool is_live(Index t, Index m) const { return !live || live[t * B + m]; }
  bool is_reset(Index t, Index m) const { return resets && resets[t * B + m]; }

  // What row m holds before the step that is consumed s-th.
  const float* before(const float* first, const float* fresh, const float* all,
                      Index s, Index m) const {
    if (is_reset(step(s), m)) return fresh + m * H;
    return s == 0 ? first + m * H : all + (step(s - 1) * B + m) * H;
  }
  const float* h_before(Index s, Index m) const {
    return before(h0, fresh_h, hs, s, m);
  }
  const float* c_before(Index s, Index m) const {
    return before(c0, fresh_c, cs, s, m);
  }
};

struct Gradients {
  const float *hs, *c;                       // of the outputs: (T,B,H) (B,H)
  float* dz;                                 // of the pre-activations: (T,B,4,H)
  float *xs, *w_ih, *w_hh, *b, *b_hn;        // as in Sequence; xs may be null
  float *h0, *c0, *fresh_h, *fresh_c;        // (B,H)
};

// How the work of the recurrence is shared out.
struct Split {
  bool by_units;
  Index blocks, steps;  // blocks of rows; steps that are projected together

  // Few rows leave the registers of a tile empty, and each thread would read the whole
  // weight at every step; sharing out units, each reads its part alone, but all wait for
  // each other. That pays above half a megabyte of weights. 48 rows are a few tiles, and
  // their projections stay in a cache until they are read.
  Split(const Sequence& q, int threads, int gates) {
    constexpr Index rows_at_once = 48;
    Index weights = gates * q.H * q.H * sizeof(float);
    by_units = threads > 1 && q.B < 8 * threads && weights >= (Index{1} << 19);
    blocks = by_units || q.B == 0 ? 1
                      : std::max(std::min<Index>(threads, q.B),
                                 divide_up(q.B, rows_at_once));
    Index rows = divide_up(q.B, blocks);
    steps = std::clamp<Index>(rows_at_once / std::max<Index>(rows, 1), 1,
                              std::max<Index>(q.T, 1));
  }
};

}  // namespace
