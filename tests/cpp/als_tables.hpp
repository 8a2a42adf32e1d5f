// Factors, weighted rows and residuals for the tests of ALS.
#pragma once

#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "csr_rows.hpp"
#include "tastemaker/als/axes.hpp"
#include "tastemaker/als/gram.hpp"
#include "tastemaker/als/problem.hpp"
#include "tastemaker/als/rotate.hpp"
#include "tastemaker/base/aligned.hpp"

namespace tastemaker::tests {

inline constexpr double eps = std::numeric_limits<float>::epsilon();

// Factors with zeros in the padding.
struct Table {
    Table(offset_t rows_, index_t factors_, unsigned seed)
        : rows(rows_), factors(factors_), size(round_up(factors_, simd::als_padding)), data(rows_ * size) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal;
        for (offset_t i = 0; i < rows; ++i) {
            for (offset_t k = 0; k < factors; ++k) {
                data[i * size + k] = normal(random);
            }
        }
    }
    als::Factors view() const { return {data.data(), rows, factors, size}; }
    MatrixView<float> mutable_view() { return {data.data(), rows, factors, size}; }
    double at(offset_t i, offset_t k) const { return static_cast<double>(data[i * size + k]); }

    offset_t rows;
    index_t factors;
    offset_t size;
    AlignedBuffer<float> data;
};

// Rows of the given lengths over `cols` columns, with likes, dislikes and zero-free weights.
struct Csr : CsrRows {
    Csr(const std::vector<index_t>& lengths, index_t cols_, unsigned seed) : CsrRows(cols_) {
        std::mt19937 random(seed);
        std::uniform_real_distribution<float> weight(0.5f, 4.0f);
        for (const index_t length : lengths) {
            for (index_t t = 0; t < length; ++t) {
                indices.push_back(static_cast<index_t>(static_cast<offset_t>(t) * cols / length));
                values.push_back(t % 5 == 4 ? -weight(random) : weight(random));
            }
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
    }
};

// |A x - b| relative to what its terms could lose: small for any good solution, whatever the condition of A.
inline double relative_residual(const SparseRow& row, const Table& y, const float* x, const als::Problem& problem) {
    double worst = 0;
    double scale = 0;
    const double w0 = static_cast<double>(problem.unobserved_weight);
    std::vector<double> confidence(static_cast<std::size_t>(y.rows), w0);
    std::vector<double> preference(static_cast<std::size_t>(y.rows), 0.0);
    for (offset_t t = 0; t < row.size(); ++t) {
        const auto i = static_cast<std::size_t>(row.indices[static_cast<std::size_t>(t)]);
        confidence[i] = static_cast<double>(problem.alpha) * std::abs(static_cast<double>(row.value(t)));
        preference[i] = row.value(t) > 0 ? 1.0 : 0.0;
    }
    for (index_t k = 0; k < y.factors; ++k) {
        double residual = static_cast<double>(problem.ridge(row.size(), y.rows)) * static_cast<double>(x[k]);
        double size = std::abs(residual);
        for (offset_t i = 0; i < y.rows; ++i) {
            double score = 0;
            double score_size = 0;
            for (index_t l = 0; l < y.factors; ++l) {
                score += y.at(i, l) * static_cast<double>(x[l]);
                score_size += std::abs(y.at(i, l) * static_cast<double>(x[l]));
            }
            const auto at = static_cast<std::size_t>(i);
            residual += confidence[at] * y.at(i, k) * (score - preference[at]);
            size += confidence[at] * std::abs(y.at(i, k)) * (score_size + preference[at]);
        }
        worst = std::max(worst, std::abs(residual));
        scale = std::max(scale, size);
    }
    return worst / scale;
}

// Factors and their Gram matrix in its axes, where conjugate gradients work.
struct InAxes {
    explicit InAxes(Table table) : y(std::move(table)), gram(als::gram(y.view(), 1)), axes(y.size * y.size) {
        for (offset_t k = 0; k < y.size; ++k) {
            axes[k * (y.size + 1)] = 1.0f;
        }
        als::diagonalise(gram.data(), y.size, y.factors, axes.data(), 1);
        rotate(y, axes, 1);
    }
    void turn(Table& table) const { rotate(table, axes, 1); }
    void turn_back(Table& table) const {
        AlignedBuffer<float> inverse(y.size * y.size);
        for (offset_t i = 0; i < y.size; ++i) {
            for (offset_t k = 0; k < y.size; ++k) {
                inverse[k * y.size + i] = axes[i * y.size + k];
            }
        }
        rotate(table, inverse, 3);
    }

    static void rotate(Table& table, const AlignedBuffer<float>& by, int threads) {
        const MatrixView<float> tables[] = {table.mutable_view()};
        als::rotate(tables, by.data(), table.size, threads);
    }

    Table y;
    AlignedBuffer<double> gram;
    AlignedBuffer<float> axes;
};

}  // namespace tastemaker::tests
