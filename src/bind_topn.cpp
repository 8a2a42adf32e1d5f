// Top-N retrieval: DenseIndex, SparseIndex and TableIndex.
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "tastemaker/select/all_scores.hpp"
#include "tastemaker/select/dense_pairs.hpp"
#include "tastemaker/select/dense_topn.hpp"
#include "tastemaker/select/scaled_sum.hpp"
#include "tastemaker/select/sparse_pairs.hpp"
#include "tastemaker/select/sparse_topn.hpp"
#include "tastemaker/select/table_pairs.hpp"
#include "tastemaker/select/table_topn.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::python {
namespace {

// A CSR argument that may be None. Keeps the arrays alive while the view is used.
struct OptionalCsr {
    std::optional<CsrArrays> arrays;
    CsrView csr;

    explicit OptionalCsr(const std::optional<py::tuple>& parts) {
        if (parts) {
            arrays = CsrArrays::from_tuple(*parts);
            csr = arrays->view();
        }
    }

    const CsrView* view() const { return arrays ? &csr : nullptr; }
};

Ties ties_of(const std::string& name) {
    return name == "index" ? Ties::by_index : name == "shared" ? Ties::shared : Ties::last;
}

PairsView pairs_view(const array<index_t>& rows, const array<index_t>& items) {
    return {vector_data(rows, rows.size()), vector_data(items, rows.size()), rows.size()};
}

// Allocates (ids, scores) of rows x n, runs find(result) without the GIL and returns them.
template <class Find>
py::tuple results(py::ssize_t rows, index_t n, Find find) {
    array<index_t> ids({rows, py::ssize_t{n}});
    array<float> scores({rows, py::ssize_t{n}});
    const TopnResult out{ids.mutable_data(), scores.mutable_data()};
    {
        const py::gil_scoped_release release;  // views only from here on
        find(out);
    }
    return py::make_tuple(ids, scores);
}

// Allocates one value per pair, runs fill(values) without the GIL and returns them.
template <class T, class Fill>
array<T> per_pair(const array<index_t>& rows, Fill fill) {
    array<T> values(rows.size());
    T* out = values.mutable_data();
    {
        const py::gil_scoped_release release;  // views only from here on
        fill(out);
    }
    return values;
}

// Allocates rows x items scores, runs fill(scores) without the GIL and returns them.
template <class Fill>
array<float> all_scores(py::ssize_t rows, index_t catalogue, Fill fill) {
    array<float> scores({rows, py::ssize_t{catalogue}});
    const MatrixView<float> out = mutable_matrix_view(scores);
    {
        const py::gil_scoped_release release;  // views only from here on
        fill(out);
    }
    return scores;
}

array<float> add_scaled_rows(const array<float>& scores, float weight, array<float>& total, int threads) {
    const MatrixView<const float> view = matrix_view(scores);
    const MatrixView<float> sum = mutable_matrix_view(total);
    array<float> factors(view.rows);
    float* out = factors.mutable_data();
    {
        const py::gil_scoped_release release;  // views only from here on
        add_scaled(view, weight, sum, out, threads);
    }
    return factors;
}

TopnRequest request(index_t n, const OptionalCsr& seen, const std::optional<array<std::uint8_t>>& allowed,
                    index_t catalogue, int threads) {
    require(threads >= 1, "threads must be at least 1");
    return {n, seen.view(), allowed ? vector_data(*allowed, catalogue) : nullptr, threads};
}

void bind_dense(py::module_& m) {
    py::class_<DenseIndex>(m, "DenseIndex")
        .def(py::init([](const array<float>& items, int threads) {
                 const MatrixView<const float> view = matrix_view(items);
                 const py::gil_scoped_release release;  // views only from here on
                 return DenseIndex(view, simd::kernels().topn, threads);
             }),
             py::arg("items").noconvert(), py::arg("threads"))
        .def(
            "topn",
            [](const DenseIndex& index, const array<float>& queries, index_t n, const std::optional<py::tuple>& exclude,
               const std::optional<array<std::uint8_t>>& allowed, int threads) {
                const MatrixView<const float> view = matrix_view(queries);
                const OptionalCsr seen(exclude);
                const TopnRequest wanted = request(n, seen, allowed, index.catalogue(), threads);
                return results(view.rows, n, [&](TopnResult out) { topn(index, view, wanted, out); });
            },
            py::arg("queries").noconvert(), py::arg("n"), py::arg("exclude"), py::arg("allowed").noconvert(),
            py::arg("threads"))
        .def(
            "score_all",
            [](const DenseIndex& index, const array<float>& queries, int threads) {
                const MatrixView<const float> view = matrix_view(queries);
                return all_scores(view.rows, index.catalogue(),
                                  [&](MatrixView<float> out) { score_all(index, view, threads, out); });
            },
            py::arg("queries").noconvert(), py::arg("threads"))
        .def(
            "score",
            [](const DenseIndex& index, const array<float>& queries, const array<index_t>& rows,
               const array<index_t>& items, int threads) {
                const MatrixView<const float> view = matrix_view(queries);
                const PairsView pairs = pairs_view(rows, items);
                return per_pair<float>(rows, [&](float* out) { score_pairs(index, view, pairs, threads, out); });
            },
            py::arg("queries").noconvert(), py::arg("rows").noconvert(), py::arg("items").noconvert(),
            py::arg("threads"))
        .def(
            "rank",
            [](const DenseIndex& index, const array<float>& queries, const array<index_t>& rows,
               const array<index_t>& items, const std::optional<py::tuple>& exclude, const std::string& ties,
               int threads) {
                const MatrixView<const float> view = matrix_view(queries);
                const PairsView pairs = pairs_view(rows, items);
                const OptionalCsr seen(exclude);
                return per_pair<std::int64_t>(rows, [&](std::int64_t* out) {
                    rank_pairs(index, view, pairs, seen.view(), threads, out, ties_of(ties));
                });
            },
            py::arg("queries").noconvert(), py::arg("rows").noconvert(), py::arg("items").noconvert(),
            py::arg("exclude"), py::arg("ties"), py::arg("threads"));
}

void bind_sparse(py::module_& m) {
    py::class_<SparseIndex>(m, "SparseIndex")
        .def(py::init([](const py::tuple& table) {
                 const CsrArrays arrays = CsrArrays::from_tuple(table);
                 const py::gil_scoped_release release;  // views only from here on
                 return SparseIndex(arrays.view());
             }),
             py::arg("table"))
        .def(
            "topn",
            [](const SparseIndex& index, const py::tuple& queries, index_t n, const std::optional<py::tuple>& exclude,
               const std::optional<array<std::uint8_t>>& allowed, int threads) {
                const CsrArrays arrays = CsrArrays::from_tuple(queries);
                const CsrView view = arrays.view();
                const OptionalCsr seen(exclude);
                const TopnRequest wanted = request(n, seen, allowed, index.catalogue(), threads);
                return results(view.rows, n,
                               [&](TopnResult out) { topn(index, simd::kernels().topn, view, wanted, out); });
            },
            py::arg("queries"), py::arg("n"), py::arg("exclude"), py::arg("allowed").noconvert(), py::arg("threads"))
        .def(
            "score_all",
            [](const SparseIndex& index, const py::tuple& queries, int threads) {
                const CsrArrays arrays = CsrArrays::from_tuple(queries);
                const CsrView view = arrays.view();
                return all_scores(view.rows, index.catalogue(), [&](MatrixView<float> out) {
                    score_all(index, simd::kernels().topn, view, threads, out);
                });
            },
            py::arg("queries"), py::arg("threads"))
        .def(
            "score",
            [](const SparseIndex& index, const py::tuple& queries, const array<index_t>& rows,
               const array<index_t>& items, int threads) {
                const CsrArrays arrays = CsrArrays::from_tuple(queries);
                const CsrView view = arrays.view();
                const PairsView pairs = pairs_view(rows, items);
                return per_pair<float>(
                    rows, [&](float* out) { score_pairs(index, simd::kernels().topn, view, pairs, threads, out); });
            },
            py::arg("queries"), py::arg("rows").noconvert(), py::arg("items").noconvert(), py::arg("threads"))
        .def(
            "rank",
            [](const SparseIndex& index, const py::tuple& queries, const array<index_t>& rows,
               const array<index_t>& items, const std::optional<py::tuple>& exclude, const std::string& ties,
               int threads) {
                const CsrArrays arrays = CsrArrays::from_tuple(queries);
                const CsrView view = arrays.view();
                const PairsView pairs = pairs_view(rows, items);
                const OptionalCsr seen(exclude);
                return per_pair<std::int64_t>(rows, [&](std::int64_t* out) {
                    rank_pairs(index, simd::kernels().topn, view, pairs, seen.view(), threads, out, ties_of(ties));
                });
            },
            py::arg("queries"), py::arg("rows").noconvert(), py::arg("items").noconvert(), py::arg("exclude"),
            py::arg("ties"), py::arg("threads"));
}

void bind_table(py::module_& m) {
    py::class_<TableIndex>(m, "TableIndex")
        .def(py::init([](const array<float>& table) { return TableIndex(matrix_view(table), simd::kernels().topn); }),
             py::arg("table").noconvert(), py::keep_alive<1, 2>())  // the index is a view
        .def(
            "topn",
            [](const TableIndex& index, const py::tuple& queries, index_t n, const std::optional<py::tuple>& exclude,
               const std::optional<array<std::uint8_t>>& allowed, int threads) {
                const CsrArrays arrays = CsrArrays::from_tuple(queries);
                const CsrView view = arrays.view();
                const OptionalCsr seen(exclude);
                const TopnRequest wanted = request(n, seen, allowed, index.catalogue(), threads);
                return results(view.rows, n, [&](TopnResult out) { topn(index, view, wanted, out); });
            },
            py::arg("queries"), py::arg("n"), py::arg("exclude"), py::arg("allowed").noconvert(), py::arg("threads"))
        .def(
            "score_all",
            [](const TableIndex& index, const py::tuple& queries, int threads) {
                const CsrArrays arrays = CsrArrays::from_tuple(queries);
                const CsrView view = arrays.view();
                return all_scores(view.rows, index.catalogue(),
                                  [&](MatrixView<float> out) { score_all(index, view, threads, out); });
            },
            py::arg("queries"), py::arg("threads"))
        .def(
            "score",
            [](const TableIndex& index, const py::tuple& queries, const array<index_t>& rows,
               const array<index_t>& items, int threads) {
                const CsrArrays arrays = CsrArrays::from_tuple(queries);
                const CsrView view = arrays.view();
                const PairsView pairs = pairs_view(rows, items);
                return per_pair<float>(rows, [&](float* out) { score_pairs(index, view, pairs, threads, out); });
            },
            py::arg("queries"), py::arg("rows").noconvert(), py::arg("items").noconvert(), py::arg("threads"))
        .def(
            "rank",
            [](const TableIndex& index, const py::tuple& queries, const array<index_t>& rows,
               const array<index_t>& items, const std::optional<py::tuple>& exclude, const std::string& ties,
               int threads) {
                const CsrArrays arrays = CsrArrays::from_tuple(queries);
                const CsrView view = arrays.view();
                const PairsView pairs = pairs_view(rows, items);
                const OptionalCsr seen(exclude);
                return per_pair<std::int64_t>(rows, [&](std::int64_t* out) {
                    rank_pairs(index, view, pairs, seen.view(), threads, out, ties_of(ties));
                });
            },
            py::arg("queries"), py::arg("rows").noconvert(), py::arg("items").noconvert(), py::arg("exclude"),
            py::arg("ties"), py::arg("threads"));
}

}  // namespace

void bind_topn(py::module_& m) {
    bind_dense(m);
    bind_sparse(m);
    bind_table(m);
    m.def("add_scaled", &add_scaled_rows, py::arg("scores").noconvert(), py::arg("weight"),
          py::arg("total").noconvert(), py::arg("threads"),
          "Adds the rows of scores, each divided by its deviation, times weight to total; returns the rows' factors.");
}

}  // namespace tastemaker::python
