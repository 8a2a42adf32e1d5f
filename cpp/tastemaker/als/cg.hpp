// Conjugate gradients for a block of rows, matrix-free.
#pragma once

#include <limits>
#include <vector>

#include "tastemaker/als/problem.hpp"

namespace tastemaker::als {

// Scratch of one worker: residuals r, directions p and products q = A p of a block.
struct CgScratch {
    CgScratch(offset_t rows, offset_t size)
        : r(checked_mul(rows, size)),
          p(checked_mul(rows, size)),
          q(checked_mul(rows, size)),
          squares(static_cast<std::size_t>(rows)) {}

    AlignedBuffer<float> r, p, q;
    std::vector<double> squares;  // r . r; 0 when the row needs no more steps
};

// Adds sum_t (w_t (y_t . p) - c_t) y_t to q, or the same without c. Two phases per panel, dots and then axpys, read
// each y_t from memory once. The first pass over a block fetches `ahead` entries of its columns in advance.
template <bool with_c>
inline void add_observed(const simd::AlsKernels& kernels, const Shared& shared, const RowTerms& row, const float* p,
                         float* q, offset_t ahead) {
    alignas(64) float d[panel_rows];
    for (offset_t begin = 0; begin < row.size(); begin += panel_rows) {
        const offset_t n = std::min(panel_rows, row.size() - begin);
        const index_t* columns = row.columns.data() + begin;
        kernels.dots(shared.y.data, shared.size(), columns, n, p, d, ahead - begin);
        for (offset_t t = 0; t < n; ++t) {
            d[t] = row.w[begin + t] * d[t] - (with_c ? row.c[begin + t] : 0.0f);
        }
        kernels.axpys(shared.y.data, shared.size(), columns, n, d, q);
    }
}

// Returns sum_t w_t (y_t . p)^2.
inline double observed_curvature(const simd::AlsKernels& kernels, const Shared& shared, const RowTerms& row,
                                 const float* p) {
    alignas(64) float d[panel_rows];
    double sum = 0;
    for (offset_t begin = 0; begin < row.size(); begin += panel_rows) {
        const offset_t n = std::min(panel_rows, row.size() - begin);
        kernels.dots(shared.y.data, shared.size(), row.columns.data() + begin, n, p, d, 0);
        float part = 0;
        for (offset_t t = 0; t < n; ++t) {
            part += row.w[begin + t] * d[t] * d[t];
        }
        sum += part;
    }
    return sum;
}

// Improves each row of x by up to `steps` steps of conjugate gradients on A x = b, starting from the x given.
// The products with the shared Gram matrix are one GEMM over the block; a row's result does not depend on its block.
// `columns_left` counts the entries that follow the first row's columns in memory, its own included.
// The last step needs only p . A p and no new residual, so it skips the axpys: 2 s + 1 passes instead of 2 s + 2.
inline void solve_cg(const simd::AlsKernels& kernels, const Shared& shared, std::span<const RowTerms> rows, int steps,
                     float* x, offset_t columns_left, CgScratch& scratch) {
    const offset_t size = shared.size();
    const auto count = static_cast<offset_t>(rows.size());
    float* q = scratch.q.data();
    kernels.gemm(x, count, shared.gram, size, q);
    for (offset_t u = 0; u < count; ++u) {
        const RowTerms& row = rows[static_cast<std::size_t>(u)];
        const offset_t at = u * size;
        kernels.axpy(row.ridge, x + at, q + at, size);
        add_observed<true>(kernels, shared, row, x + at, q + at, columns_left);
        columns_left -= row.size();
        for (offset_t k = at; k < at + size; ++k) {
            scratch.r[k] = -q[k];
            scratch.p[k] = -q[k];
        }
        scratch.squares[static_cast<std::size_t>(u)] = kernels.dot(q + at, q + at, size);
    }

    for (int step = 0; step < steps; ++step) {
        const bool last = step + 1 == steps;
        kernels.gemm(scratch.p.data(), count, shared.gram, size, q);
        for (offset_t u = 0; u < count; ++u) {
            const RowTerms& row = rows[static_cast<std::size_t>(u)];
            double& square = scratch.squares[static_cast<std::size_t>(u)];
            float* p = scratch.p.data() + u * size;
            float* r = scratch.r.data() + u * size;
            float* qu = q + u * size;
            if (square < std::numeric_limits<float>::min()) {
                continue;  // converged, or an empty row
            }
            kernels.axpy(row.ridge, p, qu, size);
            double curvature = 0;  // p . A p
            if (last) {
                curvature = observed_curvature(kernels, shared, row, p);
            } else {
                add_observed<false>(kernels, shared, row, p, qu, 0);
            }
            curvature += kernels.dot(p, qu, size);
            if (curvature <= 0) {  // NaN goes on and is caught in x
                square = 0;        // A is singular along p up to rounding: nothing more to gain there
                continue;
            }
            const auto length = static_cast<float>(square / curvature);
            if (last) {
                kernels.axpy(length, p, x + u * size, size);
                continue;
            }
            const double next = kernels.cg_step(x + u * size, r, p, qu, length, size);
            kernels.xpay(r, static_cast<float>(next / square), p, size);
            square = next;
        }
    }
}

}  // namespace tastemaker::als
