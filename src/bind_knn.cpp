// Nearest neighbours of columns.
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "tastemaker/knn/neighbours.hpp"

namespace tastemaker::python {
namespace {

simd::KnnScore score_of(const std::string& name) {
    if (name == "cosine" || name == "pearson") {
        return simd::knn_cosine;
    }
    require(name == "jaccard" || name == "product", "unknown score");
    return name == "jaccard" ? simd::knn_jaccard : simd::knn_product;
}

std::optional<simd::KnnMode> mode_of(const std::string& name) {
    if (name == "auto") {
        return std::nullopt;
    }
    require(name == "dense" || name == "list", "unknown mode");
    return name == "dense" ? simd::knn_dense : simd::knn_list;
}

const float* optional_data(const std::optional<array<float>>& a, offset_t size) {
    return a ? vector_data(*a, size) : nullptr;
}

// A numpy array that takes over the vector's memory.
template <class T>
array<T> owning_array(std::vector<T>&& values) {
    auto* owned = new std::vector<T>(std::move(values));
    const py::capsule owner(owned, [](void* p) { delete static_cast<std::vector<T>*>(p); });
    return array<T>(static_cast<py::ssize_t>(owned->size()), owned->data(), owner);
}

py::tuple knn_neighbours(const py::tuple& matrix, offset_t count, const std::string& score, float shrinkage,
                         const std::optional<array<float>>& row_factor, const std::optional<array<float>>& own,
                         const std::optional<array<float>>& other, int threads, const std::string& mode) {
    const CsrArrays csr = CsrArrays::from_tuple(matrix);
    const CsrView x = csr.view();
    require(count >= 1 && threads >= 1, "count and threads must be at least 1");
    const knn::Similarity similarity{
        .score = score_of(score),
        .shrinkage = shrinkage,
        .centred = score == "pearson",
        .row_factor = optional_data(row_factor, x.rows),
        .own = optional_data(own, x.cols),
        .other = optional_data(other, x.cols),
    };
    require(!(similarity.centred && similarity.row_factor), "pearson takes no row factors");
    const std::optional<simd::KnnMode> forced = mode_of(mode);
    knn::NeighbourTable table;
    {
        const py::gil_scoped_release release;  // the search touches no Python object
        table = knn::neighbours(x, similarity, count, threads, forced);
    }
    return py::make_tuple(owning_array(std::move(table.indptr)), owning_array(std::move(table.indices)),
                          owning_array(std::move(table.scores)));
}

}  // namespace

void bind_knn(py::module_& m) {
    m.def("knn_neighbours", &knn_neighbours, py::arg("matrix"), py::arg("count"), py::kw_only(), py::arg("score"),
          py::arg("shrinkage") = 0.0f, py::arg("row_factor").noconvert() = py::none(),
          py::arg("own").noconvert() = py::none(), py::arg("other").noconvert() = py::none(), py::arg("threads") = 1,
          py::arg("mode") = "auto", "CSR parts of the similarity of each column to its `count` nearest columns.");
}

}  // namespace tastemaker::python
