// Any cell over a sequence, forward.

#pragma once

#include "bundles.h"
#include "stages.h"

namespace {

class RunForward : Pass<RunForward> {
  friend Pass<RunForward>;

 public:
  // `last` are the leaves that are not shown, after the last step.
  RunForward(const Steps& q, const std::vector<Real*>& last, Team& team,
             Lifetime lifetime = CALL)
      : Pass(q, team, FORTH, lifetime),
        last_(last),
        bundles_(per_step_),
        spots_(per_step_),
        heights_(per_step_) {
    bundle_input();
    for (Index j = 0; j < per_step_; ++j) bundle_stage(j);
    for (Index j = 0; j < per_step_; ++j) check(j);
    ask();
  }

  void run() {
    if (q_.T * q_.B == 0) return hold();
    pack();
    advance();
    for (Index k = cell_.shown; k < q_.carries(); ++k)
      std::copy_n(after(k, q_.T - 1), q_.B * q_.H, last_[k - cell_.shown]);
  }

  void pack() {
    team_.each(panels_, [&](Index u, int) { pack(u); });
  }

  // All steps with the weights that are packed.
  void advance() {
    run_phases(
        team_, shares_, q_.B, phases_.count(), panels_,
        [&](Index p, const Block& block) { prepare(p, block); },
        [&](Index p, Index u, const Block& block) {
          for (Index i = phases_.begin(p); i < phases_.end(p); ++i)
            stage(step_of(i), stage_of(i), u, block);
        });
  }

 private:
  // Rows for one call of a stage: as many as make it cheap, but their products should stay
  // in the nearest cache until they are read.
  static Index height(Index vectors) {
    constexpr Index floats = 8192 / sizeof(Real);
    return std::clamp<Index>(floats / (std::max<Index>(vectors, 1) * L), MOST_ROWS, ROWS);
  }

  void bundle_input() {
    at_once_ = most_ * shares_.steps;
    for (Index p = 0; p < cell_.products; ++p)
      if (cell_.product[p].operand == program::INPUT) bundle(q_, p, input_);
    for (Bundle& b : input_) {
      b.group(at_once_);
      add_spots(b, at_once_, 0, input_spots_);
    }
  }

  void bundle_stage(Index j) {
    for (Index n = 0; n < stages_[j].products; ++n)
      if (cell_.product[stages_[j].product[n]].operand != program::INPUT)
        bundle(q_, stages_[j].product[n], bundles_[j]);
    Index vectors = 0, offset = 0;
    for (const Bundle& b : bundles_[j]) vectors += b.size();
    heights_[j] = height(vectors);
    for (Bundle& b : bundles_[j]) {
      b.group(most_);
      add_spots(b, heights_[j], offset, spots_[j]);
      offset += b.size() * heights_[j] * L;
    }
  }

  // All that a stage reads must be there: later no complaint is possible, for the threads
  // are XLA's.
  void check(Index j) const {
    for (Index n = 0; n < stages_[j].slots; ++n) {
      Slot slot = stages_[j].slot[n];
      require(slot.kind <= program::BUFFER, "a stage of a step reads a gradient");
      require(slot.kind != program::PRODUCT || find(spots_[j], slot.index) ||
                  find(input_spots_, slot.index),
              "a stage reads a product that it has not");
    }
    for (const Bundle& b : bundles_[j])
      for (const Column& column : b.columns)
        require(column.from < 0 || find(input_spots_, column.from),
                "a product begins with one that is not of the input");
  }

  void ask() {
    for (Bundle& b : input_) room_.ask(b.packed, panels_ * b.size() * b.length());
    Index most = 0;
    for (Index j = 0; j < per_step_; ++j) {
      Index vectors = 0;
      for (Bundle& b : bundles_[j]) {
        room_.ask(b.packed, panels_ * b.size() * b.length());
        vectors += b.size();
      }
      most = std::max(most, vectors * heights_[j]);
    }
    for (Desk& desk : desks_) room_.ask(desk.z, most * L);
    for (Index k = 1; k < q_.carries(); ++k)
      if (!q_.all[k]) room_.ask(ring_[k], 3 * q_.B * q_.H);
    // Workers with rows of their own project for these; else all read one projection.
    copy_ = Scratch::padded(panels_ * at_once_ * inputs() * L);
    room_.ask(projected_, copy_ * (shares_.by_units ? 1 : team_.size()));
    room_.give();
  }

  // After no step the carry is what it was.
  void hold() {
    for (Index k = cell_.shown; k < q_.carries(); ++k)
      std::copy_n(q_.first[k], q_.B * q_.H, last_[k - cell_.shown]);
  }

  Index inputs() const { return input_.empty() ? 0 : input_[0].size(); }

  void pack(Index u) {
    for (const Bundle& b : input_) b.pack(u, q_.H);
    for (auto& bundles : bundles_)
      for (const Bundle& b : bundles) b.pack(u, q_.H);
  }

  Real* projected(const Block& block) const {
    return projected_ + (shares_.by_units ? 0 : block.worker * copy_);
  }

  // Where a vector of the input is at a step. The rows of a group begin with those of the
  // first of the steps that are projected at once.
  Place of_input(const Spot& spot, Index s, const Block& block) const {
    Index row = s % shares_.steps * block.count;
    return {projected(block) + spot.offset + row * spot.step, spot.step,
            at_once_ * inputs() * L, spot.step};
  }

  Place own_place(Slot slot, Index j, Index s, const Block& block, Desk& desk) {
    if (const Spot* spot = find(spots_[j], slot.index))
      return {desk.z + spot->offset, 0, 0, spot->step};
    return of_input(*find(input_spots_, slot.index), s, block);
  }

  void stage(Index s, Index j, Index u, const Block& block) {
    if (j == 0 && s % shares_.steps == 0 && inputs()) project(s, u, block);
    Index tiles = divide_up(block.count, heights_[j]);
    for (Index i = 0; i < tiles; ++i) {
      Index first = block.count * i / tiles;
      Index count = block.count * (i + 1) / tiles - first;
      Real* z = desk_of(block).z;
      for (const Bundle& b : bundles_[j]) {
        multiply_bundle(b, s, first, count, u, block, z, heights_[j]);
        z += b.size() * heights_[j] * L;
      }
      call(s, j, first, count, u, block, [](Ref*) {});
    }
    if (j == per_step_ - 1 && q_.live) hold_dead(s, u, block);
  }

  // The input of some steps, for the units of a panel.
  void project(Index s0, Index u, const Block& block) {
    const Bundle& b = input_[0];
    Index rows = block.count, all = std::min(shares_.steps, q_.T - s0) * rows;
    Real* out = projected(block) + u * at_once_ * b.size() * L;
    for_tiles(all, b.widest(), [&](Index j, Index R) {
      const Real* x[MOST_ROWS] = {};
      for (Index r = 0; r < R; ++r) {
        Index t = q_.step(s0 + (j + r) / rows), m = block.first + (j + r) % rows;
        x[r] = q_.xs + (t * q_.B + m) * q_.I;
      }
      for (Index g = 0; g < b.groups(); ++g) {
        Index size = b.size(g);
        Real* z = out + (b.begins[g] * at_once_ + j * size) * L;
        std::fill_n(z, R * size * L, 0.0f);
        multiply(b.numbers, R, size, x, b.K, b.panel(u, g), z);
      }
    });
  }

  void multiply_bundle(const Bundle& b, Index s, Index first, Index count, Index u,
                       const Block& block, Real* z, Index height) {
    const Real* rows[ROWS];
    const Real* const* x = operands(b, s, first, count, block, rows);
    for (Index g = 0; g < b.groups(); ++g) {
      Index size = b.size(g);
      for (Index i = 0; i < size; ++i)
        begin_sum(b.columns[b.begins[g] + i], s, first, count, u, block, z + i * L,
                  size * L);
      for_tiles(count, size, [&](Index j, Index R) {
        multiply(b.numbers, R, size, x + j, b.K, b.panel(u, g), z + j * size * L);
      });
      z += size * height * L;
    }
  }

  // Rows of the operand: of the carry they are at hand, of a buffer they go into `rows`.
  const Real* const* operands(const Bundle& b, Index s, Index first, Index count,
                               const Block& block, const Real** rows) {
    if (b.operand == program::CARRY)
      return desk_of(block).before[s & 1].data() + b.index * most_ + first;
    const Real* at = buffer(b.index, s) + (block.first + first) * q_.H;
    for (Index r = 0; r < count; ++r) rows[r] = at + r * q_.H;
    return rows;
  }

  void begin_sum(const Column& column, Index s, Index first, Index R, Index u,
                 const Block& block, Real* z, Index step) {
    if (column.from < 0) {
      for (Index r = 0; r < R; ++r) store(z + r * step, V{});
      return;
    }
    Ref from = of_input(*find(input_spots_, column.from), s, block).of(first, u);
    for (Index r = 0; r < R; ++r) store(z + r * step, load(from.at + r * from.step));
  }

  // Rows that are not live keep their carry.
  void hold_dead(Index s, Index u, const Block& block) {
    Index n = std::min<Index>(L, q_.H - u * L);
    for (Index m = 0; m < block.count; ++m) {
      if (q_.is_live(s, block.first + m)) continue;
      for (Index k = 0; k < q_.carries(); ++k) {
        const Real* old = desk_of(block).before[s & 1][k * most_ + m] + u * L;
        store(after(k, s) + (block.first + m) * q_.H + u * L, load(old, n), n);
      }
    }
  }

  const std::vector<Real*>& last_;
  std::vector<Bundle> input_;                 // one, or none
  std::vector<Spot> input_spots_;
  std::vector<std::vector<Bundle>> bundles_;  // of every stage
  std::vector<std::vector<Spot>> spots_;      // and where they are in a tile
  std::vector<Index> heights_;                // of its tiles
  Index at_once_, copy_;
  Real* projected_;
};

}  // namespace
