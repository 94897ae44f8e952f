// A sequence of steps of any cell, and how the work on it is shared out.

#pragma once

#include <algorithm>
#include <vector>

#include "numbers.h"
#include "packing.h"
#include "program.h"

namespace {

using program::Ref;

// A null pointer stands for what is absent.
struct Steps {
  const program::Program& cell;
  Index T, B, I, H;
  bool reverse;
  const Real* xs;                          // (T,B,I)
  std::vector<const void*> weights;         // (operand's size, vectors, H)
  Numbers numbers;                          // of all weights
  std::vector<Ref> streams, vectors, rows;  // every vector of the arrays of a kind
  std::vector<const Real*> first, fresh;   // leaves of a carry: (B,H)
  const bool *live, *resets;                // (T,B)
  std::vector<Real*> all;                  // leaves after every step: (T,B,H)
  Real* wide;                              // (T,B,width,H)

  // The step that is consumed s-th.
  Index step(Index s) const { return reverse ? T - 1 - s : s; }
  bool is_reset(Index s, Index m) const { return resets && resets[step(s) * B + m]; }
  // Of a step for a row on; null if all are live.
  const bool* live_from(Index s, Index m) const {
    return live ? live + step(s) * B + m : nullptr;
  }
  bool is_live(Index s, Index m) const { return !live || *live_from(s, m); }

  Index carries() const { return cell.carries; }
  Ref column(Index c) const {
    Index step = cell.width * H;
    return {wide ? wide + c * H : nullptr, step};
  }
  // Leaf k of all rows after step s, if it is there at every step.
  Real* after(Index k, Index s) const {
    return all[k] ? all[k] + step(s) * B * H : nullptr;
  }
  // Leaf k of row m before step s, where `previous` is that of all rows after s - 1.
  const Real* before(Index k, Index s, Index m, const Real* previous) const {
    const Real* rows = is_reset(s, m) ? fresh[k] : s == 0 ? first[k] : previous;
    return rows ? rows + m * H : nullptr;
  }
};

// What the way back is given and makes.
struct StepGradients {
  std::vector<const Real*> hs;              // of each vector of the output: (T,B,H)
  std::vector<const Real*> last;            // the other leaves after the last step
  Real* xs;                                 // as in Steps, and any may be absent
  std::vector<void*> weights;                // of the same numbers
  std::vector<Ref> streams, vectors, rows;
  std::vector<Real*> first, fresh;
};

enum Way { FORTH, BACK };

const program::Stage* stages_of(const program::Program& cell, Way way) {
  return way == FORTH ? cell.forward : cell.backward;
}

// The numbers of recurrent weights between two barriers.
Index weights_between_waits(const Steps& q, Way way) {
  Index vectors = 0, waits = 0;
  for (Index p = 0; p < q.cell.products; ++p)
    if (q.cell.product[p].operand != program::INPUT)
      vectors += q.cell.product[p].vectors;
  for (Index j = 0; j < q.cell.stages[way]; ++j)
    waits += stages_of(q.cell, way)[j].waits != 0;
  return vectors * q.H * q.H / std::max<Index>(waits, 1);
}

// How the work of the recurrence is shared out.
struct Shares {
  bool by_units;
  Index blocks, steps;  // blocks of rows; steps that are projected together

  // Few rows leave the registers of a tile empty, and each thread would read the whole
  // weight at every step; sharing out units, each reads its part alone, but all wait for
  // each other. That pays above half a megabyte of weights per wait. 48 rows are a few
  // tiles, and their projections stay in a cache until they are read.
  Shares(const Steps& q, int threads, Way way) {
    constexpr Index rows_at_once = 48, enough = (Index{1} << 19) / sizeof(Real);
    by_units = threads > 1 && q.B < 8 * threads &&
               weights_between_waits(q, way) >= enough;
    blocks = by_units || q.B == 0 ? 1
                                  : std::max(std::min<Index>(threads, q.B),
                                             divide_up(q.B, rows_at_once));
    Index rows = divide_up(q.B, blocks);
    steps = std::clamp<Index>(rows_at_once / std::max<Index>(rows, 1), 1,
                              std::max<Index>(q.T, 1));
  }
};

// A block of rows that a worker takes through all steps.
struct Block {
  Index first, count, index;
  int worker;
};

}  // namespace
