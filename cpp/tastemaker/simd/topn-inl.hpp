// Bodies of the topn kernels, compiled once per level (see isa.cpp).
#include "tastemaker/simd/topn_kernels.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

constexpr TopnKernels topn_kernels() {
    return {};
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
