// Conjugate gradients for a block of rows, matrix-free.
#pragma once

#include <limits>

#include "tastemaker/als/block.hpp"

namespace tastemaker::als {

// Scratch of one worker: the entries of a block, and residuals r, directions p and products q = A p of its rows.
struct CgScratch {
    static constexpr offset_t rows = 32;

    explicit CgScratch(offset_t size)
        : r(checked_mul(rows, size)),
          p(checked_mul(rows, size)),
          q(checked_mul(rows, size)),
          squares(rows),
          curvatures(rows) {}

    BlockEntries entries;
    AlignedBuffer<float> r, p, q;
    AlignedBuffer<double> squares;     // r . r; 0 when the row needs no more steps
    AlignedBuffer<double> curvatures;  // sum_t w_t (y_t . p)^2
};

// Returns the end of the block that starts at row `begin`.
inline index_t cg_block_end(const CsrView& x, index_t begin, index_t end) {
    constexpr offset_t entries = 16 * 1024;  // 200 KB of scratch; beside more, the GEMM is small
    index_t last = begin + 1;
    while (last < end && last - begin < CgScratch::rows && x.indptr[last + 1] - x.indptr[begin] <= entries) {
        ++last;
    }
    return last;
}

// Calls fn(panel, d) for the entries of a block in panels that belong to one row and fit half of L1, so that a second
// pass over the rows of Y finds them there; d[t] = y_t . v, where v is that row of vectors.
template <class Fn>
inline void for_panels(const simd::AlsKernels& kernels, const Shared& shared, const BlockEntries& entries,
                       const float* vectors, Fn fn) {
    const offset_t size = shared.size();
    const offset_t rows = panel_entries(size);
    alignas(64) float d[panel_most];
    for (const Segment& segment : entries.segments) {
        for (offset_t begin = segment.begin; begin < segment.end; begin += rows) {
            const Segment panel{segment.row, begin, std::min(begin + rows, segment.end)};
            kernels.dots(shared.y.data, size, size, entries.columns.data() + begin, panel.size(),
                         vectors + panel.row * size, d, entries.size() - begin);
            fn(panel, d);
        }
    }
}

// Adds sum_t (w_t (y_t . v) - c_t) y_t to each row of q, or the same without c. Dots and axpys by panel read each y_t
// from memory once.
template <bool with_c>
inline void add_observed(const simd::AlsKernels& kernels, const Shared& shared, const BlockEntries& entries,
                         const float* v, float* q) {
    for_panels(kernels, shared, entries, v, [&](const Segment& panel, float* d) {
        const float* w = entries.w.data() + panel.begin;
        const float* c = entries.c.data() + panel.begin;
        for (offset_t t = 0; t < panel.size(); ++t) {
            d[t] = w[t] * d[t] - (with_c ? c[t] : 0.0f);
        }
        kernels.axpys(shared.y.data, shared.size(), shared.size(), entries.columns.data() + panel.begin, panel.size(),
                      d, q + panel.row * shared.size());
    });
}

// Sets curvatures[u] = sum_t w_t (y_t . p)^2 for each row.
inline void observed_curvatures(const simd::AlsKernels& kernels, const Shared& shared, const BlockEntries& entries,
                                const float* p, AlignedBuffer<double>& curvatures) {
    std::fill(curvatures.begin(), curvatures.end(), 0.0);
    for_panels(kernels, shared, entries, p, [&](const Segment& panel, float* d) {
        alignas(64) float wd[panel_most] = {};
        const float* w = entries.w.data() + panel.begin;
        for (offset_t t = 0; t < panel.size(); ++t) {
            wd[t] = w[t] * d[t];
        }
        const offset_t padded = round_up(panel.size(), simd::als_padding);
        std::fill(d + panel.size(), d + padded, 0.0f);
        curvatures[panel.row] += kernels.dot(wd, d, padded);
    });
}

// Improves each row of x by up to `steps` steps of conjugate gradients on A x = b, starting from the x given.
// The products with the shared Gram matrix are one GEMM over the block; a row's result does not depend on its block.
// The last step needs only p . A p and no new residual, so it skips the axpys: 2 s + 1 passes instead of 2 s + 2.
inline void solve_cg(const simd::AlsKernels& kernels, const Shared& shared, int steps, float* x, CgScratch& scratch) {
    const BlockEntries& entries = scratch.entries;
    const offset_t size = shared.size();
    float* q = scratch.q.data();
    kernels.gemm(x, entries.rows(), shared.gram, size, q);
    add_observed<true>(kernels, shared, entries, x, q);
    for (offset_t u = 0; u < entries.rows(); ++u) {
        const offset_t at = u * size;
        kernels.axpy(entries.ridges[static_cast<std::size_t>(u)], x + at, q + at, size);
        for (offset_t k = at; k < at + size; ++k) {
            scratch.r[k] = -q[k];
            scratch.p[k] = -q[k];
        }
        scratch.squares[u] = kernels.dot(q + at, q + at, size);
    }

    for (int step = 0; step < steps; ++step) {
        const bool last = step + 1 == steps;
        kernels.gemm(scratch.p.data(), entries.rows(), shared.gram, size, q);
        if (last) {
            observed_curvatures(kernels, shared, entries, scratch.p.data(), scratch.curvatures);
        } else {
            add_observed<false>(kernels, shared, entries, scratch.p.data(), q);
        }
        for (offset_t u = 0; u < entries.rows(); ++u) {
            double& square = scratch.squares[u];
            float* p = scratch.p.data() + u * size;
            float* r = scratch.r.data() + u * size;
            float* qu = q + u * size;
            if (square < std::numeric_limits<float>::min()) {
                continue;  // converged, or an empty row
            }
            kernels.axpy(entries.ridges[static_cast<std::size_t>(u)], p, qu, size);
            const double curvature = kernels.dot(p, qu, size) + (last ? scratch.curvatures[u] : 0.0);  // p . A p
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
