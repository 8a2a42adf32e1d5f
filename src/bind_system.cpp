// SIMD level, errors and Ctrl-C.
#include <pybind11/stl.h>

#include "bindings.hpp"
#include "tastemaker/base/error.hpp"
#include "tastemaker/base/interrupt.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::python {

void bind_system(py::module_& m) {
    simd::kernels();  // a wrong $TASTEMAKER_SIMD fails the import, not the first fit
    m.def("available_simd_levels", &simd::available_levels);
    m.def("simd_level", &simd::current_level);
    m.def("set_simd_level", &simd::set_level, py::arg("name"));

    py::register_exception<NumericalError>(m, "NumericalError", PyExc_ArithmeticError);
    interrupt_check = [] {
        const py::gil_scoped_acquire gil;
        return PyErr_CheckSignals() != 0;
    };
    // NOLINTNEXTLINE(performance-unnecessary-value-param): the signature is pybind11's
    py::register_exception_translator([](std::exception_ptr p) {
        try {
            if (p) {
                std::rethrow_exception(p);
            }
        } catch (const Interrupted&) {
            // PyErr_CheckSignals has set KeyboardInterrupt, or whatever the user's handler raised.
        }
    });
}

}  // namespace tastemaker::python
