// Implicit ALS: one half epoch, the Gram matrix and the objective, on factors padded as simd/als_kernels.hpp wants.
#include <pybind11/stl.h>

#include "bindings.hpp"
#include "sparse_matrix.hpp"
#include "tastemaker/als/axes.hpp"
#include "tastemaker/als/gram.hpp"
#include "tastemaker/als/half_epoch.hpp"
#include "tastemaker/als/objective.hpp"
#include "tastemaker/als/rotate.hpp"

namespace tastemaker::python {
namespace {

als::Factors factors_view(const array<float>& a, index_t factors) {
    als::Factors view = matrix_view(a);
    als::require_padded(view.stride, factors);
    view.cols = factors;
    return view;
}

const double* gram_data(const array<double>& gram, offset_t size) {
    require(gram.ndim() == 2 && gram.shape(0) == size && gram.shape(1) == size,
            "a Gram matrix must be as wide as the padded factors");
    return gram.data();
}

array<double> gram(const array<float>& y, index_t factors, int threads) {
    const als::Factors view = factors_view(y, factors);
    array<double> out({view.stride, view.stride});
    double* data = out.mutable_data();
    const py::gil_scoped_release release;  // pure arithmetic on memory that the arguments keep alive
    als::write_gram(view, data, threads);
    return out;
}

void half_epoch(const SparseMatrix& x, const array<float>& y, const array<double>& gram, array<float> out,
                index_t factors, const als::Problem& problem, const als::Solver& solver, int threads) {
    const als::Factors y_view = factors_view(y, factors);
    const double* gram_view = gram_data(gram, y_view.stride);
    MatrixView<float> out_view = mutable_matrix_view(out);
    out_view.cols = factors;
    const py::gil_scoped_release release;  // as above
    als::half_epoch(x.view, y_view, gram_view, problem, solver, out_view, threads);
}

void diagonalise(array<double> gram, array<float> axes, index_t factors, int threads) {
    MatrixView<double> view = mutable_matrix_view(gram);
    require(view.rows == view.stride, "a Gram matrix must be square");
    als::require_padded(view.stride, factors);
    require(axes.ndim() == 2 && axes.shape(0) == view.stride && axes.shape(1) == view.stride,
            "axes must be as wide as the Gram matrix");
    float* data = axes.mutable_data();
    const py::gil_scoped_release release;  // as above
    als::diagonalise(view.data, view.stride, factors, data, threads);
}

void rotate(std::vector<array<float>> tables, const array<float>& axes, int threads) {
    std::vector<MatrixView<float>> views;
    for (array<float>& table : tables) {
        views.push_back(mutable_matrix_view(table));
    }
    const als::Factors turn = matrix_view(axes);
    require(turn.rows == turn.stride && turn.stride % simd::als_padding == 0,
            "axes must be as wide as the padded factors");
    const py::gil_scoped_release release;  // as above
    als::rotate(views, turn.data, turn.stride, threads);
}

double objective(const SparseMatrix& csr, const SparseMatrix& transposed, const array<float>& x, const array<float>& y,
                 const array<double>& gram_x, const array<double>& gram_y, index_t factors, const als::Problem& problem,
                 int threads) {
    const als::Factors x_view = factors_view(x, factors);
    const als::Factors y_view = factors_view(y, factors);
    const double* gx = gram_data(gram_x, y_view.stride);
    const double* gy = gram_data(gram_y, y_view.stride);
    const py::gil_scoped_release release;  // as above
    return als::objective(csr.view, transposed.view, x_view, y_view, gx, gy, problem, threads);
}

}  // namespace

void bind_als(py::module_& m) {
    m.attr("als_padding") = simd::als_padding;
    py::class_<als::Problem>(m, "AlsProblem")
        .def(py::init<float, float, float, float>(), py::arg("reg"), py::arg("alpha"), py::arg("unobserved_weight"),
             py::arg("nu"));
    py::class_<als::Solver>(m, "AlsSolver")
        .def(py::init([](int cg_steps, index_t block_size, bool preconditioned) {
                 require(cg_steps >= 0 && block_size >= 0, "cg_steps and block_size must not be negative");
                 return als::Solver{cg_steps, block_size, preconditioned};
             }),
             py::kw_only(), py::arg("cg_steps") = 0, py::arg("block_size") = 0, py::arg("preconditioned") = true)
        .def_property_readonly("in_axes", &als::Solver::in_axes);
    m.def("als_gram", &gram, py::arg("y").noconvert(), py::arg("factors"), py::arg("threads"));
    m.def("als_diagonalise", &diagonalise, py::arg("gram").noconvert(), py::arg("axes").noconvert(), py::arg("factors"),
          py::arg("threads"));
    m.def("als_rotate", &rotate, py::arg("tables").noconvert(), py::arg("axes").noconvert(), py::arg("threads"));
    m.def("als_half_epoch", &half_epoch, py::arg("x"), py::arg("y").noconvert(), py::arg("gram").noconvert(),
          py::arg("out").noconvert(), py::arg("factors"), py::arg("problem"), py::arg("solver"), py::arg("threads"));
    m.def("als_objective", &objective, py::arg("csr"), py::arg("transposed"), py::arg("x").noconvert(),
          py::arg("y").noconvert(), py::arg("gram_x").noconvert(), py::arg("gram_y").noconvert(), py::arg("factors"),
          py::arg("problem"), py::arg("threads"));
}

}  // namespace tastemaker::python
