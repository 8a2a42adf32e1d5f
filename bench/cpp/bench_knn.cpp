// The neighbour search on Zipf-like interactions: each mode of adding up, and the whole search.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "tastemaker/knn/neighbours.hpp"

namespace {

using namespace tastemaker;

struct Interactions {
    index_t rows, cols;
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
    std::vector<float> values;

    // Rows of `mean` distinct columns on average; popularity falls like 1 / rank^0.8.
    Interactions(index_t rows_, index_t cols_, int mean) : rows(rows_), cols(cols_) {
        std::mt19937 random(1);
        std::vector<double> weights;
        for (index_t j = 0; j < cols; ++j) {
            weights.push_back(std::pow(j + 10.0, -0.8));
        }
        std::discrete_distribution<index_t> column(weights.begin(), weights.end());
        std::exponential_distribution<double> length(1.0 / mean);
        for (index_t u = 0; u < rows; ++u) {
            std::set<index_t> row;
            for (int k = static_cast<int>(length(random)) + 2; k > 0; --k) {
                row.insert(column(random));
            }
            indices.insert(indices.end(), row.begin(), row.end());
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
        for (std::size_t t = 0; t < indices.size(); ++t) {
            values.push_back(static_cast<float>(random() % 5 + 1));
        }
    }

    CsrView view(bool pattern) const {
        return {rows, cols, indptr.data(), indices.data(), pattern ? nullptr : values.data()};
    }

    // Multiply-adds of the upper triangle: every pair of a row once.
    double pairs() const {
        double sum = 0;
        for (index_t u = 0; u < rows; ++u) {
            const auto n = static_cast<double>(view(true).length(u));
            sum += n * (n - 1) / 2;
        }
        return sum;
    }

    double cosine(index_t i, index_t j, bool pattern) const {
        double dot = 0, ii = 0, jj = 0;
        for (index_t u = 0; u < rows; ++u) {
            const SparseRow row = view(pattern).row(u);
            double a = 0, b = 0;
            for (offset_t k = 0; k < row.size(); ++k) {
                a = row.indices[static_cast<std::size_t>(k)] == i ? row.value(k) : a;
                b = row.indices[static_cast<std::size_t>(k)] == j ? row.value(k) : b;
            }
            dot += a * b;
            ii += a * a;
            jj += b * b;
        }
        return dot / std::sqrt(ii * jj);
    }
};

// Compares the lists of a popular, a middling and a rare column with plain loops.
bool verified(const Interactions& data, bool pattern, const knn::NeighbourTable& table) {
    for (const index_t i : {index_t{0}, data.cols / 20, data.cols / 2}) {
        for (offset_t k = table.indptr[static_cast<std::size_t>(i)]; k < table.indptr[static_cast<std::size_t>(i) + 1];
             ++k) {
            const auto at = static_cast<std::size_t>(k);
            if (std::abs(table.scores[at] - data.cosine(i, table.indices[at], pattern)) > 1e-5) {
                return false;
            }
        }
    }
    return true;
}

enum Size { movies, catalogue };

const Interactions& interactions(Size size) {
    static const Interactions movies_like(6040, 3706, 230);
    static const Interactions catalogue_like(20000, 100000, 30);
    return size == movies ? movies_like : catalogue_like;
}

void knn_search(benchmark::State& state, Size size, bool pattern, int threads, std::optional<simd::KnnMode> mode) {
    const Interactions& data = interactions(size);
    if (!verified(data, pattern, knn::neighbours(data.view(pattern), {}, 20, threads, mode))) {
        state.SkipWithError("similarities differ from a plain loop");
        return;
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(knn::neighbours(data.view(pattern), {}, 20, threads, mode));
    }
    state.counters["pairs/s"] =
        benchmark::Counter(data.pairs(), benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}

#define KNN_BENCH(name, ...) \
    BENCHMARK_CAPTURE(knn_search, name, __VA_ARGS__)->Unit(benchmark::kMillisecond)->UseRealTime()

KNN_BENCH(movies_pattern, movies, true, 1, std::nullopt);
KNN_BENCH(movies_pattern_2_threads, movies, true, 2, std::nullopt);
KNN_BENCH(movies_weighted, movies, false, 1, std::nullopt);
KNN_BENCH(movies_weighted_2_threads, movies, false, 2, std::nullopt);
KNN_BENCH(movies_weighted_list, movies, false, 1, simd::knn_list);
KNN_BENCH(catalogue_pattern, catalogue, true, 1, std::nullopt);
KNN_BENCH(catalogue_weighted, catalogue, false, 1, std::nullopt);
KNN_BENCH(catalogue_weighted_dense, catalogue, false, 1, simd::knn_dense);
KNN_BENCH(catalogue_weighted_list, catalogue, false, 1, simd::knn_list);

}  // namespace
