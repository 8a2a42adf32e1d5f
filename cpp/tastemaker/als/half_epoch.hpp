// One side's factors from the other side's: the unit of work between two looks at a clock, a callback or Ctrl-C.
#pragma once

#include <memory>
#include <vector>

#include "tastemaker/als/cg.hpp"
#include "tastemaker/als/dual.hpp"
#include "tastemaker/als/problem.hpp"
#include "tastemaker/als/subspace.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::als {

// How to solve a row: by that many steps of conjugate gradients, by blocks of so many columns, or (both 0) exactly.
struct Solver {
    int cg_steps = 0;
    index_t block_size = 0;
    bool preconditioned = true;

    bool iterates() const { return cg_steps > 0; }
    bool exact() const { return cg_steps == 0 && block_size == 0; }

    // Whether it gains by axes in which the Gram matrix is diagonal (axes.hpp).
    bool in_axes() const { return iterates() || exact(); }

    // Columns solved together: whole vectors.
    offset_t width(offset_t size) const {
        return exact() ? size : std::min<offset_t>(round_up(block_size, simd::als_padding), size);
    }

    // About 1 ns per unit: see bench_als.
    double cost(offset_t n, index_t factors) const {
        const double f = factors;
        const double m = static_cast<double>(n);
        const double b = exact() ? std::min(m, f) : std::min<double>(block_size, f);
        const double per_entry = iterates() ? 2 * f * (2 * cg_steps + 1) : f * (b + 6);
        const double per_row = iterates() ? 8 * f * (cg_steps + 1) : f * (b * b / 3 + 2 * f);
        return (per_entry * m + per_row) / 50;
    }
};

// Scratch of one worker.
struct HalfEpochScratch {
    HalfEpochScratch(const Solver& solver, offset_t size) {
        if (solver.iterates()) {
            cg = std::make_unique<CgScratch>(size);
        } else {
            subspace = std::make_unique<SubspaceScratch>(solver.width(size));
        }
        if (solver.exact()) {
            dual = std::make_unique<DualScratch>(size);
        }
    }

    std::unique_ptr<CgScratch> cg;
    std::unique_ptr<SubspaceScratch> subspace;
    std::unique_ptr<DualScratch> dual;
};

// Solves rows [begin, end) of x into `out`, which holds the starting point of all but the exact solver. Rows without
// entries become zero: their b is.
inline void solve_rows(const simd::AlsKernels& kernels, const Shared& shared, const CsrView& x, index_t begin,
                       index_t end, const Problem& problem, const Solver& solver, MatrixView<float> out,
                       HalfEpochScratch& scratch) {
    for (index_t u = begin; u < end; ++u) {
        if (x.length(u) == 0) {
            std::fill_n(out.row(u), shared.size(), 0.0f);
        } else if (solver.exact()) {
            CholeskyScratch& system = scratch.subspace->system;
            if (!shared.in_axes || !solve_dual(kernels, shared, problem, x.row(u), out.row(u), system, *scratch.dual)) {
                solve_cholesky(kernels, shared, problem, x.row(u), out.row(u), system);
            }
        } else if (!solver.iterates()) {
            solve_subspaces(kernels, shared, problem, x.row(u), solver.width(shared.size()), out.row(u),
                            *scratch.subspace);
        }
    }
    const offset_t tile = tile_columns(x, shared.size());
    for (index_t u = begin; u < end && solver.iterates();) {
        const index_t last = cg_block_end(x, u, end);
        gather_block(x, u, last, problem, tile, scratch.cg->entries);
        solve_cg(kernels, shared, solver.cg_steps, solver.preconditioned, out.row(u), *scratch.cg);
        u = last;
    }
    for (index_t u = begin; u < end; ++u) {
        if (!std::isfinite(kernels.dot(out.row(u), out.row(u), shared.size()))) {
            throw NumericalError("factors became infinite or NaN");
        }
    }
}

// Sets row u of `out` to the factors of row u of x given Y and its Gram matrix (stride x stride). Conjugate gradients
// start from `start` and want Y in the axes of its Gram matrix (axes.hpp), of which they read the diagonal; the exact
// solver, which those axes make faster, ignores `start`. `out` may be `start`. Rows without entries become zero. Throws
// NumericalError on factors that are not finite; `out` is then incomplete.
inline void half_epoch(const CsrView& x, const Factors& y, const double* gram, const Factors& start,
                       const Problem& problem, const Solver& solver, MatrixView<float> out, int threads) {
    require_padded(y.stride, y.cols);
    require(y.rows == x.cols, "a half epoch needs one row of factors per column");
    require(out.rows == x.rows && out.cols == y.cols && out.stride == y.stride && start.rows == x.rows &&
                start.cols == y.cols && start.stride == y.stride,
            "a half epoch needs one row of factors per row, of the same width on both sides");
    const offset_t size = y.stride;
    const SharedGram weighted(gram, size, problem.unobserved_weight);
    const Shared shared{y, weighted.matrix.data(), weighted.diagonal.data(), weighted.in_axes};
    const simd::AlsKernels& kernels = simd::kernels().als;

    std::vector<HalfEpochScratch> scratch;
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        scratch.emplace_back(solver, size);
    }
    const auto cost = [&](offset_t u) { return solver.cost(x.length(static_cast<index_t>(u)), y.cols); };
    parallel_for(x.rows, threads, cost, [&](offset_t begin, offset_t end, int worker) {
        if (!solver.exact() && start.data != out.data) {
            std::copy(start.row(begin), start.row(end), out.row(begin));
        }
        solve_rows(kernels, shared, x, static_cast<index_t>(begin), static_cast<index_t>(end), problem, solver, out,
                   scratch[static_cast<std::size_t>(worker)]);
    });
}

}  // namespace tastemaker::als
