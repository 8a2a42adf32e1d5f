// What each topic adds to the module.
#pragma once

#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace tastemaker::python {

void bind_system(py::module_& m);
void bind_matrix(py::module_& m);
void bind_topn(py::module_& m);
void bind_knn(py::module_& m);
void bind_als(py::module_& m);
void bind_ease(py::module_& m);
void bind_sgd(py::module_& m);
void bind_eval(py::module_& m);

}  // namespace tastemaker::python
