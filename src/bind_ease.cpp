// The Gram matrix that EASE inverts.
#include "bindings.hpp"
#include "sparse_matrix.hpp"
#include "tastemaker/ease/gram.hpp"

namespace tastemaker::python {
namespace {

void ease_gram(const SparseMatrix& X, array<float>& out, int threads) {
    const MatrixView<float> gram = mutable_matrix_view(out);
    require(threads >= 1, "threads must be at least 1");
    const SparseMatrix by_item = X.transposed();
    const py::gil_scoped_release release;  // views only from here on
    item_gram(X.view, by_item.view, gram, threads);
}

}  // namespace

void bind_ease(py::module_& m) {
    m.def("ease_gram", &ease_gram, py::arg("X"), py::arg("out").noconvert(), py::arg("threads"),
          "Writes the upper triangle of X'X to out.");
}

}  // namespace tastemaker::python
