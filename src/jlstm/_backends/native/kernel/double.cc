// The same kernel in float64, compiled where somebody asks for that; the softmax
// likelihood is not part of it.

#define JLSTM_DOUBLE
#include "kernel.cc"
