// Similarity: how the sum over two columns becomes their similarity, and the constants per column that it takes.
#pragma once

#include <cmath>
#include <limits>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/base/error.hpp"
#include "tastemaker/knn/layout.hpp"

namespace tastemaker::knn {

// Columns i and j have the sum c_ij = sum_u (f_u x_ui) (f_u x_uj); simd::KnnScore says what a score makes of it.
struct Similarity {
    simd::KnnScore score = simd::knn_cosine;
    float shrinkage = 0.0f;             // added to the denominator
    bool centred = false;               // cosine of the columns minus their means: Pearson's correlation
    const float* row_factor = nullptr;  // f_u, one per row; null: 1. Not for centred cosines of patterns
    const float* own = nullptr;         // p of knn_product, one per column; null: 1
    const float* other = nullptr;       // q of knn_product; null: 1
};

// p and q of simd::KnnScan by rank, padded with zeros.
struct Constants {
    AlignedBuffer<float> p;
    AlignedBuffer<float> q;
};

// Length of a column minus its mean over `rows` (0 when not centred). Infinite for a column that does not vary, which
// makes its similarities 0 instead of 0 / 0.
inline float column_norm(const ColumnSummary& column, bool centred, double rows) {
    if (column.squares > std::numeric_limits<float>::max()) {
        throw NumericalError("the squared weights of a column exceed the range of float32");
    }
    const double square = column.squares - (centred ? column.sum * column.sum / rows : 0.0);
    // What is left of a constant column is the rounding of its sums, some 1e-16 of the squares for each row.
    const bool varies = square > 1e-12 * column.squares;
    return varies ? static_cast<float>(std::sqrt(square)) : std::numeric_limits<float>::infinity();
}

template <class Column>
Constants column_constants(const Layout<Column>& layout, const Similarity& similarity, index_t rows, offset_t padded) {
    Constants constants{AlignedBuffer<float>(padded), AlignedBuffer<float>(padded)};
    for (offset_t rank = 0; rank < layout.columns(); ++rank) {
        const index_t column = layout.order[static_cast<std::size_t>(rank)];
        const ColumnSummary& summary = layout.summary[static_cast<std::size_t>(rank)];
        switch (similarity.score) {
            case simd::knn_jaccard:
                constants.p[rank] = static_cast<float>(layout.column(rank).size());
                break;
            case simd::knn_product:
                constants.p[rank] = similarity.own ? similarity.own[column] : 1.0f;
                constants.q[rank] = similarity.other ? similarity.other[column] : 1.0f;
                break;
            default:
                constants.p[rank] = column_norm(summary, similarity.centred, rows);
                if (similarity.centred) {
                    constants.q[rank] = static_cast<float>(summary.sum / std::sqrt(static_cast<double>(rows)));
                }
        }
    }
    return constants;
}

}  // namespace tastemaker::knn
