// Top-N retrieval: the fused dense search, with and without what lets it stop early, and sparse sums.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tastemaker/select/dense_topn.hpp"
#include "tastemaker/select/sparse_topn.hpp"
#include "tastemaker/simd/level.hpp"

namespace {

using namespace tastemaker;

constexpr index_t n_queries = 1024;

// Gaussian vectors; `skew` > 0 gives item i the norm (i + 1)^-skew, as trained factors have, 0 equal norms: the worst
// case, where every panel must be scored.
std::vector<float> vectors(index_t rows, index_t factors, double skew, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> data(static_cast<std::size_t>(rows) * static_cast<std::size_t>(factors));
    for (index_t i = 0; i < rows; ++i) {
        float* row = data.data() + offset_t{i} * factors;
        std::generate_n(row, factors, [&] { return normal(random); });
        const auto scale = static_cast<float>(std::pow(i + 1.0, -skew) / DenseIndex::norm(row, factors));
        std::transform(row, row + factors, row, [=](float x) { return x * scale; });
    }
    return data;
}

// Whether the first query's list is what scoring everything and sorting gives.
bool first_list_is_right(const std::vector<float>& items, const std::vector<float>& queries, index_t factors,
                         const std::vector<index_t>& ids, index_t n) {
    std::vector<double> scores(items.size() / static_cast<std::size_t>(factors));
    for (std::size_t i = 0; i < scores.size(); ++i) {
        for (std::size_t k = 0; k < static_cast<std::size_t>(factors); ++k) {
            scores[i] += static_cast<double>(items[i * static_cast<std::size_t>(factors) + k]) * queries[k];
        }
    }
    std::vector<double> sorted = scores;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    for (index_t i = 0; i < n; ++i) {
        const auto place = static_cast<std::size_t>(i);
        if (std::abs(scores[static_cast<std::size_t>(ids[place])] - sorted[place]) > 1e-5 * std::abs(sorted[0])) {
            return false;
        }
    }
    return true;
}

// Which part of all scores a search for the n best must compute.
double scored_share(const DenseIndex& index, MatrixView<const float> queries, index_t n) {
    const std::vector<std::uint64_t> blocked = index.blocked(nullptr);
    DenseSearch search(index, blocked, n);
    const auto rows = static_cast<index_t>(queries.rows);
    const index_t block = block_rows(index, DenseSearch::bytes_per_query(n), rows, 1);
    offset_t scored = 0;
    for (index_t begin = 0; begin < rows; begin += block) {
        search.run(queries, nullptr, begin, std::min(begin + block, rows), {});
        scored += search.scored();
    }
    return static_cast<double>(scored) / (static_cast<double>(rows) * index.panels());
}

void dense(benchmark::State& state) {
    const auto n_items = static_cast<index_t>(state.range(0));
    const auto factors = static_cast<index_t>(state.range(1));
    const auto n = static_cast<index_t>(state.range(2));
    const auto rows = static_cast<index_t>(state.range(4));
    const std::vector<float> items = vectors(n_items, factors, static_cast<double>(state.range(3)) / 100, 1);
    const std::vector<float> queries = vectors(n_queries, factors, 0, 2);
    const DenseIndex index({items.data(), n_items, factors, factors}, simd::kernels().topn, 1);
    std::vector<index_t> ids(static_cast<std::size_t>(rows * n));
    std::vector<float> scores(ids.size());
    const auto search = [&] {
        topn(index, {queries.data(), rows, factors, factors}, {n, nullptr, nullptr, 1}, {ids.data(), scores.data()});
    };
    search();
    if (!first_list_is_right(items, queries, factors, ids, n)) {
        state.SkipWithError("the list differs from scoring everything and sorting");
        return;
    }
    for (auto _ : state) {
        search();
    }
    state.SetItemsProcessed(state.iterations() * rows);
    state.counters["scored"] = scored_share(index, {queries.data(), rows, factors, factors}, n);
    // As if every item were scored, so that early stops show as speed.
    state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * static_cast<double>(rows) * n_items * factors,
                                                   benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(dense)
    ->ArgNames({"items", "factors", "n", "skew%", "queries"})
    ->Args({27000, 64, 10, 0, n_queries})
    ->Args({27000, 64, 100, 0, n_queries})
    ->Args({27000, 128, 10, 0, n_queries})
    ->Args({27000, 64, 10, 30, n_queries})
    ->Args({27000, 64, 10, 0, 1})
    ->Args({1000, 64, 10, 0, 1})
    ->Unit(benchmark::kMicrosecond);

struct Csr {
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
    std::vector<float> values;
    index_t cols;

    Csr(index_t rows, index_t cols_, index_t length, unsigned seed) : cols(cols_) {
        std::mt19937 random(seed);
        for (index_t i = 0; i < rows; ++i) {
            const auto stride = cols / length;  // one entry at a random place of each stride
            for (index_t t = 0; t < length; ++t) {
                indices.push_back(t * stride + static_cast<index_t>(random() % static_cast<unsigned>(stride)));
                values.push_back(1.0f + static_cast<float>(random() % 1000) * 0.001f);
            }
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
    }
    CsrView view() const {
        return {static_cast<index_t>(indptr.size() - 1), cols, indptr.data(), indices.data(), values.data()};
    }
};

void sparse(benchmark::State& state) {
    const auto n_items = static_cast<index_t>(state.range(0));
    const Csr table(n_items, n_items, static_cast<index_t>(state.range(1)), 3);
    const Csr queries(n_queries, n_items, static_cast<index_t>(state.range(2)), 4);
    const SparseIndex index(table.view());
    std::vector<index_t> ids(std::size_t{n_queries} * 10);
    std::vector<float> scores(ids.size());
    const auto search = [&] {
        topn(index, simd::kernels().topn, queries.view(), {10, nullptr, nullptr, 1}, {ids.data(), scores.data()});
    };
    search();
    std::vector<double> sums(static_cast<std::size_t>(n_items));
    const SparseRow first = queries.view().row(0);
    for (offset_t k = 0; k < first.size(); ++k) {
        const SparseRow row = table.view().row(first.indices[static_cast<std::size_t>(k)]);
        for (offset_t e = 0; e < row.size(); ++e) {
            sums[static_cast<std::size_t>(row.indices[static_cast<std::size_t>(e)])] +=
                static_cast<double>(first.value(k)) * row.value(e);
        }
    }
    std::sort(sums.begin(), sums.end(), std::greater<>());
    for (std::size_t i = 0; i < 10; ++i) {
        if (std::abs(static_cast<double>(scores[i]) - sums[i]) > 1e-5 * sums[0]) {
            state.SkipWithError("the list differs from summing everything and sorting");
            return;
        }
    }
    for (auto _ : state) {
        search();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(queries.indices.size()) * state.range(1));
}
BENCHMARK(sparse)
    ->ArgNames({"items", "neighbors", "history"})
    ->Args({3700, 20, 160})
    ->Args({27000, 20, 30})
    ->Args({27000, 100, 140})
    ->Unit(benchmark::kMillisecond);

}  // namespace
