// The exact solution of a row, by whichever way costs least.
//
// In the axes of the Gram matrix A = D + Y_u^T W Y_u with D diagonal, and Y_u^T Y_u <= Y^T Y <= D / w0, so the
// eigenvalues of D^-1 A lie between 1 + min(w, 0) / w0 and 1 + max(w, 0) / w0. Where the weights are not far from w0,
// conjugate gradients thus come down to the rounding of a float in a few steps of 4 n f flops, instead of the
// n f^2 + f^3 / 3 of the system and its factors; short rows take n^2 f + n^3 / 3 (dual.hpp). All leave equal errors.
#pragma once

#include <limits>
#include <utility>

#include "tastemaker/als/cg.hpp"
#include "tastemaker/als/dual.hpp"

namespace tastemaker::als {

// What a residual may keep of b: a few roundings.
inline constexpr double rounding = 3e-7;

// Returns the least and the greatest weight of a row.
inline std::pair<float, float> weight_range(const Problem& problem, const SparseRow& row) {
    if (row.values.empty()) {
        return {problem.alpha - problem.unobserved_weight, problem.alpha - problem.unobserved_weight};
    }
    float least = std::numeric_limits<float>::infinity(), most = 0;
    for (const float v : row.values) {
        least = std::min(least, problem.confidence(v));
        most = std::max(most, problem.confidence(v));
    }
    return {least - problem.unobserved_weight, most - problem.unobserved_weight};
}

// Returns Chebyshev's bound on the steps that conjugate gradients take to `rounding`; infinite, or NaN, where there is
// none.
inline double steps_to_rounding(std::pair<float, float> weights, float w0) {
    const double least = 1 + std::min(weights.first / w0, 0.0f);
    const double most = 1 + std::max(weights.second / w0, 0.0f);
    const double root = std::sqrt(most / least);
    return std::log(2 / rounding) / std::log((root + 1) / (root - 1));
}

// Whether to solve a row by conjugate gradients. They take about half the steps of the bound; six floats of the system
// cost what one step does. Measured.
inline bool iterates_to_rounding(const Shared& shared, const Problem& problem, const SparseRow& row) {
    const auto most = static_cast<double>(std::min<offset_t>(row.size(), shared.y.cols)) / 3;
    return shared.in_axes && invertible(shared, problem.ridge(row.size(), shared.y.rows)) &&
           steps_to_rounding(weight_range(problem, row), problem.unobserved_weight) <= most;
}

// Sets x to the solution of A x = b without iterating; false where there is none.
inline bool solve_directly(const simd::AlsKernels& kernels, const Shared& shared, const Problem& problem,
                           const SparseRow& row, float* x, CholeskyScratch& system, DualScratch& dual) {
    return (shared.in_axes && solve_dual(kernels, shared, problem, row, x, system, dual)) ||
           solve_cholesky(kernels, shared, problem, row, x, system);
}

}  // namespace tastemaker::als
