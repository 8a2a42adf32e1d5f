// Bodies of the als kernels, compiled once per level (see isa.cpp).
#include "tastemaker/simd/als_kernels.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

constexpr AlsKernels als_kernels() {
    return {};
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
