// The value that ALS minimises.
#pragma once

#include <vector>

#include "tastemaker/als/problem.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::als {

// Returns sum over row u's observed pairs of c (p - s)^2 - w0 s^2 with s = x_u . y_i, plus the ridge of x_u.
inline double row_objective(const simd::AlsKernels& kernels, const Factors& y, const SparseRow& row, const float* x,
                            const Problem& problem) {
    alignas(64) float d[panel_rows];
    double loss = problem.ridge(row.size(), y.rows) * static_cast<double>(kernels.dot(x, x, y.stride));
    for (offset_t begin = 0; begin < row.size(); begin += panel_rows) {
        const offset_t n = std::min(panel_rows, row.size() - begin);
        kernels.dots(y.data, y.stride, y.stride, row.indices.data() + begin, n, x, d, row.size() - begin);
        for (offset_t t = 0; t < n; ++t) {
            const float v = row.value(begin + t);
            const double s = d[t];
            const double miss = (v > 0 ? 1.0 : 0.0) - s;
            loss += problem.confidence(v) * miss * miss - problem.unobserved_weight * s * s;
        }
    }
    return loss;
}

// Returns the objective of problem.hpp in O(nnz F + (U + I) F^2): the sum of s^2 over all pairs is the trace of
// (X^T X) (Y^T Y). Scores are fp32 dot products, everything that is summed over them is fp64, in a fixed order.
// `transposed` holds the same pairs by column; only its lengths are read.
inline double objective(const CsrView& csr, const CsrView& transposed, const Factors& x, const Factors& y,
                        const double* gram_x, const double* gram_y, const Problem& problem, int threads) {
    require_padded(y.stride, y.cols);
    require(x.rows == csr.rows && y.rows == csr.cols && x.cols == y.cols && x.stride == y.stride &&
                transposed.rows == csr.cols && transposed.cols == csr.rows,
            "an objective needs one row of factors per row and per column");
    const simd::AlsKernels& kernels = simd::kernels().als;
    std::vector<double> parts(static_cast<std::size_t>(csr.rows));
    const auto cost = [&](offset_t u) {
        return static_cast<double>(csr.length(static_cast<index_t>(u)) * y.cols) / 20;
    };
    parallel_for(csr.rows, threads, cost, [&](offset_t begin, offset_t end, int) {
        for (auto u = static_cast<index_t>(begin); u < end; ++u) {
            parts[static_cast<std::size_t>(u)] = row_objective(kernels, y, csr.row(u), x.row(u), problem);
        }
    });
    double loss = 0;
    for (const double part : parts) {
        loss += part;
    }
    for (index_t i = 0; i < transposed.rows; ++i) {
        loss += problem.ridge(transposed.length(i), x.rows) *
                static_cast<double>(kernels.dot(y.row(i), y.row(i), y.stride));
    }
    double all = 0;
    for (offset_t k = 0; k < y.stride * y.stride; ++k) {
        all += gram_x[k] * gram_y[k];
    }
    return loss + problem.unobserved_weight * all;
}

}  // namespace tastemaker::als
