// Any cell over a whole sequence, and the softmax likelihood after one: forward and
// backward, in float32; with JLSTM_DOUBLE any cell in float64.
//
// Compiled by build.py on the machine that runs it, for exactly its processor, so the
// vectors are as wide as the registers are. What happens in a step is not here: it is
// generated from the equations of a cell (../equations), and compiled by itself. Here it
// is arranged so that little leaves the caches:
//
// * weights are packed once a call into panels: a few vectors of units, all gates of
//   them side by side, one row after the other;
// * a tile of some rows of the batch times one panel is multiplied in registers, and
//   a stage of the step is applied to it at once;
// * the input of some steps at a time is projected just before the steps read it;
// * the gradients of the weights are single products over all steps.
//
// Rows of the batch are shared out to threads; where they are few and the recurrent
// weights are large, units are, and the threads wait for each other before every stage
// that reads what all units have made.

#include "cells_api.h"
#include "session.h"

namespace {

auto cell_binding() {
  return ffi::Ffi::Bind()
      .Ctx<ffi::ThreadPool>()
      .RemainingArgs()
      .RemainingRets()
      .Attr<std::string_view>("cell")
      .Attr<bool>("reverse");
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(cell_forward, cell_forward_call, cell_binding());
XLA_FFI_DEFINE_HANDLER_SYMBOL(cell_backward, cell_backward_call, cell_binding());

#if !defined(JLSTM_DOUBLE)

#include "softmax.h"

namespace {

auto softmax_binding() {
  return ffi::Ffi::Bind()
      .Ctx<ffi::ThreadPool>()
      .RemainingArgs()
      .RemainingRets()
      .Attr<bool>("tied");
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(nll_forward, softmax_forward, softmax_binding());
XLA_FFI_DEFINE_HANDLER_SYMBOL(nll_backward, softmax_backward, softmax_binding());

#endif
