// Any cell as XLA calls it.

#pragma once

#include <algorithm>
#include <string_view>

#include "calls.h"
#include "gradients.h"
#include "registry.h"
#include "run_forward.h"

namespace {

using program::Program;

// "weight 2", for a message.
std::string nth(const char* name, Index i) {
  return std::string(name) + " " + std::to_string(i);
}

void add_vectors(Real* array, Index width, Index H, std::vector<Ref>& vectors) {
  for (Index i = 0; i < width; ++i)
    vectors.push_back({array ? array + i * H : nullptr, width * H});
}

// Sizes are read off arrays that every call has: the carry and what comes out.
Steps sized(const Program& cell, ffi::RemainingArgs& args, ffi::AnyBuffer hs) {
  size_t carry = 1 + cell.weights + cell.streams + cell.vectors + cell.rows;
  require(args.size() > carry, "a call has too few arrays");
  auto [B, H] = Array("carry 0", buffer_of(args, carry)).sizes<2>();
  Index T = Array("hs 0", hs).sizes<3>()[0], I = 0;
  require(H > 0, "there are no units");
  for (Index p = 0; p < cell.products; ++p)
    if (cell.product[p].operand == program::INPUT)
      I = Array("xs", buffer_of(args, 0)).sizes<3>()[2];
  return {cell, T, B, I, H, false, nullptr, {}, REAL, {}, {}, {}, {}, {}, nullptr,
          nullptr, {}, nullptr};
}

bool has_input(const Program& cell) {
  return std::any_of(cell.product, cell.product + cell.products, [](auto& product) {
    return product.operand == program::INPUT;
  });
}
Index size_of_operand(const Steps& q, Index p) {
  return q.cell.product[p].operand == program::INPUT ? q.I : q.H;
}

// As many arrays as `read_steps` takes.
size_t count_of_inputs(const Program& cell) {
  return 1 + cell.weights + cell.streams + cell.vectors + cell.rows + 2 * cell.carries + 2;
}

void read_steps(Inputs& in, Steps& q) {
  const Program& cell = q.cell;
  auto read_only = [](const Real* array) { return const_cast<Real*>(array); };
  q.xs = in.take_if(has_input(cell), "xs", {q.T, q.B, q.I});
  require(!has_input(cell) || q.I > 0, "there are no features");
  if (cell.products) q.numbers = in.numbers("weight 0");
  for (Index p = 0; p < cell.products; ++p)
    q.weights.push_back(in.take(nth("weight", p).c_str(),
                                {size_of_operand(q, p), cell.product[p].vectors, q.H},
                                q.numbers));
  for (Index i = 0; i < cell.streams; ++i) {
    Index width = cell.stream_widths[i];
    auto* array = in.take(nth("stream", i).c_str(), {q.T, q.B, width, q.H});
    add_vectors(read_only(array), width, q.H, q.streams);
  }
  for (Index i = 0; i < cell.vectors; ++i) {
    Index width = cell.vector_widths[i];
    auto* array = in.take(nth("vector", i).c_str(), {width, q.H});
    add_vectors(read_only(array), width, q.H, q.vectors);
  }
  for (Index i = 0; i < cell.rows; ++i) {
    Index width = cell.row_widths[i];
    auto* array = in.take(nth("row", i).c_str(), {q.B, width, q.H});
    add_vectors(read_only(array), width, q.H, q.rows);
  }
  for (Index k = 0; k < cell.carries; ++k)
    q.first.push_back(in.take(nth("carry", k).c_str(), {q.B, q.H}));
  bool fresh = true;
  for (Index k = 0; k < cell.carries; ++k) {
    q.fresh.push_back(in.maybe(nth("fresh carry", k).c_str(), {q.B, q.H}));
    fresh = fresh && (q.fresh[k] || q.B == 0);
  }
  q.live = in.maybe<const bool>("live", {q.T, q.B});
  q.resets = in.maybe<const bool>("resets", {q.T, q.B});
  require(!q.resets || fresh, "there are resets, but no fresh carry");
}

// What the stages of a way cannot do without, before any of them runs.
void check_kept(const Steps& q) {
  for (Index p = 0; p < q.cell.products; ++p)
    require(q.cell.product[p].operand != program::CARRY || q.cell.product[p].index == 0 ||
                q.cell.kept[q.cell.product[p].index],
            "a product reads a carry that is not kept");
}

ffi::Error cell_forward_call(ffi::ThreadPool pool, ffi::RemainingArgs args,
                             ffi::RemainingRets rets, std::string_view key,
                             bool reverse) {
  return answer([&] {
    const Program& cell = find_cell(key);
    Inputs in(args, count_of_inputs(cell));
    Outputs out(rets, 2 * cell.carries - cell.shown + 1);
    Steps q = sized(cell, args, buffer_of(rets, 0));
    q.reverse = reverse;
    read_steps(in, q);
    for (Index k = 0; k < cell.shown; ++k)
      q.all.push_back(out.take(nth("hs", k).c_str(), {q.T, q.B, q.H}));
    std::vector<Real*> last;
    for (Index k = cell.shown; k < cell.carries; ++k)
      last.push_back(out.take(nth("last carry", k).c_str(), {q.B, q.H}));
    for (Index k = cell.shown; k < cell.carries; ++k)
      q.all.push_back(out.maybe(nth("all of carry", k).c_str(), {q.T, q.B, q.H}));
    q.wide = out.maybe("wide", {q.T, q.B, cell.width, q.H});
    for (Index k = 1; k < cell.carries; ++k)
      require(!q.wide || !cell.kept[k] || q.all[k], "what is kept lacks a carry");
    XlaThreads helpers(pool);
    Team team(helpers);
    RunForward(q, last, team).run();
  });
}

// What the way back reads of the way forward, and the gradients that it is given.
void read_kept(Inputs& in, Steps& q, StepGradients& d, const Real*& wide) {
  const Program& cell = q.cell;
  for (Index k = 0; k < cell.shown; ++k)  // only read
    q.all.push_back(const_cast<Real*>(in.take(nth("hs", k).c_str(), {q.T, q.B, q.H})));
  for (Index k = cell.shown; k < cell.carries; ++k)
    q.all.push_back(const_cast<Real*>(
        in.take_if(cell.kept[k], nth("all of carry", k).c_str(), {q.T, q.B, q.H})));
  wide = in.take_if(cell.width > 0, "wide", {q.T, q.B, cell.width, q.H});
  for (Index k = 0; k < cell.shown; ++k)
    d.hs.push_back(in.take(nth("d_hs", k).c_str(), {q.T, q.B, q.H}));
  for (Index k = cell.shown; k < cell.carries; ++k)
    d.last.push_back(in.take(nth("d_last carry", k).c_str(), {q.B, q.H}));
}

void read_gradients(Outputs& out, const Steps& q, StepGradients& d) {
  const Program& cell = q.cell;
  d.xs = has_input(cell) ? out.maybe("d_xs", {q.T, q.B, q.I})
                         : out.take_if(false, "d_xs", {0});
  for (Index p = 0; p < cell.products; ++p)
    d.weights.push_back(out.maybe(nth("d_weight", p).c_str(),
                                  {size_of_operand(q, p), cell.product[p].vectors, q.H},
                                  q.numbers));
  for (Index i = 0; i < cell.streams; ++i) {
    Index width = cell.stream_widths[i];
    add_vectors(out.maybe(nth("d_stream", i).c_str(), {q.T, q.B, width, q.H}), width, q.H,
                d.streams);
  }
  for (Index i = 0; i < cell.vectors; ++i) {
    Index width = cell.vector_widths[i];
    add_vectors(out.maybe(nth("d_vector", i).c_str(), {width, q.H}), width, q.H,
                d.vectors);
  }
  for (Index i = 0; i < cell.rows; ++i) {
    Index width = cell.row_widths[i];
    add_vectors(out.maybe(nth("d_row", i).c_str(), {q.B, width, q.H}), width, q.H, d.rows);
  }
  for (Index k = 0; k < cell.carries; ++k)
    d.first.push_back(out.take(nth("d_carry", k).c_str(), {q.B, q.H}));
  bool fresh = true;
  for (Index k = 0; k < cell.carries; ++k) {
    d.fresh.push_back(out.maybe(nth("d_fresh carry", k).c_str(), {q.B, q.H}));
    fresh = fresh && (d.fresh[k] || q.B == 0);
  }
  require(!q.resets || fresh,
          "there are resets, but no place for the gradient of the fresh carry");
}

// Without a step, only the carry passes a gradient on.
void pass_on(const Steps& q, const StepGradients& d) {
  for (Index p = 0; p < q.cell.products; ++p)
    clear(d.weights[p], q.numbers,
          size_of_operand(q, p) * q.cell.product[p].vectors * q.H);
  for (Ref vector : d.vectors) clear(vector.at, q.H);
  for (Ref row : d.rows) clear_rows(row, q.B, q.H);
  for (Real* fresh : d.fresh) clear(fresh, q.B * q.H);
  for (Index k = 0; k < q.cell.shown; ++k) clear(d.first[k], q.B * q.H);
  for (Index k = q.cell.shown; k < q.carries(); ++k)
    std::copy_n(d.last[k - q.cell.shown], q.B * q.H, d.first[k]);
}

ffi::Error cell_backward_call(ffi::ThreadPool pool, ffi::RemainingArgs args,
                              ffi::RemainingRets rets, std::string_view key,
                              bool reverse) {
  return answer([&] {
    const Program& cell = find_cell(key);
    size_t inputs = count_of_inputs(cell);
    Inputs in(args, inputs + 2 * cell.carries + 1);
    Outputs out(rets, 2 + cell.weights + cell.streams + cell.vectors + cell.rows +
                          2 * cell.carries);
    Steps q = sized(cell, args, buffer_of(args, inputs));
    q.reverse = reverse;
    read_steps(in, q);
    StepGradients d{};
    const Real* wide;
    read_kept(in, q, d, wide);
    q.wide = out.take_if(cell.width > 0, "wide", {q.T, q.B, cell.width, q.H});
    read_gradients(out, q, d);
    check_kept(q);
    if (q.T * q.B == 0) return pass_on(q, d);
    if (wide != q.wide)  // if XLA does not give both the same memory
      std::copy_n(wide, q.T * q.B * cell.width * q.H, q.wide);
    XlaThreads helpers(pool);
    Team team(helpers);
    RunBackward(q, d, team).run();
    Reduce(q, d, team).run();
  });
}

}  // namespace
