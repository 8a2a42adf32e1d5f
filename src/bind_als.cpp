#include "arrays.hpp"
#include "bindings.hpp"

namespace tastemaker::python {

void bind_als(py::module_&) {}

}  // namespace tastemaker::python
