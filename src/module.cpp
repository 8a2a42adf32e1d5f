// The extension module tastemaker._core; one bind_<topic>.cpp per topic, no arithmetic here.
#include "bindings.hpp"

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
    m.doc() = "Kernels of tastemaker. Private: shapes and types are checked for memory safety only.";
    tastemaker::python::bind_system(m);
    tastemaker::python::bind_matrix(m);
    tastemaker::python::bind_topn(m);
    tastemaker::python::bind_knn(m);
    tastemaker::python::bind_als(m);
    tastemaker::python::bind_ease(m);
    tastemaker::python::bind_sgd(m);
    tastemaker::python::bind_eval(m);
}
