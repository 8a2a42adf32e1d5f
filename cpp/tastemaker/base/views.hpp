// Non-owning views of matrices; the caller keeps the memory alive.
#pragma once

#include <span>

#include "tastemaker/base/types.hpp"

namespace tastemaker {

// Dense rows x cols, row-major; consecutive rows lie `stride` elements apart (stride >= cols).
template <class T>
struct MatrixView {
    T* data = nullptr;
    offset_t rows = 0;
    index_t cols = 0;
    offset_t stride = 0;

    T* row(offset_t i) const { return data + i * stride; }
};

// One sparse row: `values` is empty when every value is 1.
struct SparseRow {
    std::span<const index_t> indices;
    std::span<const float> values;

    offset_t size() const { return static_cast<offset_t>(indices.size()); }
    float value(offset_t k) const { return values.empty() ? 1.0f : values[static_cast<std::size_t>(k)]; }

    // Entries [begin, end).
    SparseRow part(offset_t begin, offset_t end) const {
        const auto from = static_cast<std::size_t>(begin);
        const auto n = static_cast<std::size_t>(end - begin);
        return {indices.subspan(from, n), values.empty() ? values : values.subspan(from, n)};
    }
};

// Compressed sparse rows. `values` may be null: then every stored entry is 1.
struct CsrView {
    index_t rows = 0;
    index_t cols = 0;
    const offset_t* indptr = nullptr;  // rows + 1 positions
    const index_t* indices = nullptr;
    const float* values = nullptr;

    offset_t nnz() const { return indptr[rows]; }
    offset_t length(index_t i) const { return indptr[i + 1] - indptr[i]; }

    SparseRow row(index_t i) const {
        const auto n = static_cast<std::size_t>(length(i));
        return {{indices + indptr[i], n},
                values ? std::span<const float>{values + indptr[i], n} : std::span<const float>{}};
    }

    // Throws unless every later access through this view stays inside its `capacity` entries.
    // Rows must be strictly ascending: the kernels rely on it to skip what a user has seen.
    void validate(offset_t capacity) const {
        require(rows >= 0 && cols >= 0, "a CSR shape must not be negative");
        require(indptr[0] == 0, "CSR indptr must start at 0");
        for (index_t i = 0; i < rows; ++i) {
            require(indptr[i] <= indptr[i + 1], "CSR indptr must not decrease");
        }
        require(nnz() <= capacity, "CSR indptr points past the end of indices");
        for (index_t i = 0; i < rows; ++i) {
            index_t last = -1;
            for (const index_t j : row(i).indices) {
                require(j > last && j < cols, "CSR indices must ascend within a row and lie in [0, cols)");
                last = j;
            }
        }
    }
};

}  // namespace tastemaker
