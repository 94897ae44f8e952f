// The gradients of weights and inputs: products over all steps.

#pragma once

#include "run_backward.h"

namespace {

class Reduce {
 public:
  Reduce(const Steps& q, const StepGradients& d, Team& team)
      : q_(q),
        d_(d),
        team_(team),
        units_(divide_up(q.H, L)),
        inputs_(divide_up(q.I, L)),
        tables_(q.cell.products),
        memory_(q.cell.products),
        stretches_(q.cell.products) {
    for (Index p = 0; p < q.cell.products; ++p) plan(p);
    ask();
  }

  void run() {
    team_.each(q_.cell.products, [&](Index p, int) {
      if (memory_[p]) fill(p);
    });
    for (Index p = 0; p < q_.cell.products; ++p)
      tables_[p] = reinterpret_cast<const Real**>(memory_[same_operand(p)]);
    if (d_.xs) team_.each(inputs_.count, [&](Index group, int) { pack(group); });
    Index columns = Index(used_.size()) * units_.count;
    Index blocks = d_.xs ? divide_up(rows(), ROWS) : 0;
    // Two tasks per thread at least: one that is late leaves little to wait for.
    Index parts = columns ? std::max<Index>(1, 2 * team_.size() / columns) : 1;
    team_.each(columns * parts + blocks, [&](Index i, int worker) {
      if (i < columns * parts)
        weights(used_[i / parts / units_.count], i / parts % units_.count, i % parts,
                parts, worker);
      else
        inputs((i - columns * parts) * ROWS,
               std::min(rows(), (i - columns * parts + 1) * ROWS));
    });
  }

 private:
  // Rows of dz that are packed at a time. The sums go to memory and back after each
  // piece: with pieces of 192, which the nearest cache holds, a pass took 252 ms at
  // H = 1500, with these 242, and no size got slower.
  static constexpr Index DEPTH = 704;

  // A column of gradients, and the vectors of products that it belongs to.
  struct Used {
    Index column;
    struct Of {
      Index product, vector, row;  // and the first of its rows, of those of all
    };
    std::vector<Of> of;
    Index rows = 0;
  };

  Index rows() const { return q_.T * q_.B; }
  const program::Product& product(Index p) const { return q_.cell.product[p]; }
  bool of_input(Index p) const { return product(p).operand == program::INPUT; }
  Index size_of_operand(Index p) const { return of_input(p) ? q_.I : q_.H; }

  void plan(Index p) {
    if (of_input(p)) {
      add_stretches(product(p), stretches_[p]);
      input_length_ += length_of(q_, stretches_[p]);
    }
    if (!d_.weights[p]) return;
    for (Index g = 0; g < product(p).vectors; ++g) use(product(p).columns[g], p, g);
  }
  void use(Index column, Index p, Index g) {
    auto found = std::find_if(used_.begin(), used_.end(),
                              [&](const Used& used) { return used.column == column; });
    if (found == used_.end()) found = used_.insert(used_.end(), {column, {}});
    found->of.push_back({p, g, found->rows});
    found->rows += size_of_operand(p);
  }

  // The first product with the operand of p: what reads the same shares a table.
  Index same_operand(Index p) const {
    for (Index first = 0; first < p; ++first)
      if (product(first).operand == product(p).operand &&
          (of_input(p) || product(first).index == product(p).index) &&
          (product(p).operand != program::STAGED ||
           product(first).column == product(p).column))
        return first;
    return p;
  }

  void ask() {
    static_assert(sizeof(Real*) <= 2 * sizeof(Real));
    for (Index p = 0; p < q_.cell.products; ++p)
      room_.ask(memory_[p], same_operand(p) == p ? 2 * (rows() + AHEAD) : 0);
    room_.ask(panels_, team_.size() * DEPTH * MOST_VECTORS * L);
    for (const Used& used : used_) most_ = std::max(most_, used.rows * WIDEST * L);
    if (q_.numbers == REAL) most_ = 0;  // the sums are where they belong
    room_.ask(sums_, team_.size() * most_);
    room_.ask(zeros_, q_.H);
    room_.ask(w_, d_.xs ? inputs_.vectors * L * input_length_ : 0);
    room_.give();
    std::fill_n(zeros_, q_.H, Real{});
  }

  // Rows by pointers: the shift by one step, resets and reversed time cost no copy. The
  // tables are longer than the rows, since the tiles fetch ahead.
  void fill(Index p) {
    const Real** table = reinterpret_cast<const Real**>(memory_[p]);
    for (Index s = 0; s < q_.T; ++s)
      for (Index m = 0; m < q_.B; ++m) table[q_.step(s) * q_.B + m] = operand(p, s, m);
    std::fill_n(table + rows(), AHEAD, table[0]);
  }
  const Real* operand(Index p, Index s, Index m) const {
    Index row = q_.step(s) * q_.B + m, k = product(p).index;
    if (of_input(p)) return q_.xs + row * q_.I;
    if (product(p).operand == program::CARRY)
      return q_.before(k, s, m, s ? q_.after(k, s - 1) : nullptr);
    // A step that is not live has not written its column.
    Ref column = q_.column(product(p).column);
    return q_.is_live(s, m) ? column.at + row * column.step : zeros_;
  }

  // Where the sums of a product's rows for some vectors are: in the gradient, or, where that
  // is of narrow numbers, next to it until they are complete.
  struct Sums {
    Real* at;
    Index step, n;  // from a row to the next; how many numbers a row has
  };
  Sums sums_of(const Used::Of& of, Index u, Index N, int worker) const {
    if (q_.numbers != REAL) return {sums_ + worker * most_ + of.row * N * L, N * L, N * L};
    Real* gradient = static_cast<Real*>(d_.weights[of.product]);
    return {gradient + of.vector * q_.H + u, product(of.product).vectors * q_.H, q_.H - u};
  }

  // One pass over a column makes the gradients of all weights that it belongs to.
  void weights(const Used& used, Index group, Index part, Index parts, int worker) {
    Index u = units_.begin(group) * L, N = units_.size(group);
    Real* panel = panels_ + worker * DEPTH * MOST_VECTORS * L;
    Ref dz = q_.column(used.column);
    for (Index k = 0; k < rows(); k += DEPTH) {
      Index depth = std::min(DEPTH, rows() - k);
      for (Index i = 0; i < depth; ++i)
        for (Index v = 0; v < N; ++v)
          store(panel + (i * N + v) * L,
                load(dz.at + (k + i) * dz.step + u + v * L, q_.H - u - v * L));
      for (const Used::Of& of : used.of) {
        Index count = size_of_operand(of.product);
        Sums to = sums_of(of, u, N, worker);
        accumulate(tables_[of.product] + k, count * part / parts,
                   count * (part + 1) / parts, depth, panel, N, std::min(N * L, to.n),
                   k == 0, to.at, to.step);
      }
    }
    if (q_.numbers == REAL) return;
    for (const Used::Of& of : used.of) {
      Index count = size_of_operand(of.product);
      round(of, count * part / parts, count * (part + 1) / parts, u, N, worker);
    }
  }

  // Rounds complete sums, once, to what the weight is of.
  void round(const Used::Of& of, Index first, Index stop, Index u, Index N, int worker) {
    Sums sums = sums_of(of, u, N, worker);
    with_numbers(q_.numbers, [&](auto number) {
      using T = decltype(number);
      T* out = static_cast<T*>(d_.weights[of.product]) + of.vector * q_.H + u;
      for (Index i = first; i < stop; ++i)
        for (Index v = 0; v < N; ++v)
          Packed<T>::round(out + i * product(of.product).vectors * q_.H + v * L,
                           load(sums.at + i * sums.step + v * L), q_.H - u - v * L);
    });
  }

  Real* packed(Index group) const {
    return w_ + inputs_.begin(group) * L * input_length_;
  }
  void pack(Index group) {
    Real* out = packed(group);
    for (Index p = 0; p < q_.cell.products; ++p)
      out = pack_stretches(q_, p, stretches_[p], q_.I, inputs_.begin(group) * L,
                           inputs_.size(group), out);
  }

  // d_xs = dz w^T for some rows of all steps.
  void inputs(Index first, Index stop) {
    for (Index group = 0; group < inputs_.count; ++group) {
      Index i = inputs_.begin(group) * L, N = inputs_.size(group);
      Product made(stop - first, N);
      const Real* w = packed(group);
      for (auto& stretches : stretches_) w = add_columns(made, q_, stretches, first, w);
      for (Index r = 0; r < made.rows; ++r)
        for (Index v = 0; v < N; ++v)
          store(d_.xs + (first + r) * q_.I + i + v * L,
                load(made.z + (r * N + v) * L), q_.I - i - v * L);
    }
  }

  const Steps& q_;
  const StepGradients& d_;
  Team& team_;
  Groups units_, inputs_;
  Room room_;
  std::vector<const Real**> tables_;  // of the operand of every product
  std::vector<Real*> memory_;         // of the tables
  std::vector<Used> used_;
  // The columns of each product of the input, and how long a panel of all is.
  std::vector<std::vector<Stretch>> stretches_;
  Index input_length_ = 0;
  Real *panels_, *zeros_, *w_, *sums_;  // of narrow gradients until they are complete
  Index most_ = 0;                      // of these for a worker
};

}  // namespace
