// One side's factors from the other side's: the unit of work between two looks at a clock, a callback or Ctrl-C.
#pragma once

#include <memory>
#include <vector>

#include "tastemaker/als/cg.hpp"
#include "tastemaker/als/cholesky.hpp"
#include "tastemaker/als/problem.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::als {

// How to solve a row: that many steps of conjugate gradients, or exactly (0 steps).
struct Solver {
    int cg_steps = 0;

    bool exact() const { return cg_steps == 0; }

    // About 1 ns per unit: see bench_als.
    double cost(offset_t n, index_t factors) const {
        const double f = factors;
        const double per_entry = exact() ? f * f : 4 * f * (cg_steps + 1);
        const double per_row = exact() ? f * f * f / 3 : 2 * f * f * (cg_steps + 1);
        return (per_entry * static_cast<double>(n) + per_row) / 50;
    }
};

// Scratch of one worker.
struct HalfEpochScratch {
    static constexpr offset_t block_rows = 32;

    HalfEpochScratch(const Solver& solver, offset_t size) {
        if (solver.exact()) {
            cholesky = std::make_unique<CholeskyScratch>(size);
        } else {
            cg = std::make_unique<CgScratch>(block_rows, size);
        }
    }

    std::unique_ptr<CgScratch> cg;
    std::unique_ptr<CholeskyScratch> cholesky;
    std::vector<float> w, c;
    std::vector<RowTerms> terms;
};

// Returns the end of the block that starts at row `begin`: up to 32 rows share the product with the Gram matrix, as
// long as their rows of Y stay in a 256 KB share of L2 between the passes of conjugate gradients.
inline index_t block_end(const CsrView& x, index_t begin, index_t end, offset_t size) {
    const offset_t budget = 256 * 1024 / (4 * size);
    index_t last = begin + 1;
    while (last < end && last - begin < HalfEpochScratch::block_rows &&
           x.indptr[last + 1] - x.indptr[begin] <= budget) {
        ++last;
    }
    return last;
}

// Solves rows [begin, end) of x into `out`, which holds the starting point for conjugate gradients.
inline void solve_block(const simd::AlsKernels& kernels, const Shared& shared, const CsrView& x, index_t begin,
                        index_t end, const Problem& problem, const Solver& solver, MatrixView<float> out,
                        HalfEpochScratch& scratch) {
    const auto entries = static_cast<std::size_t>(x.indptr[end] - x.indptr[begin]);
    scratch.w.resize(std::max(entries, scratch.w.size()));
    scratch.c.resize(std::max(entries, scratch.c.size()));
    scratch.terms.clear();
    for (index_t u = begin; u < end; ++u) {
        const SparseRow row = x.row(u);
        const offset_t at = x.indptr[u] - x.indptr[begin];
        write_terms(problem, row, scratch.w.data() + at, scratch.c.data() + at);
        scratch.terms.push_back(
            {row.indices, scratch.w.data() + at, scratch.c.data() + at, problem.ridge(row.size(), shared.y.rows)});
        if (row.size() == 0) {
            std::fill_n(out.row(u), shared.size(), 0.0f);  // b = 0, hence x = 0
        }
    }
    if (!solver.exact()) {
        solve_cg(kernels, shared, scratch.terms, solver.cg_steps, out.row(begin), x.nnz() - x.indptr[begin],
                 *scratch.cg);
    }
    for (index_t u = begin; u < end; ++u) {
        if (solver.exact() && x.length(u) > 0) {
            solve_cholesky(kernels, shared, scratch.terms[static_cast<std::size_t>(u - begin)], out.row(u),
                           *scratch.cholesky);
        }
        if (!std::isfinite(kernels.dot(out.row(u), out.row(u), shared.size()))) {
            throw NumericalError("factors became infinite or NaN");
        }
    }
}

// Sets row u of `out` to the factors of row u of x given Y and its Gram matrix (stride x stride). Conjugate gradients
// start from `start`, the exact solver ignores it. Rows without entries become zero. Throws NumericalError on factors
// that are not finite; `out` is then incomplete.
inline void half_epoch(const CsrView& x, const Factors& y, const double* gram, const Factors& start,
                       const Problem& problem, const Solver& solver, MatrixView<float> out, int threads) {
    require_padded(y.stride, y.cols);
    require(y.rows == x.cols, "a half epoch needs one row of factors per column");
    require(out.rows == x.rows && out.cols == y.cols && out.stride == y.stride && start.rows == x.rows &&
                start.cols == y.cols && start.stride == y.stride,
            "a half epoch needs one row of factors per row, of the same width on both sides");
    const offset_t size = y.stride;
    AlignedBuffer<float> scaled(checked_mul(size, size));
    std::transform(gram, gram + size * size, scaled.begin(),
                   [&](double g) { return static_cast<float>(problem.unobserved_weight * g); });
    const Shared shared{y, scaled.data()};
    const simd::AlsKernels& kernels = simd::kernels().als;

    std::vector<HalfEpochScratch> scratch;
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        scratch.emplace_back(solver, size);
    }
    const auto cost = [&](offset_t u) { return solver.cost(x.length(static_cast<index_t>(u)), y.cols); };
    parallel_for(x.rows, threads, cost, [&](offset_t begin, offset_t end, int worker) {
        if (!solver.exact()) {
            std::copy(start.row(begin), start.row(end), out.row(begin));
        }
        for (auto u = static_cast<index_t>(begin); u < end;) {
            const index_t last = block_end(x, u, static_cast<index_t>(end), size);
            solve_block(kernels, shared, x, u, last, problem, solver, out, scratch[static_cast<std::size_t>(worker)]);
            u = last;
        }
    });
}

}  // namespace tastemaker::als
