// The table through which the core reaches its per-ISA kernels. Plain types only: no std:: template may be
// instantiated in a file compiled with ISA flags, or the linker could keep that copy for everybody (SIGILL).
#pragma once

#include "tastemaker/simd/als_kernels.hpp"
#include "tastemaker/simd/knn_kernels.hpp"
#include "tastemaker/simd/sgd_kernels.hpp"
#include "tastemaker/simd/topn_kernels.hpp"

namespace tastemaker::simd {

struct Kernels {
    const char* name;
    AlsKernels als;
    KnnKernels knn;
    SgdKernels sgd;
    TopnKernels topn;
};

// One per level that this build compiled; isa.cpp defines them.
extern const Kernels kernels_baseline;
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
extern const Kernels kernels_neon;

}  // namespace tastemaker::simd
