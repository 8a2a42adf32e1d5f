// Bodies of the knn kernels, compiled once per level (see isa.cpp).
#include "tastemaker/simd/knn_kernels.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

constexpr KnnKernels knn_kernels() {
    return {};
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
