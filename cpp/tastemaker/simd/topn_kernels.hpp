// Entry points of the topn kernels; one set per ISA level.
#pragma once

namespace tastemaker::simd {

struct TopnKernels {};

}  // namespace tastemaker::simd
