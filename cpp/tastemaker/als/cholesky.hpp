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

// Entries of a row that one pass over A takes in: 64 rows of 64 factors are 16 KB, half of L1.
inline constexpr offset_t system_rows = 64;

// Scratch of one worker: A with b as its last columns, b before the row's entries, and two panels of rows of Y, whose
// stride keeps them apart in the cache at a power of two of factors.
struct CholeskyScratch {
    explicit CholeskyScratch(offset_t width)
        : stride(width + simd::als_padding),
          a(checked_mul(width, stride)),
          b(width),
          start(width),
          inverse(width),
          left(checked_mul(system_rows, stride)),
          right(checked_mul(system_rows, stride)) {}

    offset_t stride;
    AlignedBuffer<float> a, b, start, inverse, left, right;
};

// Sets s.right to rows r_t = sqrt |w_t| y_t and returns rows l_t for which l_t r_t^T = w_t y_t y_t^T: the same rows,
// unless a weight is negative. Spoils w.
inline const float* gather_panel(const simd::AlsKernels& kernels, const float* table, offset_t size, offset_t width,
                                 const index_t* indices, offset_t n, float* w, CholeskyScratch& s) {
    const bool negative = std::any_of(w, w + n, [](float x) { return x < 0; });
    if (negative) {
        alignas(64) float signed_roots[system_rows];
        std::transform(w, w + n, signed_roots, [](float x) { return std::copysign(std::sqrt(std::abs(x)), x); });
        kernels.gather(table, size, width, indices, n, signed_roots, s.left.data(), s.stride);
    }
    std::transform(w, w + n, w, [](float x) { return std::sqrt(std::abs(x)); });
    kernels.gather(table, size, width, indices, n, w, s.right.data(), s.stride);
    return negative ? s.left.data() : s.right.data();
}

// Writes the upper triangle of A + jitter I, restricted to the columns, and b = start + sum_t (c_t - w_t s_t) y_t,
// where s_t are the `scores` that stay as they are (null: zeros). Padding rows become rows of the identity. Requires an
// entry: the first pass carries w0 Y^T Y over into A.
inline void write_system(const simd::AlsKernels& kernels, const Shared& shared, Columns columns, const Problem& problem,
                         const SparseRow& row, const float* scores, double jitter, CholeskyScratch& s) {
    const auto [first, width] = columns;
    const offset_t size = shared.size();
    const float ridge = problem.ridge(row.size(), shared.y.rows) + static_cast<float>(jitter);
    std::copy_n(s.start.data(), width, s.b.data());
    const float* table = shared.y.data + first;
    const float* base = shared.gram + first * (size + 1);  // then A itself
    offset_t base_stride = size;
    for (offset_t begin = 0; begin < row.size(); begin += system_rows) {
        const offset_t n = std::min(system_rows, row.size() - begin);
        const index_t* indices = row.indices.data() + begin;
        alignas(64) float w[system_rows], c[system_rows];
        write_terms(problem, row.part(begin, begin + n), w, c);
        for (offset_t t = 0; scores && t < n; ++t) {
            c[t] -= w[t] * scores[begin + t];
        }
        const float* left = gather_panel(kernels, table, size, width, indices, n, w, s);
        kernels.axpys(table, size, width, indices, n, c, s.b.data());
        kernels.syrk(left, s.right.data(), s.stride, n, width, 0, width, base, base_stride, s.a.data(), s.stride);
        base = s.a.data();
        base_stride = s.stride;
    }
    for (offset_t i = 0; i < width; ++i) {
        float* a = s.a.data() + i * s.stride;
        a[i] = first + i < shared.y.cols ? a[i] + ridge : 1.0f;
        a[width] = s.b[i];
    }
}

// Sets x[0 .. width) to the solution of that system. Rounding can make a tiny pivot negative where `reg` is (nearly)
// zero: then the diagonal gets a little more, at most 1e-2 of its mean. Returns whether that was enough.
inline bool solve_columns(const simd::AlsKernels& kernels, const Shared& shared, Columns columns,
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
            return true;
        }
    }
    return false;
}

// Sets x to the solution of A x = b; false where A is not positive definite.
inline bool solve_cholesky(const simd::AlsKernels& kernels, const Shared& shared, const Problem& problem,
                           const SparseRow& row, float* x, CholeskyScratch& s) {
    return solve_columns(kernels, shared, {0, shared.size()}, problem, row, nullptr, x, s);
}

}  // namespace tastemaker::als
