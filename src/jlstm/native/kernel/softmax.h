// The softmax likelihood as XLA calls it.

#pragma once

#include "calls.h"
#include "likelihood.h"

namespace {

Softmax read_softmax(Inputs& in, bool tied) {
  Softmax q{};
  ffi::AnyBuffer hs = in.buffer(), w = in.buffer();
  q.N = hs.dimensions()[0], q.H = hs.dimensions()[1];
  q.C = w.dimensions()[tied ? 0 : 1];
  q.tied = tied;
  q.hs = data<const float>(hs), q.w = data<const float>(w), q.b = in.floats();
  q.targets = data<const int32_t>(in.buffer());
  return q;
}

ffi::Error softmax_forward(ffi::ThreadPool pool, ffi::RemainingArgs args,
                           ffi::RemainingRets rets, bool tied) {
  Inputs in{args};
  Outputs out{rets};
  Softmax q = read_softmax(in, tied);
  q.nll = out.floats(), q.lse = out.floats(), q.z = out.floats();
  Team team(pool);
  return guarded([&] { SoftmaxForward(q, team).run(); });
}

ffi::Error softmax_backward(ffi::ThreadPool pool, ffi::RemainingArgs args,
                            ffi::RemainingRets rets, bool tied) {
  Inputs in{args};
  Outputs out{rets};
  Softmax q = read_softmax(in, tied);
  SoftmaxGradients d{};
  q.lse = const_cast<float*>(in.floats());
  in.floats();  // the logits, which lie where their gradients will
  d.nll = in.floats();
  q.z = out.floats();
  d.hs = out.floats(), d.w = out.floats(), d.b = out.floats();
  Team team(pool);
  return guarded([&] { SoftmaxBackward(q, d, team).run(); });
}

}  // namespace
