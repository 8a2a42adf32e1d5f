// One side's factors from the other side's: the unit of work between two looks at a clock, a callback or Ctrl-C.
#pragma once

#include <memory>
#include <vector>

#include "tastemaker/als/exact.hpp"
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

    // About 1 ns per unit: see bench_als. The exact solver counts as the eight steps that it mostly takes.
    double cost(offset_t n, index_t factors) const {
        const double f = factors;
        const double b = std::min<double>(block_size, f);
        const double steps = exact() ? 8 : cg_steps;
        const double per_entry = in_axes() ? 2 * f * (2 * steps + 1) : f * (b + 6);
        const double per_row = in_axes() ? 8 * f * (steps + 1) : f * (b * b / 3 + 2 * f);
        return (per_entry * static_cast<double>(n) + per_row) / 50;
    }
};

// Scratch of one worker.
struct HalfEpochScratch {
    HalfEpochScratch(const Solver& solver, offset_t size) {
        if (solver.in_axes()) {
            cg = std::make_unique<CgScratch>(size);
        }
        if (!solver.iterates()) {
            subspace = std::make_unique<SubspaceScratch>(solver.width(size));
        }
        if (solver.exact()) {
            dual = std::make_unique<DualScratch>(size);
        }
    }

    std::vector<index_t> iterated;  // rows that are solved by conjugate gradients
    std::unique_ptr<CgScratch> cg;
    std::unique_ptr<SubspaceScratch> subspace;
    std::unique_ptr<DualScratch> dual;
};

// Improves the rows `scratch.iterated` of `out` by conjugate gradients, block by block.
inline void iterate_rows(const simd::AlsKernels& kernels, const Shared& shared, const CsrView& x,
                         const Problem& problem, const Solver& solver, MatrixView<float> out,
                         HalfEpochScratch& scratch) {
    const offset_t size = shared.size();
    const Iteration iteration = solver.exact() ? Iteration{static_cast<int>(size), true, rounding}
                                               : Iteration{solver.cg_steps, solver.preconditioned, 0};
    const offset_t tile = tile_columns(x, size);
    CgScratch& cg = *scratch.cg;
    for (std::span<const index_t> rows = scratch.iterated; !rows.empty(); rows = rows.subspan(cg.x.size())) {
        const auto block = rows.first(block_rows(x, rows));
        cg.x.clear();
        for (const index_t u : block) {
            cg.x.push_back(out.row(u));
        }
        gather_block(x, block, problem, tile, cg.entries);
        solve_cg(kernels, shared, iteration, cg);
        for (std::size_t at = 0; solver.exact() && at < block.size(); ++at) {
            if (cg.squares[static_cast<offset_t>(at)] != 0) {  // it did not converge
                solve_cholesky(kernels, shared, problem, x.row(block[at]), cg.x[at], scratch.subspace->system);
            }
        }
    }
}

// Solves rows [begin, end) of x into `out`, which holds the starting point of all but the exact solver. Rows without
// entries become zero: their b is.
inline void solve_rows(const simd::AlsKernels& kernels, const Shared& shared, const CsrView& x, index_t begin,
                       index_t end, const Problem& problem, const Solver& solver, MatrixView<float> out,
                       HalfEpochScratch& scratch) {
    scratch.iterated.clear();
    for (index_t u = begin; u < end; ++u) {
        const SparseRow row = x.row(u);
        if (row.size() == 0) {
            std::fill_n(out.row(u), shared.size(), 0.0f);
        } else if (solver.iterates()) {
            scratch.iterated.push_back(u);
        } else if (!solver.exact()) {
            solve_subspaces(kernels, shared, problem, row, solver.width(shared.size()), out.row(u), *scratch.subspace);
        } else if (iterates_to_rounding(shared, problem, row)) {
            std::fill_n(out.row(u), shared.size(), 0.0f);
            scratch.iterated.push_back(u);
        } else {
            solve_directly(kernels, shared, problem, row, out.row(u), scratch.subspace->system, *scratch.dual);
        }
    }
    iterate_rows(kernels, shared, x, problem, solver, out, scratch);
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
