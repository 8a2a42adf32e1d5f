#include "arrays.hpp"
#include "bindings.hpp"

namespace tastemaker::python {

void bind_eval(py::module_&) {}

}  // namespace tastemaker::python
