// Any cell over a sequence, backward: from the gradients of what comes out to those of
// the pre-activations, which take the place of what was kept, and of the carry.

#pragma once

#include <algorithm>
#include <new>

#include "arrays.h"
#include "stages.h"

namespace {

// Some columns of WIDE that follow each other, and the first of them.
struct Stretch {
  Index column, count;
};
// The columns of some products, one after the other.
void add_stretches(const program::Product& p, std::vector<Stretch>& stretches) {
  for (Index g = 0; g < p.vectors; ++g) {
    Index column = p.columns[g];
    if (!stretches.empty() &&
        stretches.back().column + stretches.back().count == column)
      ++stretches.back().count;
    else
      stretches.push_back({column, 1});
  }
}
// The rows of a panel of the weights of some products, transposed: as many for each stretch
// of columns as they need.
Index length_of(const Steps& q, const std::vector<Stretch>& stretches) {
  Index length = 0;
  for (const Stretch& stretch : stretches)
    length += rows_of_panel(q.numbers, stretch.count * q.H);
  return length;
}
// Packs columns of the transposed weight of p, j and those behind it; returns the end.
Real* pack_stretches(const Steps& q, Index p, const std::vector<Stretch>& stretches,
                     Index rows, Index j, Index vectors, Real* out) {
  Index first = 0;
  for (const Stretch& stretch : stretches) {
    Index count = stretch.count * q.H;
    with_numbers(q.numbers, [&](auto number) {
      pack_transposed(static_cast<const decltype(number)*>(q.weights[p]), rows,
                      q.cell.product[p].vectors * q.H, j, vectors, first, first + count,
                      out);
    });
    first += count;
    out += rows_of_panel(q.numbers, count) * vectors * L;
  }
  return out;
}
// Adds the gradients in some columns times a packed weight, for rows from `row` on;
// returns the end of that.
const Real* add_columns(Product& product, const Steps& q,
                        const std::vector<Stretch>& stretches, Index row,
                        const Real* w) {
  for (const Stretch& stretch : stretches) {
    Ref dz = q.column(stretch.column);
    Index count = stretch.count * q.H;
    product.add(dz.at + row * dz.step, dz.step, count, w, q.numbers);
    w += rows_of_panel(q.numbers, count) * product.vectors * L;
  }
  return w;
}

void clear(Real* numbers, Index count) {
  if (numbers) std::fill_n(numbers, count, Real{});
}
void clear(void* memory, Numbers numbers, Index count) {
  with_numbers(numbers, [&](auto number) {
    if (memory) std::fill_n(static_cast<decltype(number)*>(memory), count, number);
  });
}
void clear_rows(Ref numbers, Index rows, Index count) {
  for (Index m = 0; numbers.at && m < rows; ++m)
    clear(numbers.at + m * numbers.step, count);
}

class RunBackward : Pass<RunBackward> {
  friend Pass<RunBackward>;

 public:
  RunBackward(const Steps& q, const StepGradients& d, Team& team)
      : Pass(q, team, BACK),
        d_(d),
        units_(panels_, most_at_once(most_)),
        returned_(cell_.products),
        carried_(q.carries()) {
    for (Index j = 0; j < per_step_; ++j) {
      check(j);
      for (Index n = 0; n < stages_[j].products; ++n) {
        Returned& product = returned_[stages_[j].product[n]];
        if (product.stretches.empty())
          add_stretches(cell_.product[stages_[j].product[n]], product.stretches);
        product.length = length_of(q, product.stretches);
      }
    }
    for (Index p = 0; p < cell_.products; ++p)
      for (Index g = 0; g < cell_.product[p].vectors; ++g)
        cleared_.push_back(cell_.product[p].columns[g]);
    std::sort(cleared_.begin(), cleared_.end());
    cleared_.erase(std::unique(cleared_.begin(), cleared_.end()), cleared_.end());
    ask();
  }

  void run() {
    begin();
    run_phases(
        team_, shares_, q_.B, phases_.count(), units_.count,
        [&](Index p, const Block& block) { prepare(p, block); },
        [&](Index p, Index g, const Block& block) {
          for (Index i = phases_.begin(p); i < phases_.end(p); ++i)
            stage(step_of(i), stage_of(i), g, block);
        });
    end();
  }

 private:
  // A product on its way back to its operand.
  struct Returned {
    std::vector<Stretch> stretches;
    Index length;  // of a panel, in rows of one vector
    Real* weight;  // packed, transposed
  };
  static constexpr Index ROOM = (sizeof(Product) + sizeof(Real) - 1) / sizeof(Real);

  // Whether any stage has a slot.
  bool writes(Slot wanted) const {
    for (Index j = 0; j < per_step_; ++j)
      for (Index n = 0; n < stages_[j].slots; ++n)
        if (stages_[j].slot[n].kind == wanted.kind &&
            stages_[j].slot[n].index == wanted.index)
          return true;
    return false;
  }

  bool is_read(Index p) const { return !returned_[p].stretches.empty(); }
  Index padded() const { return panels_ * L; }

  void check(Index j) const {
    for (Index n = 0; n < stages_[j].products; ++n)
      require(cell_.product[stages_[j].product[n]].operand != program::INPUT,
              "a stage reads the gradient of the input");
    for (Index n = 0; n < stages_[j].slots; ++n) {
      Slot slot = stages_[j].slot[n];
      const int32_t *first = stages_[j].product, *end = first + stages_[j].products;
      require(slot.kind != program::PRODUCT || std::find(first, end, slot.index) != end,
              "a stage reads a product that it has not");
    }
  }

  void ask() {
    Index most = 0, carry = q_.B * q_.H;
    for (Index j = 0; j < per_step_; ++j) most = std::max<Index>(most, stages_[j].products);
    for (Index p = 0; p < cell_.products; ++p)
      room_.ask(returned_[p].weight, padded() * returned_[p].length);
    for (Real*& carried : carried_) room_.ask(carried, 2 * carry);
    room_.ask(vectors_, shares_.blocks * Index(d_.vectors.size()) * padded());
    unwanted_.resize(d_.rows.size());
    for (size_t i = 0; i < d_.rows.size(); ++i)
      room_.ask(unwanted_[i], d_.rows[i].at ? 0 : carry);
    for (Desk& desk : desks_) room_.ask(desk.z, most * Scratch::padded(ROOM));
    room_.give();
  }

  void begin() {
    Index n = q_.B * q_.H;
    for (Index k = 0; k < cell_.shown; ++k) clear(after_carry(k, q_.T - 1), n);
    for (Index k = cell_.shown; k < q_.carries(); ++k)
      std::copy_n(d_.last[k - cell_.shown], n, after_carry(k, q_.T - 1));
    for (Real* fresh : d_.fresh) clear(fresh, n);
    clear(vectors_, shares_.blocks * Index(d_.vectors.size()) * padded());
    for (Index i = 0; i < Index(d_.streams.size()); ++i)
      if (!writes({program::D_STREAM, int32_t(i)}))
        clear_rows(d_.streams[i], q_.T * q_.B, q_.H);
    for (size_t i = 0; i < d_.rows.size(); ++i) {
      clear(unwanted_[i], n);
      clear_rows(d_.rows[i], q_.B, q_.H);
    }
    team_.each(units_.count * cell_.products, [&](Index i, int) {
      if (is_read(i % cell_.products)) pack(i % cell_.products, i / cell_.products);
    });
  }
  const Real* weight(Index p, Index group) const {
    return returned_[p].weight + units_.begin(group) * L * returned_[p].length;
  }
  void pack(Index p, Index group) {
    pack_stretches(q_, p, returned_[p].stretches, q_.H, units_.begin(group) * L,
                 units_.size(group), const_cast<Real*>(weight(p, group)));
  }

  // The gradient of leaf k before step s; what arrives after the one before it.
  Real* before_carry(Index k, Index s) const {
    return s == 0 ? d_.first[k] : carried_[k] + (s & 1) * q_.B * q_.H;
  }
  Real* after_carry(Index k, Index s) const {
    return carried_[k] + ((s + 1) & 1) * q_.B * q_.H;
  }

  Place own_place(Slot slot, Index, Index s, const Block& block, Desk&) {
    Index t = q_.step(s), i = slot.index, H = q_.H, row = t * q_.B + block.first;
    switch (slot.kind) {
      case program::GIVEN:
        return by_row(const_cast<Real*>(d_.hs[i]), H, row);  // only read
      case program::AFTER:
        return by_row(after_carry(i, s), H, block.first);
      case program::BEFORE:
        return by_row(before_carry(i, s), H, block.first);
      case program::D_STREAM:
        return by_row(d_.streams[i], row);
      case program::D_VECTOR:
        return {vector(i, block.index), 0, L, 0};
      case program::D_ROW:
        return d_.rows[i].at ? by_row(d_.rows[i], block.first)
                             : by_row(unwanted_[i], H, block.first);
      default:  // PRODUCT, which is another for every group of units
        return {};
    }
  }

  Real* vector(Index i, Index block) const {
    return vectors_ + (block * Index(d_.vectors.size()) + i) * padded();
  }

  void stage(Index s, Index j, Index group, const Block& block) {
    Index j0 = units_.begin(group), N = units_.size(group);
    for (Index first = 0; first < block.count; first += ROWS) {
      Index count = std::min(ROWS, block.count - first);
      return_products(s, j, group, first, count, block);
      for (Index v = 0; v < N; ++v)
        call(s, j, first, count, j0 + v, block,
             [&](Ref* refs) { point_to_products(j, v, N, desk_of(block), refs); });
    }
    for (Index v = 0; v < N; ++v) {
      if (j == 0 && q_.live) pass_dead(s, j0 + v, block);
      if (j == per_step_ - 1 && q_.resets) settle(s, j0 + v, block);
    }
  }

  Product* product(Desk& desk, Index n) const {
    return reinterpret_cast<Product*>(desk.z + n * Scratch::padded(ROOM));
  }

  void return_products(Index s, Index j, Index group, Index first, Index count,
                       const Block& block) {
    for (Index n = 0; n < stages_[j].products; ++n) {
      Index p = stages_[j].product[n];
      Product* made = new (product(desk_of(block), n)) Product(count, units_.size(group));
      add_columns(*made, q_, returned_[p].stretches,
                  q_.step(s) * q_.B + block.first + first, weight(p, group));
    }
  }

  void point_to_products(Index j, Index v, Index N, Desk& desk, Ref* refs) const {
    if (stages_[j].products == 0) return;
    for (Index i = 0; i < stages_[j].slots; ++i) {
      Slot slot = stages_[j].slot[i];
      if (slot.kind != program::PRODUCT) continue;
      Index n = 0;
      while (stages_[j].product[n] != slot.index) ++n;
      refs[i] = {product(desk, n)->z + v * L, N * L};
    }
  }

  // Of a row that is not live only the carry passes a gradient on.
  void pass_dead(Index s, Index u, const Block& block) {
    Index n = std::min<Index>(L, q_.H - u * L);
    for (Index m = block.first; m < block.first + block.count; ++m) {
      if (q_.is_live(s, m)) continue;
      Index row = q_.step(s) * q_.B + m, at = m * q_.H + u * L;
      auto zero = [&](Ref ref) {
        if (ref.at) store(ref.at + row * ref.step + u * L, V{}, n);
      };
      for (Index column : cleared_) zero(q_.column(column));
      for (Ref stream : d_.streams) zero(stream);
      for (Index k = 0; k < q_.carries(); ++k) {
        V passed = load(after_carry(k, s) + at, n);
        if (k < Index(d_.hs.size())) passed += load(d_.hs[k] + row * q_.H + u * L, n);
        store(before_carry(k, s) + at, passed, n);
      }
    }
  }

  // A row that is reset started from the fresh carry: what arrives belongs to that.
  void settle(Index s, Index u, const Block& block) {
    Index n = std::min<Index>(L, q_.H - u * L);
    for (Index m = block.first; m < block.first + block.count; ++m) {
      if (!q_.is_reset(s, m)) continue;
      for (Index k = 0; k < q_.carries(); ++k) {
        Real *before = before_carry(k, s) + m * q_.H + u * L,
              *fresh = d_.fresh[k] + m * q_.H + u * L;
        store(fresh, load(fresh, n) + load(before, n), n);
        store(before, V{}, n);
      }
    }
  }

  // Blocks are added in their order, so that the sum does not depend on who was first.
  void end() {
    for (Index i = 0; i < Index(d_.vectors.size()); ++i) {
      Real* sum = d_.vectors[i].at;
      if (!sum) continue;
      std::copy_n(vector(i, 0), q_.H, sum);
      for (Index b = 1; b < shares_.blocks; ++b)
        for (Index u = 0; u < q_.H; ++u) sum[u] += vector(i, b)[u];
    }
  }

  const StepGradients& d_;
  Groups units_;
  std::vector<Returned> returned_;  // of every product
  std::vector<Real*> carried_;     // gradients of the carry: two steps by turns
  std::vector<Real*> unwanted_;    // of rows whose gradient nobody asks for
  std::vector<Index> cleared_;
  Real* vectors_;
};

}  // namespace
