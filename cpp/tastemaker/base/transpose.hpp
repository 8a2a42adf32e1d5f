// The transpose of a sparse matrix.
#pragma once

#include <algorithm>

#include "tastemaker/base/views.hpp"

namespace tastemaker {

// Writes the rows of x's transpose, ascending, to the given arrays of x.cols + 1, nnz and nnz elements; `values` is not
// touched where x has none.
inline void transpose(const CsrView& x, offset_t* indptr, index_t* indices, float* values) {
    std::fill_n(indptr, static_cast<offset_t>(x.cols) + 1, 0);
    for (offset_t t = 0; t < x.nnz(); ++t) {
        ++indptr[x.indices[t] + 1];
    }
    for (index_t j = 0; j < x.cols; ++j) {
        indptr[j + 1] += indptr[j];
    }
    // While entries are placed, indptr[j] is where the next one of column j goes: in the end, where j + 1 begins.
    for (index_t i = 0; i < x.rows; ++i) {
        for (offset_t t = x.indptr[i]; t < x.indptr[i + 1]; ++t) {
            const offset_t to = indptr[x.indices[t]]++;
            indices[to] = i;
            if (x.values) {
                values[to] = x.values[t];
            }
        }
    }
    std::copy_backward(indptr, indptr + x.cols, indptr + x.cols + 1);
    indptr[0] = 0;
}

}  // namespace tastemaker
