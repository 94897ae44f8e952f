// The softmax likelihood as XLA calls it.

#pragma once

#include "calls.h"
#include "likelihood.h"

namespace {

constexpr size_t SOFTMAX_INPUTS = 4;

Softmax read_softmax(Inputs& in, bool tied) {
  Softmax q{};
  q.tied = tied;
  auto [N, H] = in.sizes<2>("hs");
  q.N = N, q.H = H;
  q.hs = in.take("hs", {N, H});
  auto [rows, columns] = in.sizes<2>("w");
  q.C = tied ? rows : columns;
  require(H > 0 && q.C > 0, "there are no features or no classes");
  q.w = tied ? in.take("w", {q.C, H}) : in.take("w", {H, q.C});
  q.b = in.maybe("b", {q.C});
  q.targets = in.take<const int32_t>("targets", {N});
  return q;
}

// Room for the logits of all rows; what is asked for is a bound for all processors.
Index panels_of(const Softmax& q) { return q.N * divide_up(q.C, 16) * 16; }

ffi::Error softmax_forward(ffi::ThreadPool pool, ffi::RemainingArgs args,
                           ffi::RemainingRets rets, bool tied) {
  return answer([&] {
    Inputs in(args, SOFTMAX_INPUTS);
    Outputs out(rets, 3);
    Softmax q = read_softmax(in, tied);
    q.nll = out.take("nll", {q.N});
    q.lse = out.take("lse", {q.N});
    q.z = out.maybe("logits", {panels_of(q)});
    XlaThreads helpers(pool);
    Team team(helpers);
    SoftmaxForward(q, team).run();
  });
}

ffi::Error softmax_backward(ffi::ThreadPool pool, ffi::RemainingArgs args,
                            ffi::RemainingRets rets, bool tied) {
  return answer([&] {
    Inputs in(args, SOFTMAX_INPUTS + 3);
    Outputs out(rets, 4);
    Softmax q = read_softmax(in, tied);
    SoftmaxGradients d{};
    q.lse = const_cast<float*>(in.take("lse", {q.N}));  // only read here
    const float* logits = in.take("logits", {panels_of(q)});
    d.nll = in.take("d_nll", {q.N});
    q.z = out.take("dz", {panels_of(q)});
    if (logits != q.z) std::copy_n(logits, panels_of(q), q.z);  // if XLA does not
    d.hs = out.maybe("d_hs", {q.N, q.H});
    d.w = q.tied ? out.maybe("d_w", {q.C, q.H}) : out.maybe("d_w", {q.H, q.C});
    d.b = out.maybe("d_b", {q.C});
    XlaThreads helpers(pool);
    Team team(helpers);
    SoftmaxBackward(q, d, team).run();
  });
}

}  // namespace
