// A sparse matrix times a block of dense columns, in float64: what the Krylov method spends its time on.
#pragma once

#include <algorithm>

#include "tastemaker/base/parallel.hpp"
#include "tastemaker/base/views.hpp"

namespace tastemaker {

// Adds up Width columns of one row of X Y. The sums stay in registers: 16 doubles fill eight of the 16 that the
// baseline has, and the loop over them is unrolled.
template <int Width>
inline void product_row(const SparseRow& x, MatrixView<const double> Y, index_t column, double* out) {
    double sums[Width] = {};
    for (offset_t k = 0; k < x.size(); ++k) {
        const double* y = Y.row(x.indices[static_cast<std::size_t>(k)]) + column;
        const double value = x.value(k);
        for (int c = 0; c < Width; ++c) {
            sums[c] += value * y[c];
        }
    }
    std::copy_n(sums, Width, out + column);
}

// Writes the columns [column, Y.cols) of rows [begin, end) of X Y, Width at a time while there are so many: the part of
// Y that is read again and again is a narrow one, which fits the second-level cache.
template <int Width>
inline void product_columns(const CsrView& X, MatrixView<const double> Y, index_t column, index_t begin, index_t end,
                            MatrixView<double> out) {
    for (; column + Width <= Y.cols; column += Width) {
        for (index_t r = begin; r < end; ++r) {
            product_row<Width>(X.row(r), Y, column, out.row(r));
        }
    }
    if constexpr (Width > 1) {
        product_columns<Width / 2>(X, Y, column, begin, end, out);
    }
}

// Writes X Y; each row's sums run over its entries in order, so the bits depend on nothing else.
inline void product(const CsrView& X, MatrixView<const double> Y, MatrixView<double> out, int threads) {
    require(Y.rows == X.cols, "a product needs a row of Y for each column of X");
    require(out.rows == X.rows && out.cols == Y.cols, "a product has the rows of X and the columns of Y");
    const auto cost = [&](offset_t r) { return (X.length(static_cast<index_t>(r)) + 1) * Y.cols; };
    parallel_for(X.rows, threads, cost, [&](offset_t begin, offset_t end, int) {
        product_columns<16>(X, Y, 0, static_cast<index_t>(begin), static_cast<index_t>(end), out);
    });
}

}  // namespace tastemaker
