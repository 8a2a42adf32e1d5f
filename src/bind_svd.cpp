// The product that the singular value decomposition iterates.
#include "arrays.hpp"
#include "bindings.hpp"
#include "tastemaker/svd/product.hpp"

namespace tastemaker::python {
namespace {

// Keeps a checked view, so that the many products of one decomposition check X once.
struct SparseOperand {
    CsrArrays arrays;
    CsrView view;

    explicit SparseOperand(const py::tuple& parts) : arrays(CsrArrays::from_tuple(parts)), view(arrays.view()) {}
};

array<double> times(const SparseOperand& X, const array<double>& Y, int threads) {
    require(threads >= 1, "threads must be at least 1");
    const MatrixView<const double> columns = matrix_view(Y);
    array<double> out({py::ssize_t{X.view.rows}, py::ssize_t{columns.cols}});
    const MatrixView<double> view = mutable_matrix_view(out);
    {
        const py::gil_scoped_release release;  // views only from here on
        product(X.view, columns, view, threads);
    }
    return out;
}

}  // namespace

void bind_svd(py::module_& m) {
    py::class_<SparseOperand>(m, "SparseOperand")
        .def(py::init<const py::tuple&>(), py::arg("matrix"))
        .def("times", &times, py::arg("columns").noconvert(), py::arg("threads"));
}

}  // namespace tastemaker::python
