// What the tests' sparse matrices are made of: rows are appended, then seen as a whole.
#pragma once

#include <vector>

#include "tastemaker/base/views.hpp"

namespace tastemaker::tests {

struct CsrRows {
    explicit CsrRows(index_t cols_) : cols(cols_) {}

    CsrView view() const {
        return {static_cast<index_t>(indptr.size() - 1), cols, indptr.data(), indices.data(), values.data()};
    }

    index_t cols;
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
    std::vector<float> values;
};

}  // namespace tastemaker::tests
