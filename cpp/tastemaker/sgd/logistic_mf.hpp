// Logistic matrix factorisation: one side's parameters by one step along its whole gradient.
//
//   L = sum_{u,i liked} c_ui log s(x_ui) + sum_{u,i drawn} log(1 - s(x_ui)) - reg / 2 sum of squares of all parameters,
//   x_ui = q_u . p_i + b_u + b_i,  s(x) = 1 / (1 + exp(-x))
//
// Johnson: Logistic Matrix Factorization for Implicit Feedback Data. NIPS 2014 workshop.
#pragma once

#include <memory>

#include "tastemaker/sgd/epoch.hpp"

namespace tastemaker::sgd {

struct LogisticMf {
    simd::SgdStep step;
    float reg = 0;
    int negatives_per_positive = 0;
    offset_t max_negatives = 0;              // of a row
    const Popularity* popularity = nullptr;  // of the columns, by which negatives are drawn
    std::uint64_t key = 0;
    bool by_row = true;  // false: every row draws the same, so that it does not depend on its number
};

// Scratch of one worker: the terms of a row's gradient, a panel at a time.
class RowGradient {
public:
    RowGradient(const MatrixView<const float>& others, index_t factors)
        : others_(others), factors_(factors), size_(others.cols), x_(size_), sum_(size_), part_(size_) {}

    // Begins the gradient of L at a row of parameters.
    void begin(const float* row) {
        std::copy_n(row, size_, x_.data());
        std::fill_n(sum_.data(), size_, 0.0f);
        bias_ = x_[factors_];
        x_[factors_] = 1.0f;
        bias_sum_ = 0;
        panel_ = 0;
    }

    // Adds the term of a column: `weight` for a like, 0 for a negative.
    void add(index_t column, float weight) {
        columns_[panel_] = column;
        weights_[panel_] = weight;
        if (++panel_ == panel) {
            flush();
        }
    }

    // Returns the gradient of -L.
    const float* finish(const float* row, float reg) {
        flush();
        sum_[factors_] = bias_sum_;
        for (offset_t k = 0; k < size_; ++k) {
            sum_[k] = reg * row[k] - sum_[k];
        }
        return sum_.data();
    }

private:
    static constexpr int panel = 32;  // rows of 64 factors are 9 KB: the second pass finds them in L1

    void flush() {
        if (panel_ == 0) {
            return;
        }
        const float* rows[panel];
        float scores[panel];
        for (int t = 0; t < panel_; ++t) {
            rows[t] = others_.row(columns_[t]);
        }
        kernels_.scores(rows, panel_, x_.data(), size_, scores);
        for (int t = 0; t < panel_; ++t) {
            const float chance = sigmoid(scores[t] + bias_);
            scores[t] = weights_[t] > 0 ? weights_[t] * (1.0f - chance) : -chance;
            bias_sum_ += scores[t];
        }
        kernels_.combine(rows, scores, panel_, size_, part_.data());
        for (offset_t k = 0; k < size_; ++k) {
            sum_[k] += part_[k];
        }
        panel_ = 0;
    }

    const simd::SgdKernels& kernels_ = simd::kernels().sgd;
    MatrixView<const float> others_;
    index_t factors_;
    offset_t size_;
    AlignedBuffer<float> x_, sum_, part_;
    float bias_ = 0;
    float bias_sum_ = 0;
    int panel_ = 0;
    index_t columns_[panel] = {};
    float weights_[panel] = {};
};

// Moves each row of `table` that has likes one step towards the maximum of L, given the other side's parameters. A row
// has one writer and reads nobody else's, so threads do not matter.
inline void logistic_half_epoch(const CsrView& likes, MatrixView<float> table, MatrixView<const float> others,
                                index_t factors, const LogisticMf& settings, int threads) {
    const offset_t size = row_size(factors);
    require(table.stride == 2 * size && others.stride >= size && others.cols == size && table.rows == likes.rows &&
                others.rows == likes.cols,
            "a half epoch needs one row of parameters per row and per column");
    const auto negatives = [&](index_t u) {
        return std::min(checked_mul(likes.length(u), settings.negatives_per_positive), settings.max_negatives);
    };
    std::vector<std::unique_ptr<RowGradient>> gradients;
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        gradients.push_back(std::make_unique<RowGradient>(others, factors));
    }
    const auto cost = [&](offset_t u) {
        return (likes.length(static_cast<index_t>(u)) + negatives(static_cast<index_t>(u))) * size / 4;
    };
    parallel_for(likes.rows, threads, cost, [&](offset_t begin, offset_t end, int worker) {
        RowGradient& gradient = *gradients[static_cast<std::size_t>(worker)];
        for (auto u = static_cast<index_t>(begin); u < end; ++u) {
            const SparseRow liked = likes.row(u);
            if (liked.size() == 0) {
                continue;
            }
            gradient.begin(table.row(u));
            for (offset_t t = 0; t < liked.size(); ++t) {
                gradient.add(liked.indices[static_cast<std::size_t>(t)], liked.value(t));
            }
            Draws draws(settings.by_row ? subkey(settings.key, static_cast<std::uint64_t>(u)) : settings.key);
            for (offset_t left = negatives(u); left > 0; --left) {
                gradient.add(settings.popularity->draw(draws), 0.0f);
            }
            const float* g = gradient.finish(table.row(u), settings.reg);
            simd::kernels().sgd.adagrad_after(table.row(u), g, 1.0f, size, settings.step);
        }
    });
    Side side;
    side.table = table;
    require_finite(side, size, threads);
}

}  // namespace tastemaker::sgd
