// A sparse matrix: its transpose, its sums, and the product that the singular value decomposition iterates.
#include "bindings.hpp"
#include "sparse_matrix.hpp"
#include "tastemaker/base/column_sums.hpp"
#include "tastemaker/svd/product.hpp"

namespace tastemaker::python {
namespace {

array<double> column_sums(const SparseMatrix& X) {
    array<double> out(py::ssize_t{X.view.cols});
    double* sums = out.mutable_data();
    const py::gil_scoped_release release;  // pure arithmetic on memory that the arguments keep alive
    tastemaker::column_sums(X.view, sums);
    return out;
}

array<double> times(const SparseMatrix& X, const array<double>& Y, int threads) {
    require(threads >= 1, "threads must be at least 1");
    const MatrixView<const double> columns = matrix_view(Y);
    array<double> out({py::ssize_t{X.view.rows}, py::ssize_t{columns.cols}});
    const MatrixView<double> view = mutable_matrix_view(out);
    const py::gil_scoped_release release;  // as above
    product(X.view, columns, view, threads);
    return out;
}

}  // namespace

void bind_matrix(py::module_& m) {
    py::class_<SparseMatrix>(m, "SparseMatrix")
        .def(py::init([](const py::tuple& csr) { return SparseMatrix(CsrArrays::from_tuple(csr)); }), py::arg("csr"))
        .def("transposed", &SparseMatrix::transposed)
        .def("column_sums", &column_sums)
        .def("times", &times, py::arg("columns").noconvert(), py::arg("threads"));
}

}  // namespace tastemaker::python
