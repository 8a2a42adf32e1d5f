// The least-squares problem of implicit ALS, row by row.
//
//   L = sum_{u,i observed} alpha |v_ui| (p_ui - x_u . y_i)^2 + w0 sum_{u,i not observed} (x_u . y_i)^2
//       + sum_u ridge(u) |x_u|^2 + sum_i ridge(i) |y_i|^2,       p_ui = 1 where v_ui > 0, else 0
//
// With Y fixed, row u minimises L where A x = b:
//   A = w0 Y^T Y + sum_t w_t y_t y_t^T + ridge I,  b = sum_t c_t y_t,  w_t = alpha |v_t| - w0,  c_t = alpha |v_t| p_t.
// Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets, ICDM 2008; the ridge that grows with
// the row as in Rendle et al.: Revisiting the Performance of iALS, RecSys 2022.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/base/views.hpp"
#include "tastemaker/simd/kernels.hpp"

namespace tastemaker::als {

struct Problem {
    float reg = 0;
    float alpha = 1;              // confidence of an observed pair, per unit of its value
    float unobserved_weight = 1;  // w0, confidence of every other pair
    float nu = 1;

    // reg (n + w0 * others)^nu for a row with n observed pairs out of `others`.
    float ridge(offset_t n, offset_t others) const {
        const double weight =
            static_cast<double>(n) + static_cast<double>(unobserved_weight) * static_cast<double>(others);
        return static_cast<float>(reg * std::pow(weight, static_cast<double>(nu)));
    }
    float confidence(float v) const { return alpha * std::abs(v); }
};

// Factors as the kernels take them: `factors` columns, then zeros up to a stride of simd::als_padding floats.
using Factors = MatrixView<const float>;

inline void require_padded(offset_t stride, index_t factors) {
    require(factors >= 1 && stride >= factors && stride % simd::als_padding == 0,
            "factor rows must be padded to a multiple of 16 floats");
}

// Writes w_t and c_t of a row.
inline void write_terms(const Problem& problem, const SparseRow& row, float* w, float* c) {
    if (row.values.empty()) {
        std::fill_n(w, row.size(), problem.alpha - problem.unobserved_weight);
        std::fill_n(c, row.size(), problem.alpha);
        return;
    }
    for (offset_t t = 0; t < row.size(); ++t) {
        const float v = row.value(t);
        const float confidence = problem.confidence(v);
        w[t] = confidence - problem.unobserved_weight;
        c[t] = v > 0 ? confidence : 0.0f;
    }
}

// w0 Y^T Y and its diagonal.
struct SharedGram {
    SharedGram(const double* gram, offset_t size, float w0) : matrix(checked_mul(size, size)), diagonal(size) {
        std::transform(gram, gram + size * size, matrix.begin(),
                       [&](double g) { return static_cast<float>(static_cast<double>(w0) * g); });
        for (offset_t k = 0; k < size; ++k) {
            diagonal[k] = matrix[k * (size + 1)];
        }
        const auto others = std::count_if(matrix.begin(), matrix.end(), [](float x) { return x != 0; }) -
                            std::count_if(diagonal.begin(), diagonal.end(), [](float x) { return x != 0; });
        in_axes = others == 0;
    }

    AlignedBuffer<float> matrix, diagonal;
    bool in_axes = false;  // nothing but a diagonal
};

// What every row shares: Y, w0 Y^T Y (size x size, symmetric) and its diagonal.
struct Shared {
    Factors y;
    const float* gram = nullptr;
    const float* diagonal = nullptr;
    bool in_axes = false;  // is w0 Y^T Y its diagonal?

    offset_t size() const { return y.stride; }
};

// Sets m to the inverse of D = w0 Y^T Y + ridge I, in the axes where that is diagonal. Where D vanishes (fewer items
// than factors and no ridge) the residual does too: any positive number will do there, and the floor keeps m finite.
inline void write_inverse(const Shared& shared, float ridge, float* m) {
    const float largest = *std::max_element(shared.diagonal, shared.diagonal + shared.size()) + ridge;
    const float floor = std::max(1e-7f * largest, std::numeric_limits<float>::min());
    for (offset_t k = 0; k < shared.size(); ++k) {
        m[k] = 1 / std::max(shared.diagonal[k] + ridge, floor);
    }
}

// Rows of Y handled together: 32 rows of 64 factors are 8 KB, so the second pass over them finds them in L1.
inline constexpr offset_t panel_rows = 32;

}  // namespace tastemaker::als
