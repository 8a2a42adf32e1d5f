// The axes of a Gram matrix: its eigenvectors, by one-sided Jacobi rotations.
//
// With G = L L^T, rows of W L are made orthogonal, pair by pair, by rotations that W takes part in (Hestenes, Inversion
// of Matrices by Biorthogonalization, 1958): then W G W^T is diagonal. It is accurate for small eigenvalues, all its
// work is long vectors, and an approximate W to start from saves most of the sweeps.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>
#include <vector>

#include "tastemaker/als/problem.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::als {

// Writes L of G + shift I = L L^T, on and below the diagonal. Spoils G.
inline void write_root(double* gram, offset_t size, offset_t n, double shift, float* root) {
    // Row k of G becomes column k of L: rows are contiguous.
    for (offset_t k = 0; k < n; ++k) {
        double* row = gram + k * size;
        row[k] += shift;
        const double pivot = row[k] > 0 ? 1 / std::sqrt(row[k]) : 0.0;
        for (offset_t j = k; j < n; ++j) {
            row[j] *= pivot;
            root[j * size + k] = static_cast<float>(row[j]);
        }
        for (offset_t i = k + 1; i < n; ++i) {
            double* below = gram + i * size;
            const double factor = row[i];
            for (offset_t j = i; j < n; ++j) {
                below[j] -= factor * row[j];
            }
        }
    }
}

// Rows [W L | W], turned by rotations until those of W L are orthogonal.
class JacobiSweeps {
public:
    // Spoils the Gram matrix.
    JacobiSweeps(double* gram, const float* start, offset_t size, offset_t n)
        : size_(size), n_(n), shift_(shift(gram, size, n)), rows_(checked_mul(n, 2 * size)), squares_(n) {
        AlignedBuffer<float> root(checked_mul(size, size));
        AlignedBuffer<float> strip(simd::als_strip * size);
        AlignedBuffer<float> product(checked_mul(block_rows, size));
        write_root(gram, size, n, shift_, root.data());
        for (offset_t begin = 0; begin < n; begin += block_rows) {
            const float* first = start + begin * size;
            const offset_t rows = std::min(block_rows, n - begin);
            kernels_.gemm(first, rows, root.data(), size, strip.data(), product.data());
            for (offset_t i = 0; i < rows; ++i) {
                std::copy_n(product.data() + i * size, size, row(begin + i));
                std::copy_n(first + i * size, size, row(begin + i) + size);
            }
        }
    }

    // Rotates every pair of rows once; false when none needed it. Blocks of rows meet as in a tournament: those of one
    // round share no row, so the result does not depend on the number of threads.
    bool sweep(int threads) {
        const offset_t blocks = round_up(n_, 2 * block_rows) / block_rows;
        rotated_ = false;
        for (offset_t i = 0; i < n_; ++i) {
            squares_[i] = kernels_.dot(row(i), row(i), size_);
        }
        parallel_chunks(blocks, threads, [&](offset_t block, int) { meet(block, block); });
        for (offset_t round = 0; round + 1 < blocks; ++round) {
            parallel_chunks(blocks / 2, threads, [&](offset_t pair, int) {
                const offset_t turn = blocks - 1;
                const offset_t first = pair == 0 ? turn : (round + pair) % turn;
                const offset_t second = (round + turn - pair) % turn;
                meet(std::min(first, second), std::max(first, second));
            });
        }
        return rotated_;
    }

    double eigenvalue(offset_t i) const { return std::max(squares_[i] - shift_, 0.0); }
    const float* axis(offset_t i) const { return rows_.data() + i * 2 * size_ + size_; }

private:
    static constexpr offset_t block_rows = 32;

    // The axes of G + shift I are those of G, but its rounding cannot make it indefinite, and it takes fewer sweeps.
    static double shift(const double* gram, offset_t size, offset_t n) {
        double trace = 0;
        for (offset_t k = 0; k < n; ++k) {
            trace += gram[k * (size + 1)];
        }
        return 1e-4 * trace / static_cast<double>(n);
    }

    float* row(offset_t i) { return rows_.data() + i * 2 * size_; }

    void meet(offset_t a, offset_t b) {
        const offset_t end_a = std::min(n_, (a + 1) * block_rows);
        const offset_t end_b = std::min(n_, (b + 1) * block_rows);
        for (offset_t i = a * block_rows; i < end_a; ++i) {
            for (offset_t j = a == b ? i + 1 : b * block_rows; j < end_b; ++j) {
                rotate(i, j);
            }
        }
    }

    void rotate(offset_t i, offset_t j) {
        constexpr double tolerance = 1e-5;  // well above the rounding of a dot product in float
        const double product = kernels_.dot(row(i), row(j), size_);
        double &a = squares_[i], &b = squares_[j];
        if (!(std::abs(product) > tolerance * std::sqrt(std::max(a, 0.0) * std::max(b, 0.0)))) {
            return;
        }
        const double zeta = (b - a) / (2 * product);
        const double t = (zeta < 0 ? -1 : 1) / (std::abs(zeta) + std::sqrt(1 + zeta * zeta));
        const double c = 1 / std::sqrt(1 + t * t);
        a -= t * product;
        b += t * product;
        if (a >= b) {
            kernels_.rotate(row(i), row(j), static_cast<float>(c), static_cast<float>(c * t), 2 * size_);
        } else {
            kernels_.rotate(row(i), row(j), static_cast<float>(c * t), static_cast<float>(-c), 2 * size_);
            std::swap(a, b);
        }
        rotated_.store(true, std::memory_order_relaxed);
    }

    const simd::AlsKernels& kernels_ = simd::kernels().als;
    offset_t size_, n_;
    double shift_;
    AlignedBuffer<float> rows_;  // n x [size of W L | size of W]
    AlignedBuffer<double> squares_;
    std::atomic<bool> rotated_ = false;
};

// Replaces gram (stride x stride) by its diagonal form and `axes`, the orthogonal matrix of an earlier rotation or the
// identity, by the matrix that turns rows of factors into the new axes. Alternating between the Gram matrices of both
// sides, each rotation nearly undoes the one before, hence the start.
inline void diagonalise(double* gram, offset_t size, index_t factors, float* axes, int threads) {
    constexpr int max_sweeps = 30;         // some twelve from the identity, five from the last rotation
    constexpr index_t worth_a_team = 128;  // below, a sweep is too short to wait for threads at each round
    threads = factors < worth_a_team ? 1 : threads;
    JacobiSweeps sweeps(gram, axes, size, factors);
    for (int k = 0; k < max_sweeps && sweeps.sweep(threads); ++k) {
    }
    std::fill_n(gram, size * size, 0.0);
    std::fill_n(axes, size * size, 0.0f);
    for (offset_t i = 0; i < factors; ++i) {
        gram[i * (size + 1)] = sweeps.eigenvalue(i);
        for (offset_t k = 0; k < factors; ++k) {
            axes[k * size + i] = sweeps.axis(i)[k];
        }
    }
}

}  // namespace tastemaker::als
