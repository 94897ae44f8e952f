// What the compiler of cells hands to the runtime: a step as stages.
//
// A cell's step is a list of stages, and so is its way back. A stage is a function of
// some rows and one vector of units (L of them), generated from the cell's equations;
// before it runs, the products that it reads have been computed for these rows and
// units. It is cut wherever a value of *all* units is needed: at a product and at a sum
// over the units. Nothing here depends on the numbers of units, rows or features.

#pragma once

#include "vectors.h"

namespace {
namespace program {

// One vector of units per row: that of row r begins at `at + r * step`.
struct Ref {
  Real* at;
  int64_t step;
};

// What a stage is called with: some rows that follow each other, and the units of one
// vector.
struct Tile {
  int64_t rows, n;  // n of the L units exist
  const Ref* refs;  // as many as the stage has slots, in their order
  // olds[k][r]: leaf k of the carry of row r before the step.
  const Real* const* const* olds;
  const Real* const* sums;  // sums[i][r]: reduction i of row r, over all units
  Real* const* partial;     // partial[i][r]: what these units add to reduction i
  Real units;               // how many there are
};

// Where the numbers of a slot are. Vectors are counted over all arrays of a kind.
enum Kind : int32_t {
  PRODUCT,   // forward: vector `index` of all products; backward: the gradient of the
             // operand of product `index`
  STREAM,    // of the step: vector `index` of the streams            (T,B,*,H)
  VECTOR,    // one for all rows: vector `index` of the per-unit weights (*,H)
  ROW,       // one per row, the same at every step                     (B,*,H)
  NOW,       // leaf `index` of the carry after the step
  WIDE,      // column `index` of what is kept, and of the gradients of pre-activations
  BUFFER,    // of this step: what crosses stages
  GIVEN,     // backward: gradient of vector `index` of the output of the step
  AFTER,     // backward: gradient of leaf `index` of the carry after the step
  BEFORE,    // backward: gradient of leaf `index` of the carry before the step
  D_STREAM,  // backward: gradient of vector `index` of the streams; may be absent
  D_VECTOR,  // backward: sum over rows; a stage adds to it
  D_ROW,     // backward: sum over steps; a stage adds to it
};

struct Slot {
  Kind kind;
  int32_t index;
};

enum Operand : int32_t {
  INPUT,   // the input of the step: computed ahead, for some steps at a time
  CARRY,   // leaf `index` of the carry before the step
  STAGED,  // buffer `index`, kept in column `column`
};

// z[g] = from[g] + operand w[:, g, :], for a weight of (operand's size, vectors, H).
struct Product {
  Operand operand;
  int32_t index, column;
  int32_t vectors, first;  // its vectors are first ... first + vectors - 1 of all
  const int32_t* from;     // of an INPUT product: the vector to begin with, or -1
  const int32_t* columns;  // of WIDE: where the gradient of each vector is found
};

struct Stage {
  int32_t products, slots, sums;
  const int32_t* product;  // forward: vectors of these; backward: of their operands
  const Slot* slot;
  const int32_t* sum;  // the reductions that it adds to
  int32_t waits;       // whether it reads what other units have made: products, sums
  void (*run)(const Tile*);
};

struct Program {
  int32_t version;
  int32_t carries;
  int32_t shown;  // of these the output of a step is the first
  int32_t weights, streams, vectors, rows;  // arrays of each kind
  const int32_t *stream_widths, *vector_widths, *row_widths;  // vectors in each array
  int32_t width;           // columns of WIDE
  const int32_t* kept;     // per leaf: whether the way back reads it at every step
  int32_t products;        // one per weight array, in their order
  const Product* product;
  int32_t buffers[2], sums[2], stages[2];  // forward, backward
  const Stage* forward;
  const Stage* backward;
};

constexpr int32_t PROGRAM_VERSION = 1;

}  // namespace program
}  // namespace
