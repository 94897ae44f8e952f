// Scratch memory in pieces that are asked for one after the other, then given at once.

#pragma once

#include <optional>
#include <vector>

#include "memory.h"

namespace {

class Room {
 public:
  explicit Room(Lifetime lifetime = CALL) : lifetime_(lifetime) {}

  // `piece` is set by `give`, and must stay where it is until then.
  void ask(Real*& piece, Index floats) { wanted_.push_back({&piece, floats}); }

  void give() {
    Index total = 0;
    for (auto& [piece, floats] : wanted_) total += Scratch::padded(floats);
    scratch_.emplace(total, lifetime_);
    for (auto& [piece, floats] : wanted_)
      *piece = floats ? scratch_->take(floats) : nullptr;
    wanted_.clear();
  }

 private:
  struct Wanted {
    Real** piece;
    Index floats;
  };
  Lifetime lifetime_;
  std::vector<Wanted> wanted_;
  std::optional<Scratch> scratch_;
};

}  // namespace
