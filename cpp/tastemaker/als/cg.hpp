// Preconditioned conjugate gradients for a block of rows, matrix-free, in the axes of the Gram matrix.
//
// A = D + Y_u^T W Y_u, and D = w0 Y^T Y + ridge I is diagonal because Y was turned beforehand (axes.hpp): D p costs
// `size` multiplications instead of size^2. The inverse of D is the preconditioner; what it leaves to the iteration has
// the rank of the row's own entries, so two steps come further than three plain ones.
#pragma once

#include <algorithm>
#include <limits>

#include "tastemaker/als/block.hpp"

namespace tastemaker::als {

// Scratch of one worker: the entries of a block, and preconditioners m, residuals r, directions p and products
// q = A p of its rows.
struct CgScratch {
    static constexpr offset_t rows = 32;

    explicit CgScratch(offset_t size)
        : m(checked_mul(rows, size)),
          r(checked_mul(rows, size)),
          p(checked_mul(rows, size)),
          q(checked_mul(rows, size)),
          squares(rows),
          curvatures(rows) {}

    BlockEntries entries;
    AlignedBuffer<float> m, r, p, q;
    AlignedBuffer<double> squares;     // r . m r; 0 when the row needs no more steps
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

// Improves each row of x by up to `steps` steps of conjugate gradients on A x = b, starting from the x given. A row's
// result does not depend on its block. Without the preconditioner these are the steps of the plain method: axes do not
// change them. The last step needs only p . A p and no new residual, so it skips the axpys:
// 2 s + 1 passes over the entries instead of 2 s + 2.
inline void solve_cg(const simd::AlsKernels& kernels, const Shared& shared, int steps, bool preconditioned, float* x,
                     CgScratch& scratch) {
    const BlockEntries& entries = scratch.entries;
    const offset_t size = shared.size();
    const auto ridge = [&](offset_t u) { return entries.ridges[static_cast<std::size_t>(u)]; };
    float* q = scratch.q.data();
    for (offset_t u = 0; u < entries.rows(); ++u) {
        if (preconditioned) {
            write_inverse(shared, ridge(u), scratch.m.data() + u * size);
        } else {
            std::fill_n(scratch.m.data() + u * size, size, 1.0f);
        }
        kernels.diagonal(shared.diagonal, ridge(u), x + u * size, q + u * size, size);
    }
    add_observed<true>(kernels, shared, entries, x, q);
    for (offset_t u = 0; u < entries.rows(); ++u) {
        const offset_t at = u * size;
        scratch.squares[u] =
            kernels.cg_start(scratch.m.data() + at, q + at, scratch.r.data() + at, scratch.p.data() + at, size);
    }

    for (int step = 0; step < steps; ++step) {
        const bool last = step + 1 == steps;
        for (offset_t u = 0; u < entries.rows(); ++u) {
            kernels.diagonal(shared.diagonal, ridge(u), scratch.p.data() + u * size, q + u * size, size);
        }
        if (last) {
            observed_curvatures(kernels, shared, entries, scratch.p.data(), scratch.curvatures);
        } else {
            add_observed<false>(kernels, shared, entries, scratch.p.data(), q);
        }
        for (offset_t u = 0; u < entries.rows(); ++u) {
            double& square = scratch.squares[u];
            const float* m = scratch.m.data() + u * size;
            float* p = scratch.p.data() + u * size;
            float* r = scratch.r.data() + u * size;
            const float* qu = q + u * size;
            if (square < std::numeric_limits<float>::min()) {
                continue;  // converged, or an empty row
            }
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
            const double next = kernels.cg_step(m, p, qu, length, x + u * size, r, size);
            kernels.cg_turn(m, r, static_cast<float>(next / square), p, size);
            square = next;
        }
    }
}

}  // namespace tastemaker::als
