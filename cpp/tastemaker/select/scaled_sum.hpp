// Sums of several models' scores, each scaled per user.
#pragma once

#include <cmath>

#include "tastemaker/base/parallel.hpp"
#include "tastemaker/base/views.hpp"

namespace tastemaker {

// The standard deviation of n values in float64; 0 where they are all the same.
inline double deviation(const float* x, index_t n) {
    double sum = 0;
    for (index_t i = 0; i < n; ++i) {
        sum += x[i];
    }
    const double mean = sum / std::max(n, 1);
    double squares = 0;
    for (index_t i = 0; i < n; ++i) {
        squares += (x[i] - mean) * (x[i] - mean);
    }
    return std::sqrt(squares / std::max(n, 1));
}

// Adds weight / deviation(row) times each row of `scores` to the same row of `total` and writes those factors; a row
// whose scores are all the same tells nothing and has the factor 0.
inline void add_scaled(MatrixView<const float> scores, float weight, MatrixView<float> total, float* factors,
                       int threads) {
    require(scores.rows == total.rows && scores.cols == total.cols, "scores and their total must have one shape");
    const auto cost = [&](offset_t) { return 4 * offset_t{scores.cols}; };
    parallel_for(scores.rows, threads, cost, [&](offset_t begin, offset_t end, int) {
        for (offset_t r = begin; r < end; ++r) {
            const float* x = scores.row(r);
            float* out = total.row(r);
            const double spread = deviation(x, scores.cols);
            const auto factor = static_cast<float>(spread > 0 ? weight / spread : 0.0);
            for (index_t i = 0; i < scores.cols; ++i) {
                out[i] += factor * x[i];
            }
            factors[r] = factor;
        }
    });
}

}  // namespace tastemaker
