#include "arrays.hpp"
#include "bindings.hpp"

namespace tastemaker::python {

void bind_topn(py::module_&) {}

}  // namespace tastemaker::python
