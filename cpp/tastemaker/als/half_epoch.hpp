// One side's factors from the other side's: the unit of work between two looks at a clock, a callback or Ctrl-C.
#pragma once

#include <algorithm>
#include <atomic>
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

// Scratch of one worker. A row is solved here, and replaces the one before when it is finite.
struct HalfEpochScratch {
    HalfEpochScratch(const Solver& solver, offset_t size) : x(size) {
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

    AlignedBuffer<float> x;
    std::vector<index_t> iterated;  // rows that are solved by conjugate gradients
    std::unique_ptr<CgScratch> cg;
    std::unique_ptr<SubspaceScratch> subspace;
    std::unique_ptr<DualScratch> dual;
};

// Sets a row of factors to its solution x; false, and nothing else, where x is not finite.
inline bool accept(const simd::AlsKernels& kernels, const float* x, offset_t size, float* row) {
    if (!std::isfinite(kernels.dot(x, x, size))) {
        return false;
    }
    std::copy_n(x, size, row);
    return true;
}

// Improves the rows `scratch.iterated` of `out` by conjugate gradients, block by block; false where some have no finite
// solution.
inline bool iterate_rows(const simd::AlsKernels& kernels, const Shared& shared, const CsrView& x,
                         const Problem& problem, const Solver& solver, MatrixView<float> out,
                         HalfEpochScratch& scratch) {
    const offset_t size = shared.size();
    const Iteration iteration = solver.exact() ? Iteration{static_cast<int>(size), true, rounding}
                                               : Iteration{solver.cg_steps, solver.preconditioned, 0};
    const offset_t tile = tile_columns(x, size);
    CgScratch& cg = *scratch.cg;
    bool all = true;
    std::span<const index_t> block;
    for (std::span<const index_t> rows = scratch.iterated; !rows.empty(); rows = rows.subspan(block.size())) {
        block = rows.first(block_rows(x, rows));
        for (std::size_t at = 0; at < block.size(); ++at) {
            float* solution = cg.x.data() + static_cast<offset_t>(at) * size;
            solver.exact() ? std::fill_n(solution, size, 0.0f) : std::copy_n(out.row(block[at]), size, solution);
        }
        gather_block(x, block, problem, tile, cg.entries);
        solve_cg(kernels, shared, iteration, cg);
        for (std::size_t at = 0; at < block.size(); ++at) {
            const auto u = static_cast<offset_t>(at);
            float* solution = cg.x.data() + u * size;
            const bool solved =
                !solver.exact() || cg.squares[u] == 0 ||  // or it did not converge
                solve_cholesky(kernels, shared, problem, x.row(block[at]), solution, scratch.subspace->system);
            all &= solved && accept(kernels, solution, size, out.row(block[at]));
        }
    }
    return all;
}

// Improves rows [begin, end) of `out`; false where some have no finite solution, which then stay as they were. Rows
// without entries become zero: their b is.
inline bool solve_rows(const simd::AlsKernels& kernels, const Shared& shared, const CsrView& x, index_t begin,
                       index_t end, const Problem& problem, const Solver& solver, MatrixView<float> out,
                       HalfEpochScratch& scratch) {
    const offset_t size = shared.size();
    float* solution = scratch.x.data();
    bool all = true;
    scratch.iterated.clear();
    for (index_t u = begin; u < end; ++u) {
        const SparseRow row = x.row(u);
        if (row.size() == 0) {
            std::fill_n(out.row(u), size, 0.0f);
        } else if (solver.iterates() || (solver.exact() && iterates_to_rounding(shared, problem, row))) {
            scratch.iterated.push_back(u);
        } else if (solver.exact()) {
            all &= solve_directly(kernels, shared, problem, row, solution, scratch.subspace->system, *scratch.dual) &&
                   accept(kernels, solution, size, out.row(u));
        } else {
            std::copy_n(out.row(u), size, solution);
            all &= solve_subspaces(kernels, shared, problem, row, solver.width(size), solution, *scratch.subspace) &&
                   accept(kernels, solution, size, out.row(u));
        }
    }
    return (!scratch.cg || iterate_rows(kernels, shared, x, problem, solver, out, scratch)) && all;
}

// Improves row u of `out`, in place, to the factors of row u of x given Y and its Gram matrix (stride x stride).
// Conjugate gradients want Y and `out` in the axes of that matrix (axes.hpp), of which they read the diagonal; the
// exact solver, which those axes make faster, does not read `out`. Rows without entries become zero. Throws
// NumericalError where rows have no finite solution; these stay as they were, and all others are done. Interrupted, it
// leaves some rows improved and some not.
inline void half_epoch(const CsrView& x, const Factors& y, const double* gram, const Problem& problem,
                       const Solver& solver, MatrixView<float> out, int threads) {
    require_padded(y.stride, y.cols);
    require(y.rows == x.cols, "a half epoch needs one row of factors per column");
    require(out.rows == x.rows && out.cols == y.cols && out.stride == y.stride,
            "a half epoch needs one row of factors per row, of the same width on both sides");
    const offset_t size = y.stride;
    const SharedGram weighted(gram, size, problem.unobserved_weight);
    const Shared shared{y, weighted.matrix.data(), weighted.diagonal.data(), weighted.in_axes};
    const simd::AlsKernels& kernels = simd::kernels().als;

    std::vector<HalfEpochScratch> scratch;
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        scratch.emplace_back(solver, size);
    }
    std::atomic<bool> all = true;
    const auto cost = [&](offset_t u) { return solver.cost(x.length(static_cast<index_t>(u)), y.cols); };
    parallel_for(x.rows, threads, cost, [&](offset_t begin, offset_t end, int worker) {
        if (!solve_rows(kernels, shared, x, static_cast<index_t>(begin), static_cast<index_t>(end), problem, solver,
                        out, scratch[static_cast<std::size_t>(worker)])) {
            all = false;
        }
    });
    if (!all) {
        throw NumericalError("factors became infinite or NaN");
    }
}

}  // namespace tastemaker::als
