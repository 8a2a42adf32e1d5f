// SparseMatrix: what Python holds of interactions while a model reads them again and again.
#pragma once

#include <algorithm>
#include <utility>

#include "arrays.hpp"
#include "tastemaker/base/transpose.hpp"

namespace tastemaker::python {

// A CSR matrix checked once for many passes. Nobody may change its arrays afterwards.
struct SparseMatrix {
    explicit SparseMatrix(CsrArrays parts) : arrays(std::move(parts)), view(arrays.view()) {
        if (view.values && std::all_of(view.values, view.values + view.nnz(), [](float v) { return v == 1.0f; })) {
            view.values = nullptr;  // so that the transpose needs no memory for them
        }
    }

    SparseMatrix transposed() const {
        CsrArrays parts{array<offset_t>(view.cols + offset_t{1}), array<index_t>(view.nnz()), std::nullopt, view.rows};
        if (view.values) {
            parts.values.emplace(view.nnz());
        }
        offset_t* indptr = parts.indptr.mutable_data();
        index_t* indices = parts.indices.mutable_data();
        float* values = parts.values ? parts.values->mutable_data() : nullptr;
        {
            const py::gil_scoped_release release;  // pure arithmetic on memory that nobody else knows yet
            transpose(view, indptr, indices, values);
        }
        return SparseMatrix(std::move(parts));
    }

    CsrArrays arrays;
    CsrView view;
};

}  // namespace tastemaker::python
