// The Gram matrix that EASE inverts.
#include "tastemaker/ease/gram.hpp"

#include "arrays.hpp"
#include "bindings.hpp"

namespace tastemaker::python {
namespace {

void ease_gram(const py::tuple& users, const py::tuple& items, array<float>& out, int threads) {
    const CsrArrays rows = CsrArrays::from_tuple(users);
    const CsrArrays columns = CsrArrays::from_tuple(items);
    const CsrView x = rows.view();
    const CsrView transposed = columns.view();
    const MatrixView<float> gram = mutable_matrix_view(out);
    require(threads >= 1, "threads must be at least 1");
    const py::gil_scoped_release release;  // views only from here on
    item_gram(x, transposed, gram, threads);
}

}  // namespace

void bind_ease(py::module_& m) {
    m.def("ease_gram", &ease_gram, py::arg("users"), py::arg("items"), py::arg("out").noconvert(), py::arg("threads"),
          "Writes the upper triangle of X'X to out; users is X, items its transpose.");
}

}  // namespace tastemaker::python
