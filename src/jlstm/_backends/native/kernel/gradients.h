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
        memory_(q.cell.products) {
    for (Index p = 0; p < q.cell.products; ++p) plan(p);
    ask();
  }

  void run() {
    team_.each(q_.cell.products, [&](Index p, int) {
      if (memory_[p]) fill(p);
    });
    for (Index p = 0; p < q_.cell.products; ++p)
      tables_[p] = reinterpret_cast<const float**>(memory_[same_operand(p)]);
    if (d_.xs) team_.each(inputs_.count, [&](Index group, int) { pack(group); });
    Index columns = Index(used_.size()) * units_.count;
    Index blocks = d_.xs ? divide_up(rows(), ROWS) : 0;
    // Two tasks per thread at least: one that is late leaves little to wait for.
    Index parts = columns ? std::max<Index>(1, 2 * team_.size() / columns) : 1;
    team_.each(columns * parts + blocks, [&](Index i, int worker) {
      if (i < columns * parts)
        weights(used_[i / parts / units_.count], i / parts % units_.count, i % parts,
                parts, panels_ + worker * DEPTH * MOST_VECTORS * L);
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
      Index product, vector;
    };
    std::vector<Of> of;
  };

  Index rows() const { return q_.T * q_.B; }
  const program::Product& product(Index p) const { return q_.cell.product[p]; }
  bool of_input(Index p) const { return product(p).operand == program::INPUT; }
  Index size_of_operand(Index p) const { return of_input(p) ? q_.I : q_.H; }

  void plan(Index p) {
    if (of_input(p)) {
      add_stretches(product(p), stretches_);
      input_vectors_ += product(p).vectors;
    }
    if (!d_.weights[p]) return;
    for (Index g = 0; g < product(p).vectors; ++g) use(product(p).columns[g], p, g);
  }
  void use(Index column, Index p, Index g) {
    auto found = std::find_if(used_.begin(), used_.end(),
                              [&](const Used& used) { return used.column == column; });
    if (found == used_.end()) found = used_.insert(used_.end(), {column, {}});
    found->of.push_back({p, g});
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
    static_assert(sizeof(float*) <= 2 * sizeof(float));
    for (Index p = 0; p < q_.cell.products; ++p)
      room_.ask(memory_[p], same_operand(p) == p ? 2 * (rows() + AHEAD) : 0);
    room_.ask(panels_, team_.size() * DEPTH * MOST_VECTORS * L);
    room_.ask(zeros_, q_.H);
    room_.ask(w_, d_.xs ? inputs_.vectors * L * input_vectors_ * q_.H : 0);
    room_.give();
    std::fill_n(zeros_, q_.H, 0.0f);
  }

  // Rows by pointers: the shift by one step, resets and reversed time cost no copy. The
  // tables are longer than the rows, since the tiles fetch ahead.
  void fill(Index p) {
    const float** table = reinterpret_cast<const float**>(memory_[p]);
    for (Index s = 0; s < q_.T; ++s)
      for (Index m = 0; m < q_.B; ++m) table[q_.step(s) * q_.B + m] = operand(p, s, m);
    std::fill_n(table + rows(), AHEAD, table[0]);
  }
  const float* operand(Index p, Index s, Index m) const {
    Index row = q_.step(s) * q_.B + m, k = product(p).index;
    if (of_input(p)) return q_.xs + row * q_.I;
    if (product(p).operand == program::CARRY)
      return q_.before(k, s, m, s ? q_.after(k, s - 1) : nullptr);
    // A step that is not live has not written its column.
    Ref column = q_.column(product(p).column);
    return q_.is_live(s, m) ? column.at + row * column.step : zeros_;
  }

  // One pass over a column makes the gradients of all weights that it belongs to.
  void weights(const Used& used, Index group, Index part, Index parts, float* panel) {
    Index u = units_.begin(group) * L, N = units_.size(group);
    Index n = std::min(N * L, q_.H - u);
    Ref dz = q_.column(used.column);
    for (Index k = 0; k < rows(); k += DEPTH) {
      Index depth = std::min(DEPTH, rows() - k);
      for (Index i = 0; i < depth; ++i)
        for (Index v = 0; v < N; ++v)
          store(panel + (i * N + v) * L,
                load(dz.at + (k + i) * dz.step + u + v * L, n - v * L));
      for (auto [p, g] : used.of) {
        Index count = size_of_operand(p);
        accumulate(tables_[p] + k, count * part / parts, count * (part + 1) / parts, depth,
                   panel, N, n, k == 0, d_.weights[p] + g * q_.H + u,
                   product(p).vectors * q_.H);
      }
    }
  }

  float* packed(Index group) const {
    return w_ + inputs_.begin(group) * L * input_vectors_ * q_.H;
  }
  void pack(Index group) {
    float* out = packed(group);
    for (Index p = 0; p < q_.cell.products; ++p) {
      if (!of_input(p)) continue;
      Index length = product(p).vectors * q_.H, N = inputs_.size(group);
      pack_transposed(q_.weights[p], q_.I, length, inputs_.begin(group) * L, N, 0, length,
                      out);
      out += length * N * L;
    }
  }

  // d_xs = dz w^T for some rows of all steps.
  void inputs(Index first, Index stop) {
    for (Index group = 0; group < inputs_.count; ++group) {
      Index i = inputs_.begin(group) * L, N = inputs_.size(group);
      Product made(stop - first, N);
      add_columns(made, q_, stretches_, first, packed(group));
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
  std::vector<const float**> tables_;  // of the operand of every product
  std::vector<float*> memory_;         // of the tables
  std::vector<Used> used_;
  std::vector<Stretch> stretches_;     // the columns of all products of the input
  Index input_vectors_ = 0;
  float *panels_, *zeros_, *w_;
};

}  // namespace
