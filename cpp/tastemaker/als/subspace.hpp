// iALS++: one row improved block by block of its columns, each solved exactly while the others stay.
// Rendle, Krichene, Zhang, Koren: iALS++: Speeding up Matrix Factorization with Subspace Optimization, 2021.
#pragma once

#include <numeric>
#include <vector>

#include "tastemaker/als/cholesky.hpp"

namespace tastemaker::als {

// Scratch of one worker.
struct SubspaceScratch {
    explicit SubspaceScratch(offset_t width)
        : system(width), step(width), identity(static_cast<std::size_t>(width)), scores() {
        std::iota(identity.begin(), identity.end(), 0);
    }

    CholeskyScratch system;
    AlignedBuffer<float> step;
    std::vector<index_t> identity;
    std::vector<float> scores;  // s_t = x . y_t
};

// Improves x by one exact solution per block of `width` columns; false, with x half done, where a block has none. With
// d = what the block adds to x,
//   A_BB d = (b - A x)_B = sum_t (c_t - w_t s_t) y_t,B - (w0 Y^T Y x)_B - ridge x_B.
// All blocks of a row come before the next row, whose Y is then another: this one's stays in L2 from block to block.
inline bool solve_subspaces(const simd::AlsKernels& kernels, const Shared& shared, const Problem& problem,
                            const SparseRow& row, offset_t width, float* x, SubspaceScratch& scratch) {
    const offset_t size = shared.size();
    const float ridge = problem.ridge(row.size(), shared.y.rows);
    const index_t* indices = row.indices.data();
    std::vector<float>& scores = scratch.scores;
    scores.resize(static_cast<std::size_t>(round_up(row.size(), 4)));
    kernels.dots(shared.y.data, size, size, indices, row.size(), x, scores.data(), row.size());
    for (offset_t first = 0; first < size; first += width) {
        const Columns columns{first, std::min(width, size - first)};
        float* start = scratch.system.start.data();
        kernels.dots(shared.gram + first * size, size, size, scratch.identity.data(), columns.width, x, start, 0);
        for (offset_t i = 0; i < columns.width; ++i) {
            start[i] = -start[i] - ridge * x[first + i];
        }
        float* step = scratch.step.data();
        if (!solve_columns(kernels, shared, columns, problem, row, scores.data(), step, scratch.system)) {
            return false;
        }
        kernels.axpy(1.0f, step, x + first, columns.width);
        if (first + width >= size) {
            break;
        }
        for (offset_t begin = 0; begin < row.size(); begin += panel_rows) {
            alignas(64) float d[panel_rows];
            const offset_t n = std::min(panel_rows, row.size() - begin);
            kernels.dots(shared.y.data + first, size, columns.width, indices + begin, n, step, d, 0);
            for (offset_t t = 0; t < n; ++t) {
                scores[static_cast<std::size_t>(begin + t)] += d[t];
            }
        }
    }
    return true;
}

}  // namespace tastemaker::als
