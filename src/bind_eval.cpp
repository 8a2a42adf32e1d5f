// Ranking metrics and the diversity of lists.
#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "tastemaker/eval/diversity.hpp"
#include "tastemaker/eval/ranking.hpp"

namespace tastemaker::python {

namespace {

std::vector<std::string> ranking_metric_names() {
    std::vector<std::string> names;
    names.reserve(std::size(eval::ranking_metrics));
    for (const eval::RankingMetric& metric : eval::ranking_metrics) {
        names.emplace_back(metric.name);
    }
    return names;
}

array<double> rank_users(const array<index_t>& ids, const py::tuple& truth_parts, const array<index_t>& candidates,
                         const array<index_t>& cutoffs, int threads) {
    const CsrArrays arrays = CsrArrays::from_tuple(truth_parts);
    const CsrView truth = arrays.view();
    const auto depths = static_cast<std::size_t>(cutoffs.size());
    const index_t* first = vector_data(cutoffs, cutoffs.size());
    const std::span items{vector_data(candidates, truth.rows), static_cast<std::size_t>(truth.rows)};
    array<double> out({eval::ranking_metrics.size(), depths, static_cast<std::size_t>(truth.rows)});
    double* values = out.mutable_data();
    const MatrixView<const index_t> lists = matrix_view(ids);
    {
        const py::gil_scoped_release unlock;  // the loop touches plain memory only
        eval::rank_users(lists, truth, items, {first, depths}, threads, values);
    }
    return out;
}

array<double> list_diversity(const array<index_t>& ids, const py::tuple& vector_parts, const array<index_t>& cutoffs,
                             int threads) {
    const CsrArrays arrays = CsrArrays::from_tuple(vector_parts);
    const CsrView vectors = arrays.view();
    const MatrixView<const index_t> lists = matrix_view(ids);
    const auto depths = static_cast<std::size_t>(cutoffs.size());
    const index_t* first = vector_data(cutoffs, cutoffs.size());
    array<double> out({depths, static_cast<std::size_t>(lists.rows)});
    double* values = out.mutable_data();
    {
        const py::gil_scoped_release unlock;  // the loop touches plain memory only
        eval::list_diversity(lists, vectors, {first, depths}, threads, values);
    }
    return out;
}

}  // namespace

void bind_eval(py::module_& m) {
    m.def("ranking_metric_names", &ranking_metric_names);
    m.def("rank_users", &rank_users, py::arg("ids").noconvert(), py::arg("truth"), py::arg("candidates").noconvert(),
          py::arg("cutoffs").noconvert(), py::arg("threads"));
    m.def("list_diversity", &list_diversity, py::arg("ids").noconvert(), py::arg("vectors"),
          py::arg("cutoffs").noconvert(), py::arg("threads"));
}

}  // namespace tastemaker::python
