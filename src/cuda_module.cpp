// The extension module tastemaker_cuda._cuda: ALS on a CUDA device. Importing it needs no driver; probe() says what
// there is.
#include <pybind11/stl.h>

#include <optional>

#include "arrays.hpp"
#include "cuda/engine.hpp"

namespace tastemaker::python {
namespace {

using without_gil = py::call_guard<py::gil_scoped_release>;  // pure arithmetic on memory that the arguments keep alive

// A matrix on the device and the host's arrays behind it, checked once.
struct DeviceMatrix {
    DeviceMatrix(const py::tuple& csr, const als::Problem& problem, offset_t budget)
        : arrays(CsrArrays::from_tuple(csr)), matrix(arrays.view(), problem, budget) {}

    CsrArrays arrays;
    cuda::Matrix matrix;
};

cuda::Table uploaded(const array<float>& factors, const std::string& storage) {
    const MatrixView<const float> view = matrix_view(factors);
    require(storage == "float32" || storage == "float16" || storage == "bfloat16", "unknown storage");
    cuda::Table table(view.rows, view.cols,
                      storage == "float32"   ? cuda::Storage::float32
                      : storage == "float16" ? cuda::Storage::float16
                                             : cuda::Storage::bfloat16);
    table.upload(view);
    return table;
}

array<float> downloaded(const cuda::Table& table) {
    array<float> out({table.rows(), offset_t{table.factors()}});
    const MatrixView<float> view = mutable_matrix_view(out);
    const py::gil_scoped_release release;  // as above
    table.download(view);
    return out;
}

array<double> gram(const cuda::Table& y) {
    array<double> out({y.factors(), y.factors()});
    double* data = out.mutable_data();
    const py::gil_scoped_release release;  // as above
    cuda::gram(y, data);
    return out;
}

template <class T>
const T* square(const array<T>& a, index_t factors) {
    require(a.ndim() == 2 && a.shape(0) == factors && a.shape(1) == factors, "a matrix must be factors x factors");
    return a.data();
}

cuda::Table rotated(const cuda::Table& y, const array<float>& axes) {
    const float* data = square(axes, y.factors());
    const py::gil_scoped_release release;  // as above
    cuda::Table out(y.rows(), y.factors(), y.storage());
    cuda::rotate(y, data, out);
    return out;
}

void half_epoch(const DeviceMatrix& x, const cuda::Table& y, const array<double>& gram, cuda::Table& factors,
                int cg_steps, bool preconditioned) {
    const double* data = square(gram, y.factors());
    require(cg_steps >= 0, "cg_steps must not be negative");
    const py::gil_scoped_release release;  // as above
    cuda::half_epoch(x.matrix, y, data, {cg_steps, preconditioned}, factors);
}

double objective(const DeviceMatrix& csr, const DeviceMatrix& transposed, const cuda::Table& x, const cuda::Table& y) {
    return cuda::objective(csr.matrix, transposed.matrix, x, y);
}

py::tuple topn(const cuda::Table& queries, const cuda::Table& items, const std::optional<py::tuple>& seen, index_t n) {
    std::optional<CsrArrays> arrays;
    std::optional<CsrView> view;
    if (seen) {
        arrays = CsrArrays::from_tuple(*seen);
        view = arrays->view();
    }
    require(n >= 1 && n <= cuda::most_recommendations, "a device lists 1 to 1024 items");
    array<index_t> ids({queries.rows(), offset_t{n}});
    array<float> scores({queries.rows(), offset_t{n}});
    index_t* ids_data = ids.mutable_data();
    float* scores_data = scores.mutable_data();
    {
        const py::gil_scoped_release release;  // as above
        cuda::topn(queries, items, view ? &*view : nullptr, n, ids_data, scores_data);
    }
    return py::make_tuple(ids, scores);
}

}  // namespace

PYBIND11_MODULE(_cuda, m, py::mod_gil_not_used()) {
    m.doc() = "ALS on a CUDA device. Private: shapes and types are checked for memory safety only.";
    const auto error = py::register_exception<cuda::DeviceError>(m, "DeviceError", PyExc_RuntimeError);
    py::register_exception<cuda::OutOfMemory>(m, "OutOfMemory", error.ptr());
    py::register_exception<NumericalError>(m, "NumericalError", PyExc_ArithmeticError);
    m.attr("most_factors") = cuda::most_factors;
    py::class_<cuda::Report>(m, "Report")
        .def_readonly("problem", &cuda::Report::problem)
        .def_readonly("device", &cuda::Report::device)
        .def_readonly("driver", &cuda::Report::driver)
        .def_readonly("runtime", &cuda::Report::runtime)
        .def_readonly("capability", &cuda::Report::capability)
        .def_readonly("free_memory", &cuda::Report::free_memory)
        .def_readonly("memory", &cuda::Report::memory)
        .def_readonly("bandwidth", &cuda::Report::bandwidth);
    m.def("probe", &cuda::probe, without_gil());
    m.def("counted", [] {
        const cuda::Work work = cuda::counted();
        return py::make_tuple(work.bytes, work.flops);
    });
    py::class_<cuda::Table>(m, "Table")
        .def(py::init(&uploaded), py::arg("factors").noconvert(), py::arg("storage") = "float32")
        .def("__len__", &cuda::Table::rows)
        .def("to_host", &downloaded)
        .def("gram", &gram)
        .def("rotated", &rotated, py::arg("axes").noconvert());
    py::class_<DeviceMatrix>(m, "Matrix")
        .def(py::init([](const py::tuple& csr, float reg, float alpha, float unobserved_weight, float nu,
                         offset_t budget) {
                 return std::make_unique<DeviceMatrix>(csr, als::Problem{reg, alpha, unobserved_weight, nu}, budget);
             }),
             py::arg("csr"), py::kw_only(), py::arg("reg"), py::arg("alpha"), py::arg("unobserved_weight"),
             py::arg("nu"), py::arg("budget"))
        .def_property_readonly("blocks", [](const DeviceMatrix& x) { return x.matrix.blocks(); });
    m.def("half_epoch", &half_epoch, py::arg("x"), py::arg("y"), py::arg("gram").noconvert(), py::arg("factors"),
          py::kw_only(), py::arg("cg_steps"), py::arg("preconditioned"));
    m.def("objective", &objective, py::arg("csr"), py::arg("transposed"), py::arg("x"), py::arg("y"), without_gil());
    m.def("topn", &topn, py::arg("queries"), py::arg("items"), py::arg("seen"), py::arg("n"));
}

}  // namespace tastemaker::python
