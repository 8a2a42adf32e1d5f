// The sums of a sparse matrix's columns.
#pragma once

#include <algorithm>

#include "tastemaker/base/views.hpp"

namespace tastemaker {

// Writes x.cols sums, each in the order of the rows; of a pattern, how many entries each column has.
inline void column_sums(const CsrView& x, double* sums) {
    std::fill_n(sums, x.cols, 0.0);
    for (offset_t t = 0; t < x.nnz(); ++t) {
        sums[x.indices[t]] += x.values ? double{x.values[t]} : 1.0;
    }
}

}  // namespace tastemaker
