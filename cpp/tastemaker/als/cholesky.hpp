// The exact solution of one row, in all its columns or in some.
#pragma once

#include <algorithm>

#include "tastemaker/als/problem.hpp"

namespace tastemaker::als {

// Columns [first, first + width) of the factors; both are multiples of simd::als_padding.
struct Columns {
    offset_t first = 0;
    offset_t width = 0;
};

// Scratch of one worker: A with b as its last columns, a panel of rows of Y, and b before the row's entries.
struct CholeskyScratch {
    explicit CholeskyScratch(offset_t width)
        : stride(width + simd::als_padding),
          a(checked_mul(width, stride)),
          b(width),
          start(width),
          inverse(width),
          raw(checked_mul(panel_rows, width)),
          scaled(checked_mul(panel_rows, width)) {}

    offset_t stride;
    AlignedBuffer<float> a, b, start, inverse, raw, scaled;
};

// Writes the upper triangle of A + jitter I, restricted to the columns, and b = start + sum_t (c_t - w_t s_t) y_t,
// where s_t are the `scores` that stay as they are (null: zeros). Padding rows become rows of the identity.
inline void write_system(const simd::AlsKernels& kernels, const Shared& shared, Columns columns, const Problem& problem,
                         const SparseRow& row, const float* scores, double jitter, CholeskyScratch& s) {
    const auto [first, width] = columns;
    const offset_t size = shared.size();
    const float ridge = problem.ridge(row.size(), shared.y.rows) + static_cast<float>(jitter);
    for (offset_t i = 0; i < width; ++i) {
        float* a = s.a.data() + i * s.stride;
        const float* gram = shared.gram + (first + i) * size + first;
        const offset_t strip = i / simd::als_padding * simd::als_padding;  // where the kernels' strips may start
        std::copy(gram + strip, gram + width, a + strip);
        a[i] = first + i < shared.y.cols ? a[i] + ridge : 1.0f;
    }
    std::copy_n(s.start.data(), width, s.b.data());
    for (offset_t begin = 0; begin < row.size(); begin += panel_rows) {
        const offset_t n = std::min(panel_rows, row.size() - begin);
        const index_t* indices = row.indices.data() + begin;
        alignas(64) float w[panel_rows], c[panel_rows];
        write_terms(problem, row.part(begin, begin + n), w, c);
        for (offset_t t = 0; scores && t < n; ++t) {
            c[t] -= w[t] * scores[begin + t];
        }
        kernels.gather(shared.y.data + first, size, width, indices, n, w, s.raw.data(), s.scaled.data());
        kernels.syrk(s.scaled.data(), s.raw.data(), n, width, 0, width, s.a.data(), s.stride);
        kernels.axpys(shared.y.data + first, size, width, indices, n, c, s.b.data());
    }
    for (offset_t i = 0; i < width; ++i) {
        s.a[i * s.stride + width] = s.b[i];
    }
}

// Sets x[0 .. width) to the solution of that system. Rounding can make a tiny pivot negative where `reg` is (nearly)
// zero: then the diagonal gets a little more, at most 1e-2 of its mean. Throws NumericalError when that is not enough.
inline void solve_columns(const simd::AlsKernels& kernels, const Shared& shared, Columns columns,
                          const Problem& problem, const SparseRow& row, const float* scores, float* x,
                          CholeskyScratch& s) {
    const offset_t used = std::min(columns.width, shared.y.cols - columns.first);
    const offset_t rows = round_up(used, 4);
    write_system(kernels, shared, columns, problem, row, scores, 0, s);
    double trace = 0;
    for (offset_t i = 0; i < used; ++i) {
        trace += s.a[i * s.stride + i];
    }
    const double mean = trace / static_cast<double>(used);
    for (const double jitter : {0.0, 1e-6, 1e-4, 1e-2}) {
        if (jitter > 0) {
            write_system(kernels, shared, columns, problem, row, scores, jitter * mean, s);
        }
        if (kernels.cholesky(s.a.data(), s.stride, columns.width, rows, s.inverse.data()) < 0) {
            kernels.back_substitute(s.a.data(), s.stride, columns.width, rows, s.inverse.data(), x);
            return;
        }
    }
    throw NumericalError("a row's system of equations is not positive definite");
}

// Sets x to the solution of A x = b.
inline void solve_cholesky(const simd::AlsKernels& kernels, const Shared& shared, const Problem& problem,
                           const SparseRow& row, float* x, CholeskyScratch& s) {
    solve_columns(kernels, shared, {0, shared.size()}, problem, row, nullptr, x, s);
}

}  // namespace tastemaker::als
