// Compiled once per level: CMake defines TASTEMAKER_ISA as baseline, avx2, avx512 or neon and sets the flags.
#include "tastemaker/simd/kernels.hpp"
#include "tastemaker/simd/vec-inl.hpp"
// vec-inl.hpp first: the kernels below are written in its terms.
#include "tastemaker/simd/als-inl.hpp"
#include "tastemaker/simd/knn-inl.hpp"
#include "tastemaker/simd/sgd-inl.hpp"
#include "tastemaker/simd/topn-inl.hpp"

#define TASTEMAKER_JOIN_(a, b) a##b
#define TASTEMAKER_JOIN(a, b) TASTEMAKER_JOIN_(a, b)
#define TASTEMAKER_STRING_(a) #a
#define TASTEMAKER_STRING(a) TASTEMAKER_STRING_(a)

namespace tastemaker::simd {

const Kernels TASTEMAKER_JOIN(kernels_, TASTEMAKER_ISA) = {
    TASTEMAKER_STRING(TASTEMAKER_ISA), TASTEMAKER_ISA::als_kernels(),  TASTEMAKER_ISA::knn_kernels(),
    TASTEMAKER_ISA::sgd_kernels(),     TASTEMAKER_ISA::topn_kernels(),
};

}  // namespace tastemaker::simd
