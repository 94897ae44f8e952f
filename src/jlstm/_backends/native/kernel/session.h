// A cell that is stepped from outside XLA: its weights are packed once, its carry stays.

#pragma once

#include <cstdio>

#include "cells_api.h"
#include "crew.h"

namespace {

// An array as Python hands it over; its size is compared with what must be there.
struct Given {
  const void* at;
  int64_t count;
};

class Session {
 public:
  // `given`: the weights, of some kind of numbers (of BYTE they come as float32), the vectors and the rows of a cell, in
  // their order. All are copied or packed.
  Session(const Program& cell, Index B, Index I, Index H, const Given* given, Index count,
          Numbers numbers, int threads)
      : q_{cell, 1, B, I, H, false, nullptr, {}, numbers, {}, {}, {}, {}, {}, nullptr, nullptr,
           {}, nullptr},
        team_(Crew::of_process(), threads) {
    require(B > 0 && H > 0 && I > 0, "a session has no rows, units or features");
    require(count == cell.weights + cell.vectors + cell.rows,
            "a session is given another number of arrays");
    for (Index p = 0; p < cell.products; ++p)
      q_.weights.push_back(
          checked("weight", *given++, size_of_operand(q_, p) * cell.product[p].vectors * H));
    keep(given, cell.vectors, cell.vector_widths, H, q_.vectors);
    keep(given, cell.rows, cell.row_widths, B * H, q_.rows);
    for (Index i = 0; i < cell.streams; ++i)
      add_vectors(nullptr, cell.stream_widths[i], H, q_.streams);
    for (auto& carry : carries_) carry.resize(cell.carries * leaf());
    q_.first.resize(cell.carries);
    q_.all.resize(cell.carries);
    point();
    run_.emplace(q_, last_, team_, SESSION);
    run_->pack();
  }

  // Takes T steps. `read`: the input, if the cell multiplies it, and the streams, each
  // with time first. `shown` gets the output, (T, shown, B, H).
  void run(Index T, const Real* const* read, Real* shown) {
    for (Index t = 0; t < T; ++t) {
      read_step(t, read);
      run_->advance();
      std::swap(carries_[0], carries_[1]);
      point();
      std::copy_n(carries_[0].data(), q_.cell.shown * leaf(), shown);
      shown += q_.cell.shown * leaf();
    }
  }

  // All leaves of the carry, one after the other.
  void get(Real* to) const { std::copy_n(carries_[0].data(), carries_[0].size(), to); }
  void set(const Real* from) { std::copy_n(from, carries_[0].size(), carries_[0].data()); }

 private:
  static const void* checked(const char* name, Given array, Index count) {
    require(array.count == count, std::string("a ") + name + " of a session has " +
                                      std::to_string(array.count) + " numbers, not " +
                                      std::to_string(count));
    return array.at;
  }

  void keep(const Given*& given, Index count, const int32_t* widths, Index one,
            std::vector<Ref>& vectors) {
    for (Index i = 0; i < count; ++i) {
      auto* from = static_cast<const Real*>(checked("vector", *given++, widths[i] * one));
      kept_.emplace_back(from, from + widths[i] * one);
      add_vectors(kept_.back().data(), widths[i], q_.H, vectors);
    }
  }

  Index leaf() const { return q_.B * q_.H; }

  // The carry is read from the first array, and the next one written to the second.
  void point() {
    for (Index k = 0; k < q_.carries(); ++k) {
      q_.first[k] = carries_[0].data() + k * leaf();
      q_.all[k] = carries_[1].data() + k * leaf();
    }
  }

  void read_step(Index t, const Real* const* read) {
    if (has_input_) q_.xs = *read++ + t * q_.B * q_.I;
    Ref* vector = q_.streams.data();
    for (Index i = 0; i < q_.cell.streams; ++i, ++read) {
      Index width = q_.cell.stream_widths[i];
      for (Index n = 0; n < width; ++n, ++vector)
        vector->at = const_cast<Real*>(*read) + (t * q_.B * width + n) * q_.H;
    }
  }

  Steps q_;
  const bool has_input_ = has_input(q_.cell);
  const std::vector<Real*> last_;        // nothing: all leaves are at hand
  std::vector<std::vector<Real>> kept_;  // vectors and rows
  std::vector<Real> carries_[2];         // before and after a step
  Team team_;
  std::optional<RunForward> run_;
};

}  // namespace

// Nothing may be thrown to who calls from C. Returns null, and says why, if there is no
// such session.
extern "C" void* jlstm_session_new(const char* key, int64_t rows, int64_t features,
                                   int64_t units, const void* given, int64_t count,
                                   int64_t numbers, int64_t threads, char* said,
                                   int64_t room) {
  try {
    return new Session(find_cell(key), rows, features, units,
                       static_cast<const Given*>(given), count, Numbers(numbers),
                       int(threads));
  } catch (const std::bad_alloc&) {
    std::snprintf(said, size_t(room), "no memory for a session");
  } catch (const std::exception& error) {
    std::snprintf(said, size_t(room), "%s", error.what());
  }
  return nullptr;
}
// Returns whether all steps were taken: threads are called with a little memory.
extern "C" bool jlstm_session_run(void* session, int64_t steps, const Real* const* read,
                                  Real* shown) {
  try {
    static_cast<Session*>(session)->run(steps, read, shown);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}
extern "C" void jlstm_session_get(const void* session, Real* carry) {
  static_cast<const Session*>(session)->get(carry);
}
extern "C" void jlstm_session_set(void* session, const Real* carry) {
  static_cast<Session*>(session)->set(carry);
}
extern "C" void jlstm_session_free(void* session) { delete static_cast<Session*>(session); }
