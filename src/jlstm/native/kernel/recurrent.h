// LSTM and GRU as XLA calls them.

#pragma once

#include "backward.h"
#include "calls.h"
#include "forward.h"

namespace {

Sequence read_sequence(Inputs& in, bool reverse) {
  Sequence q{};
  ffi::AnyBuffer xs = in.buffer();
  q.T = xs.dimensions()[0], q.B = xs.dimensions()[1], q.I = xs.dimensions()[2];
  q.reverse = reverse;
  q.xs = data<const float>(xs);
  q.w_ih = in.floats();
  ffi::AnyBuffer w_hh = in.buffer();
  q.H = w_hh.dimensions()[0];
  q.w_hh = data<const float>(w_hh);
  q.b = in.floats(), q.b_hn = in.floats();
  q.h0 = in.floats(), q.c0 = in.floats();
  q.fresh_h = in.floats(), q.fresh_c = in.floats();
  q.live = in.flags(), q.resets = in.flags();
  return q;
}

template <class Cell>
ffi::Error forward(ffi::ThreadPool pool, ffi::RemainingArgs args,
                   ffi::RemainingRets rets, bool reverse) {
  Inputs in{args};
  Outputs out{rets};
  Sequence q = read_sequence(in, reverse);
  q.hs = out.floats(), q.c = out.floats(), q.cs = out.floats(), q.kept = out.floats();
  Team team(pool);
  return guarded([&] { Forward<Cell>(q, team).run(); });
}

template <class Cell>
ffi::Error backward(ffi::ThreadPool pool, ffi::RemainingArgs args,
                    ffi::RemainingRets rets, bool reverse) {
  Inputs in{args};
  Outputs out{rets};
  Sequence q = read_sequence(in, reverse);
  Gradients d{};
  // The forward pass wrote what is only read here.
  q.hs = const_cast<float*>(in.floats()), q.cs = const_cast<float*>(in.floats());
  q.kept = const_cast<float*>(in.floats());
  d.hs = in.floats(), d.c = in.floats();
  d.dz = out.floats(), d.xs = out.floats(), d.w_ih = out.floats();
  d.w_hh = out.floats(), d.b = out.floats(), d.b_hn = out.floats();
  d.h0 = out.floats(), d.c0 = out.floats();
  d.fresh_h = out.floats(), d.fresh_c = out.floats();
  Team team(pool);
  return guarded([&] { Backward<Cell>(q, d, team).run(); });
}

}  // namespace
