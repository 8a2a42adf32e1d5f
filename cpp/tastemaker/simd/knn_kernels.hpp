// Entry points of the knn kernels; one set per ISA level.
#pragma once

namespace tastemaker::simd {

struct KnnKernels {};

}  // namespace tastemaker::simd
