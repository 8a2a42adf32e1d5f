// The exact solution of one row.
#pragma once

#include <algorithm>
#include <string>

#include "tastemaker/als/problem.hpp"

namespace tastemaker::als {

// Scratch of one worker: A with b as its last columns, and a panel of rows of Y.
struct CholeskyScratch {
    explicit CholeskyScratch(offset_t size)
        : stride(size + simd::als_padding),
          a(checked_mul(size, stride)),
          b(size),
          inverse(size),
          raw(checked_mul(panel_rows, size)),
          scaled(checked_mul(panel_rows, size)) {}

    offset_t stride;
    AlignedBuffer<float> a, b, inverse, raw, scaled;
};

// Writes the upper triangle of A + jitter I and the column b. Padding rows become rows of the identity.
inline void write_system(const simd::AlsKernels& kernels, const Shared& shared, const Problem& problem,
                         const SparseRow& row, double jitter, CholeskyScratch& s) {
    const offset_t size = shared.size();
    const float ridge = problem.ridge(row.size(), shared.y.rows) + static_cast<float>(jitter);
    for (offset_t i = 0; i < size; ++i) {
        float* a = s.a.data() + i * s.stride;
        const offset_t first = i / simd::als_padding * simd::als_padding;  // where the kernels' strips may start
        std::copy(shared.gram + i * size + first, shared.gram + (i + 1) * size, a + first);
        a[i] = i < shared.y.cols ? a[i] + ridge : 1.0f;
    }
    std::fill(s.b.begin(), s.b.end(), 0.0f);
    for (offset_t begin = 0; begin < row.size(); begin += panel_rows) {
        const offset_t n = std::min(panel_rows, row.size() - begin);
        const index_t* columns = row.indices.data() + begin;
        alignas(64) float w[panel_rows], c[panel_rows];
        write_terms(problem, row.part(begin, begin + n), w, c);
        kernels.gather(shared.y.data, size, columns, n, w, s.raw.data(), s.scaled.data());
        kernels.syrk(s.scaled.data(), s.raw.data(), n, size, 0, size, s.a.data(), s.stride);
        kernels.axpys(shared.y.data, size, columns, n, c, s.b.data());
    }
    for (offset_t i = 0; i < size; ++i) {
        s.a[i * s.stride + size] = s.b[i];
    }
}

// Sets x to the solution of A x = b. Rounding can make a tiny pivot negative where `reg` is (nearly) zero: then the
// diagonal gets a little more, at most 1e-2 of its mean. Throws NumericalError when that is not enough.
inline void solve_cholesky(const simd::AlsKernels& kernels, const Shared& shared, const Problem& problem,
                           const SparseRow& row, float* x, CholeskyScratch& s) {
    const offset_t size = shared.size();
    const offset_t rows = round_up(shared.y.cols, 4);
    write_system(kernels, shared, problem, row, 0, s);
    double trace = 0;
    for (offset_t i = 0; i < shared.y.cols; ++i) {
        trace += s.a[i * s.stride + i];
    }
    const double mean = trace / shared.y.cols;
    for (const double jitter : {0.0, 1e-6, 1e-4, 1e-2}) {
        if (jitter > 0) {
            write_system(kernels, shared, problem, row, jitter * mean, s);
        }
        if (kernels.cholesky(s.a.data(), s.stride, size, rows, s.inverse.data()) < 0) {
            kernels.back_substitute(s.a.data(), s.stride, size, rows, s.inverse.data(), x);
            return;
        }
    }
    throw NumericalError("a row's system of equations is not positive definite");
}

}  // namespace tastemaker::als
