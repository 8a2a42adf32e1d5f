#include "arrays.hpp"
#include "bindings.hpp"

namespace tastemaker::python {

void bind_knn(py::module_&) {}

}  // namespace tastemaker::python
