// LSTM and GRU as XLA calls them.

#pragma once

#include "backward.h"
#include "calls.h"
#include "forward.h"

namespace {

// As many as SequenceInputs of native/sequence.py has, in its order.
constexpr size_t SEQUENCE_INPUTS = 11;

template <class Cell>
Sequence read_sequence(Inputs& in, bool reverse) {
  constexpr Index G = Cell::gates;
  constexpr bool has_c = Cell::has_c;
  Sequence q{};
  q.reverse = reverse;
  auto [T, B, I] = in.sizes<3>("xs");
  q.T = T, q.B = B, q.I = I;
  q.xs = in.take("xs", {T, B, I});
  Index H = in.sizes<3>("w_ih")[2];
  q.H = H;
  require(I > 0 && H > 0, "there are no features or no units");
  q.w_ih = in.take("w_ih", {I, G, H});
  q.w_hh = in.take("w_hh", {H, G, H});
  q.b = in.maybe("b", {G, H});
  q.b_hn = has_c ? in.take_if(false, "b_hn", {H}) : in.maybe("b_hn", {H});
  q.h0 = in.take("h", {B, H});
  q.c0 = in.take_if(has_c, "c", {B, H});
  q.fresh_h = in.maybe("fresh_h", {B, H});
  q.fresh_c = has_c ? in.maybe("fresh_c", {B, H}) : in.take_if(false, "fresh_c", {0});
  q.live = in.maybe<const bool>("live", {T, B});
  q.resets = in.maybe<const bool>("resets", {T, B});
  require(!q.resets || (q.fresh_h && (q.fresh_c || !has_c)),
          "there are resets, but no fresh carry");
  return q;
}

template <class Cell>
ffi::Error forward(ffi::ThreadPool pool, ffi::RemainingArgs args,
                   ffi::RemainingRets rets, bool reverse) {
  return answer([&] {
    Inputs in(args, SEQUENCE_INPUTS);
    Outputs out(rets, 4);
    Sequence q = read_sequence<Cell>(in, reverse);
    q.hs = out.take("hs", {q.T, q.B, q.H});
    q.c = out.take_if(Cell::has_c, "new_c", {q.B, q.H});
    q.cs = out.maybe("cs", {q.T, q.B, q.H});
    q.kept = out.maybe("kept", {q.T, q.B, 4 * q.H});
    require(!q.kept || !Cell::has_c || q.cs, "gates are kept, but no cell states");
    Team team(pool);
    Forward<Cell>(q, team).run();
  });
}

// What the backward pass reads of the forward pass.
template <class Cell>
void read_kept(Inputs& in, Sequence& q, Gradients& d) {
  auto taken = [&](bool wanted, const char* name, Shape shape) {
    return const_cast<float*>(in.take_if(wanted, name, shape));  // only read here
  };
  q.hs = taken(true, "hs", {q.T, q.B, q.H});
  q.cs = taken(Cell::has_c, "cs", {q.T, q.B, q.H});
  q.kept = taken(true, "kept", {q.T, q.B, 4 * q.H});
  d.hs = in.take("d_hs", {q.T, q.B, q.H});
  d.c = in.take_if(Cell::has_c, "d_new_c", {q.B, q.H});
}

template <class Cell>
void read_gradients(Outputs& out, const Sequence& q, Gradients& d) {
  constexpr Index G = Cell::gates;
  constexpr bool has_c = Cell::has_c;
  d.dz = out.take("dz", {q.T, q.B, 4 * q.H});
  d.xs = out.maybe("d_xs", {q.T, q.B, q.I});
  d.w_ih = out.maybe("d_w_ih", {q.I, G, q.H});
  // Both weights or none: one pass over dz makes the gradients of both.
  d.w_hh = out.take_if(d.w_ih, "d_w_hh", {q.H, G, q.H});
  d.b = out.maybe("d_b", {G, q.H});
  d.b_hn = out.maybe("d_b_hn", {q.H});
  d.h0 = out.take("d_h", {q.B, q.H});
  d.c0 = out.take_if(has_c, "d_c", {q.B, q.H});
  d.fresh_h = out.maybe("d_fresh_h", {q.B, q.H});
  d.fresh_c = out.maybe("d_fresh_c", {q.B, q.H});
  require(!q.resets || (d.fresh_h && (d.fresh_c || !has_c)),
          "there are resets, but no place for the gradient of the fresh carry");
}

template <class Cell>
ffi::Error backward(ffi::ThreadPool pool, ffi::RemainingArgs args,
                    ffi::RemainingRets rets, bool reverse) {
  return answer([&] {
    Inputs in(args, SEQUENCE_INPUTS + 5);
    Outputs out(rets, 10);
    Sequence q = read_sequence<Cell>(in, reverse);
    Gradients d{};
    read_kept<Cell>(in, q, d);
    read_gradients<Cell>(out, q, d);
    Team team(pool);
    Backward<Cell>(q, d, team).run();
  });
}

}  // namespace
