// The stages of all steps in phases, between which those who share out units wait.

#pragma once

#include <vector>

#include "steps.h"
#include "threads.h"

namespace {

// Stages are counted over all steps. A phase begins with a stage that waits, so it may
// hold the last stages of one step and the first of the next. It is at most as long as a
// step, so that it holds no stage twice.
class Phases {
 public:
  Phases(const program::Stage* stages, Index per_step, Index steps) {
    for (Index i = 0; i < per_step * steps; ++i)
      if (i == 0 || stages[i % per_step].waits || i - begin_.back() == per_step)
        begin_.push_back(i);
    begin_.push_back(per_step * steps);
  }
  Index count() const { return Index(begin_.size()) - 1; }
  Index begin(Index phase) const { return begin_[phase]; }
  Index end(Index phase) const { return begin_[phase + 1]; }

 private:
  std::vector<Index> begin_;
};

// Calls task(phase, task, block) for every task of every phase, after `prepare` has run
// for the phase and the block on the same worker.
template <class Prepare, class Task>
void run_phases(Team& team, const Shares& shares, Index rows, Index phases, Index tasks,
                Prepare prepare, Task task) {
  if (shares.by_units) {
    // A unit reads what all have made: a phase begins when the last has ended.
    std::vector<Index> ready(team.size(), -1);
    team.phases(phases, tasks, [&](Index p, Index u, int worker) {
      Block block{0, rows, 0, worker};
      if (ready[worker] != p) prepare(p, block);
      ready[worker] = p;
      task(p, u, block);
    });
    return;
  }
  team.each(shares.blocks, [&](Index i, int worker) {
    Index first = rows * i / shares.blocks;
    Block block{first, rows * (i + 1) / shares.blocks - first, i, worker};
    for (Index p = 0; p < phases; ++p) {
      prepare(p, block);
      for (Index u = 0; u < tasks; ++u) task(p, u, block);
    }
  });
}

}  // namespace
