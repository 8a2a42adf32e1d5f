// numpy arrays as views of the core. Bind such arguments with .noconvert(): a silent copy would be a silent cost.
#pragma once

#include <pybind11/numpy.h>

#include <limits>
#include <optional>

#include "tastemaker/base/views.hpp"

namespace tastemaker::python {

namespace py = pybind11;

template <class T>
using array = py::array_t<T, py::array::c_style>;

inline index_t checked_index(py::ssize_t n, const char* message) {
    require(n <= std::numeric_limits<index_t>::max(), message);
    return static_cast<index_t>(n);
}

template <class T>
MatrixView<const T> matrix_view(const array<T>& a) {
    require(a.ndim() == 2, "expected a 2-d array");
    return {a.data(), a.shape(0), checked_index(a.shape(1), "a matrix has more than 2^31 - 1 columns"), a.shape(1)};
}

template <class T>
MatrixView<T> mutable_matrix_view(array<T>& a) {
    require(a.ndim() == 2, "expected a 2-d array");
    return {a.mutable_data(), a.shape(0), checked_index(a.shape(1), "a matrix has more than 2^31 - 1 columns"),
            a.shape(1)};
}

template <class T>
const T* vector_data(const array<T>& a, offset_t size) {
    require(a.ndim() == 1 && a.shape(0) == size, "a 1-d array has the wrong length");
    return a.data();
}

// A CSR matrix as Python passes it; the members keep the memory alive. `values` may be None: all ones.
struct CsrArrays {
    array<offset_t> indptr;
    array<index_t> indices;
    std::optional<array<float>> values;
    index_t cols = 0;

    // Takes (indptr int64, indices int32, values float32 | None, cols); see tastemaker._validation.csr_parts.
    static CsrArrays from_tuple(const py::tuple& parts) {
        require(parts.size() == 4, "a CSR matrix is (indptr, indices, values, cols)");
        require(array<offset_t>::check_(parts[0]) && array<index_t>::check_(parts[1]),
                "CSR indptr must be a contiguous int64 array and indices a contiguous int32 array");
        py::detail::make_caster<index_t> cols;  // cast() would raise what only a bug in a binding should
        require(cols.load(parts[3], true), "the columns of a CSR matrix must be an integer of 32 bits");
        CsrArrays csr{py::cast<array<offset_t>>(parts[0]), py::cast<array<index_t>>(parts[1]), std::nullopt,
                      static_cast<index_t>(cols)};
        if (!parts[2].is_none()) {
            require(array<float>::check_(parts[2]), "CSR values must be a contiguous float32 array");
            csr.values = py::cast<array<float>>(parts[2]);
        }
        return csr;
    }

    // Checked view: safe to index afterwards. O(nnz), about 1 ms per million entries.
    CsrView view() const {
        require(indptr.ndim() == 1 && indptr.shape(0) >= 1 && indices.ndim() == 1, "CSR arrays must be 1-d");
        require(!values || (values->ndim() == 1 && values->shape(0) == indices.shape(0)),
                "CSR values and indices must have the same length");
        const CsrView csr{checked_index(indptr.shape(0) - 1, "a CSR matrix has more than 2^31 - 1 rows"), cols,
                          indptr.data(), indices.data(), values ? values->data() : nullptr};
        csr.validate(indices.shape(0));
        return csr;
    }
};

}  // namespace tastemaker::python
