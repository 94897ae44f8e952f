// Products that read the same operand, packed together.

#pragma once

#include <vector>

#include "room.h"
#include "steps.h"
#include "tiles.h"

namespace {

// One vector of units of a product, of the vectors of all products.
struct Column {
  const void* weight;  // (K, vectors, H), from this vector on
  Index step;          // from a row of the weight to the next
  Index index, from;   // which vector of all it is; which it begins with, or -1
};

// z[columns] = from[columns] + operand w[:, columns], in groups of at most 4 columns.
//
// Packed as [panel of L units][group][row][column of the group][L]. Zeros fill the last
// panel up, so that a tile has no edge. All columns of a unit are near: a tile then has
// all that a stage reads.
struct Bundle {
  program::Operand operand;
  Index index, K;
  Numbers numbers;  // of its weights
  std::vector<Column> columns;
  std::vector<Index> begins;  // of every group, and the end of the last
  Real* packed = nullptr;

  void group(Index rows) {
    Groups groups(size(), most_at_once(rows));
    for (Index g = 0; g <= groups.count; ++g) begins.push_back(groups.begin(g));
  }
  Index size() const { return columns.size(); }
  Index groups() const { return Index(begins.size()) - 1; }
  Index size(Index g) const { return begins[g + 1] - begins[g]; }
  Index widest() const { return divide_up(size(), groups()); }

  // Of one vector of units and one column.
  Index length() const { return rows_of_panel(numbers, K) * L; }
  Real* panel(Index u, Index g) const {
    return packed + (u * size() + begins[g]) * length();
  }
  void pack(Index u, Index H) const {
    with_panel(numbers, [&](auto number) {
      for (Index g = 0; g < groups(); ++g)
        for (Index i = 0; i < size(g); ++i)
          pack_column<decltype(number)>(columns[begins[g] + i], u, H,
                                        panel(u, g) + i * L, size(g) * L);
    });
  }

 private:
  template <class T>
  void pack_column(const Column& column, Index u, Index H, Real* to, Index step) const {
    constexpr Index DEPTH = Packed<T>::DEPTH;
    const T* from = static_cast<const T*>(column.weight) + u * L;
    Index n = std::min<Index>(L, H - u * L);
    if constexpr (Packed<T>::SCALED) {
      V scale = Packed<T>::scale(from, column.step, K, n);
      for (Index k = 0; k < K; k += DEPTH, from += DEPTH * column.step, to += step)
        store(to, Packed<T>::word(from, column.step, K - k, n, scale));
      store(to, scale);
    } else {
      for (Index k = 0; k < K; k += DEPTH, from += DEPTH * column.step, to += step)
        store(to, Packed<T>::word(from, column.step, K - k, n));
    }
  }
};

// Where a column of a bundle is, in a tile of panels [group][row][column of the group][L].
struct Spot {
  Index index, offset, step;  // of which vector; for row 0; from a row to the next
};
void add_spots(const Bundle& b, Index rows, Index offset, std::vector<Spot>& spots) {
  for (Index g = 0; g < b.groups(); ++g)
    for (Index i = 0; i < b.size(g); ++i)
      spots.push_back({b.columns[b.begins[g] + i].index,
                       offset + (b.begins[g] * rows + i) * L, b.size(g) * L});
}
const Spot* find(const std::vector<Spot>& spots, Index index) {
  for (const Spot& spot : spots)
    if (spot.index == index) return &spot;
  return nullptr;
}

// Adds a product to the bundle of its operand.
void bundle(const Steps& q, Index product, std::vector<Bundle>& bundles) {
  const program::Product& p = q.cell.product[product];
  auto same = [&](const Bundle& b) {
    return b.operand == p.operand && (p.operand == program::INPUT || b.index == p.index);
  };
  auto found = std::find_if(bundles.begin(), bundles.end(), same);
  if (found == bundles.end()) {
    Index K = p.operand == program::INPUT ? q.I : q.H;
    bundles.push_back({p.operand, p.index, K, q.numbers, {}, {}});
    found = bundles.end() - 1;
  }
  bool begins = p.operand != program::INPUT && p.from;
  for (Index g = 0; g < p.vectors; ++g)
    found->columns.push_back({from_number(q.numbers, q.weights[product], g * q.H),
                              p.vectors * q.H, p.first + g, begins ? p.from[g] : -1});
}

}  // namespace
