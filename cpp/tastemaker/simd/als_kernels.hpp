// Entry points of the als kernels; one set per ISA level.
#pragma once

namespace tastemaker::simd {

struct AlsKernels {};

}  // namespace tastemaker::simd
