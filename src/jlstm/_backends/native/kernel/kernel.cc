// LSTM and GRU (reset after) over a whole sequence, and the softmax likelihood after
// them: forward and backward, in float32.
//
// Compiled by build.py on the machine that runs it, for exactly its processor, so the
// vectors are as wide as the registers are. The mathematics is that of jlstm/cells and
// jlstm/losses/tokens.py; here it is arranged so that little leaves the caches:
//
// * weights are packed once a call into panels: a few vectors of units, all gates of
//   them side by side, one row after the other;
// * a tile of some rows of the batch times one panel is multiplied in registers, and
//   the gates are applied to it before it is stored;
// * the input of some steps at a time is projected just before the steps read it;
// * the gradients of the weights are single products over all steps.
//
// Rows of the batch are shared out to threads; where they are few and the recurrent
// weight is large, units are, and the threads wait for each other after every step.

#include "recurrent.h"
#include "softmax.h"

namespace {

auto binding(const char* option) {
  return ffi::Ffi::Bind()
      .Ctx<ffi::ThreadPool>()
      .RemainingArgs()
      .RemainingRets()
      .Attr<bool>(option);
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(lstm_forward, forward<Lstm>, binding("reverse"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(lstm_backward, backward<Lstm>, binding("reverse"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(gru_forward, forward<Gru>, binding("reverse"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(gru_backward, backward<Gru>, binding("reverse"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(nll_forward, softmax_forward, binding("tied"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(nll_backward, softmax_backward, binding("tied"));
