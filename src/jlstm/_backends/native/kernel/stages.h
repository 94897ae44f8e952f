// Stages on tiles of rows: where the numbers of their slots are, and the calls.

#pragma once

#include "arrays.h"
#include "phases.h"
#include "room.h"
#include "tiles.h"

namespace {

using program::Slot;
using program::Stage;

// Where the numbers of a slot are for rows of a block, counted from its first, and
// vectors of units.
struct Place {
  Real* at = nullptr;
  Index row = 0, unit = 0, step = 0;

  Ref of(Index m, Index u) const { return {at ? at + m * row + u * unit : nullptr, step}; }
};
Place by_row(Real* at, Index step, Index first) {
  return {at ? at + first * step : nullptr, step, L, step};
}
Place by_row(Ref ref, Index first) { return by_row(ref.at, ref.step, first); }

// What a worker needs next to the sequence. What belongs to a step is there for two of
// them, since a phase may touch two.
struct Desk {
  std::vector<std::vector<Place>> places;  // of the slots of every stage
  std::vector<const Real*> before[2];     // [leaf][row of the block]
  std::vector<Real> sums[2];              // [reduction][row of the block]
  // What the tile of a call points to.
  std::vector<Ref> refs;
  std::vector<const Real*> old;
  std::vector<const Real* const*> olds;
  std::vector<const Real*> sum;
  std::vector<Real*> partial;
  Real* z;  // of products
};

// What both ways have in common. `Own` says where the slots are of which it alone knows:
// Place own_place(slot, stage, step, block, desk).
template <class Own>
class Pass {
 protected:
  Pass(const Steps& q, Team& team, Way way, Lifetime lifetime = CALL)
      : q_(q),
        cell_(q.cell),
        team_(team),
        per_step_(q.cell.stages[way]),
        stages_(stages_of(q.cell, way)),
        shares_(q, team.size(), way),
        phases_(stages_, per_step_, q.T),
        panels_(divide_up(q.H, L)),
        most_(divide_up(q.B, shares_.blocks)),
        sums_(q.cell.sums[way]),
        room_(lifetime),
        ring_(q.carries(), nullptr),
        desks_(team.size()),
        backward_(way == BACK),
        buffers_count_(q.cell.buffers[way]) {
    room_.ask(buffers_, 2 * buffers_count_ * q.B * q.H);
    room_.ask(partial_, 2 * panels_ * sums_ * q.B);
    for (Desk& desk : desks_) lay(desk);
  }

  Index step_of(Index i) const {
    return backward_ ? q_.T - 1 - i / per_step_ : i / per_step_;
  }
  Index stage_of(Index i) const { return i % per_step_; }
  Desk& desk_of(const Block& block) { return desks_[block.worker]; }

  // Makes a desk ready for the stages of a phase.
  void prepare(Index phase, const Block& block) {
    Desk& desk = desk_of(block);
    for (Index i = phases_.begin(phase); i < phases_.end(phase); ++i) {
      Index s = step_of(i), j = stage_of(i);
      if (i == phases_.begin(phase) || j == 0) look_back(s, block, desk);
      for (Index n = 0; n < stages_[j].slots; ++n)
        desk.places[j][n] = place(stages_[j].slot[n], j, s, block, desk);
    }
    Index i = phases_.begin(phase);
    if (sums_ && stages_[stage_of(i)].waits) add_up(step_of(i), stage_of(i), block, desk);
  }

  // Points to the carry before a step, of all rows of a block.
  void look_back(Index s, const Block& block, Desk& desk) {
    const Real** row = desk.before[s & 1].data();
    for (Index k = 0; k < q_.carries(); ++k, row += most_) {
      const Real* previous = s ? after(k, s - 1) : nullptr;
      for (Index m = 0; m < block.count; ++m)
        row[m] = q_.before(k, s, block.first + m, previous);
    }
  }

  // Leaf k of all rows after step s; null if that is neither kept nor in the ring.
  Real* after(Index k, Index s) const {
    if (!ring_[k]) return q_.after(k, s);
    return ring_[k] + s % 3 * q_.B * q_.H;
  }

  Real* buffer(Index index, Index s) const {
    return buffers_ + ((s & 1) * buffers_count_ + index) * q_.B * q_.H;
  }

  // What the units of a panel add to a reduction, for all rows. Panels are added in their
  // order, so that the sum does not depend on who was first.
  Real* partial(Index s, Index panel, Index i) const {
    return partial_ + (((s & 1) * panels_ + panel) * sums_ + i) * q_.B;
  }

  // Completes all reductions to which the stages before stage j add.
  void add_up(Index s, Index j, const Block& block, Desk& desk) {
    for (Index before = 0; before < j; ++before)
      for (Index n = 0; n < stages_[before].sums; ++n) {
        Index i = stages_[before].sum[n];
        Real* sum = desk.sums[s & 1].data() + i * most_;
        std::fill_n(sum, block.count, Real{});
        for (Index u = 0; u < panels_; ++u) {
          const Real* part = partial(s, u, i) + block.first;
          for (Index m = 0; m < block.count; ++m) sum[m] += part[m];
        }
      }
  }

  // Makes a tile of rows `first` ... of a block and of panel u, and lets `change` have its
  // refs before the stage runs.
  template <class Change>
  void call(Index s, Index j, Index first, Index count, Index u, const Block& block,
            Change change) {
    Desk& desk = desk_of(block);
    const Stage& stage = stages_[j];
    const Place* places = desk.places[j].data();
    for (Index n = 0; n < stage.slots; ++n) desk.refs[n] = places[n].of(first, u);
    change(desk.refs.data());
    for (Index k = 0; k < q_.carries(); ++k) point_to_olds(desk, s, k, first, count, u);
    for (Index i = 0; i < sums_; ++i) {
      desk.sum[i] = desk.sums[s & 1].data() + i * most_ + first;
      desk.partial[i] = partial(s, u, i) + block.first + first;
    }
    run(desk, stage, count, u, q_.live_from(s, block.first + first));
  }

 private:
  void lay(Desk& desk) {
    Index K = q_.carries(), slots = 0;
    for (Index j = 0; j < per_step_; ++j) {
      slots = std::max<Index>(slots, stages_[j].slots);
      desk.places.emplace_back(stages_[j].slots);
    }
    for (auto& before : desk.before) before.resize(K * most_);
    for (auto& sums : desk.sums) sums.resize(sums_ * most_);
    desk.refs.resize(slots);
    desk.old.resize(K * ROWS);
    desk.olds.resize(K);
    desk.sum.resize(sums_);
    desk.partial.resize(sums_);
  }

  Place place(Slot slot, Index j, Index s, const Block& block, Desk& desk) {
    Index t = q_.step(s), i = slot.index, row = t * q_.B + block.first;
    switch (slot.kind) {
      case program::STREAM:
        return by_row(q_.streams[i], row);
      case program::VECTOR:
        return {q_.vectors[i].at, 0, L, 0};
      case program::ROW:
        return by_row(q_.rows[i], block.first);
      case program::NOW:
        return by_row(after(i, s), q_.H, block.first);
      case program::WIDE:
        return by_row(q_.column(i), row);
      case program::BUFFER:
        return by_row(buffer(i, s), q_.H, block.first);
      default:
        return static_cast<Own*>(this)->own_place(slot, j, s, block, desk);
    }
  }

  void point_to_olds(Desk& desk, Index s, Index k, Index first, Index count, Index u) {
    const Real* const* before = desk.before[s & 1].data() + k * most_ + first;
    const Real** old = desk.old.data() + k * ROWS;
    for (Index r = 0; r < count; ++r) old[r] = before[r] ? before[r] + u * L : nullptr;
    desk.olds[k] = old;
  }

  // Runs a stage on the rows that are live: on all at once, or on stretches of them.
  void run(Desk& desk, const Stage& stage, Index count, Index u, const bool* live) {
    program::Tile tile{count,
                       std::min<Index>(L, q_.H - u * L),
                       desk.refs.data(),
                       desk.olds.data(),
                       desk.sum.data(),
                       desk.partial.data(),
                       Real(q_.H)};
    if (!live) return stage.run(&tile);
    for (Index r = 0, at = 0; r < count; ++r) {
      if (!live[r]) continue;
      Index stop = r + 1;
      while (stop < count && live[stop]) ++stop;
      move_on(desk, stage, r - at);
      at = r;
      tile.rows = stop - r;
      stage.run(&tile);
      r = stop;
    }
  }

  void move_on(Desk& desk, const Stage& stage, Index rows) {
    for (Index n = 0; n < stage.slots; ++n)
      if (desk.refs[n].at) desk.refs[n].at += rows * desk.refs[n].step;
    for (auto& old : desk.olds) old += rows;
    for (auto& sum : desk.sum) sum += rows;
    for (auto& partial : desk.partial) partial += rows;
  }

 protected:
  const Steps& q_;
  const program::Program& cell_;
  Team& team_;
  Index per_step_;
  const Stage* stages_;
  Shares shares_;
  Phases phases_;
  Index panels_, most_, sums_;
  Room room_;
  std::vector<Real*> ring_;  // leaves that are not kept: the last three steps
  std::vector<Desk> desks_;

 private:
  bool backward_;
  Index buffers_count_;
  Real *buffers_, *partial_;
};

}  // namespace
