// Retrieval from a dense table against the same table stored sparsely, at every SIMD level of this CPU.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "levels.hpp"
#include "tastemaker/ease/gram.hpp"
#include "tastemaker/select/all_scores.hpp"
#include "tastemaker/select/scaled_sum.hpp"
#include "tastemaker/select/sparse_pairs.hpp"
#include "tastemaker/select/sparse_topn.hpp"
#include "tastemaker/select/table_pairs.hpp"
#include "tastemaker/select/table_topn.hpp"

namespace {

using namespace tastemaker;

// Rows of whole numbers, so small that every sum is exact; `percent` of the entries are stored.
struct Matrix {
    Matrix(index_t rows, index_t cols_, unsigned percent, unsigned seed) : cols(cols_) {
        std::mt19937 random(seed);
        for (index_t i = 0; i < rows; ++i) {
            for (index_t j = 0; j < cols; ++j) {
                const bool stored = random() % 100 < percent;
                dense.push_back(stored ? static_cast<float>(random() % 5 + 1) : 0.0f);
                if (stored) {
                    indices.push_back(j);
                    values.push_back(dense.back());
                }
            }
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
    }
    index_t rows() const { return static_cast<index_t>(indptr.size() - 1); }
    CsrView csr() const { return {rows(), cols, indptr.data(), indices.data(), values.data()}; }
    MatrixView<const float> view() const { return {dense.data(), rows(), cols, cols}; }

    index_t cols;
    std::vector<float> dense;
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
    std::vector<float> values;
};

}  // namespace

TEST_CASE("the kernel's sums of rows, all of them where one reaches the threshold") {
    for_each_level([] {
        const simd::TopnKernels& kernels = simd::kernels().topn;
        const auto width = static_cast<std::size_t>(kernels.table_width);
        const Matrix table(9, kernels.table_width + 3, 80, 9);
        const std::int32_t rows[] = {7, 0, 4, 8};
        const float weights[] = {2.0f, -1.0f, -3.0f, 0.5f};
        for (const std::size_t count : {0u, 1u, 4u}) {
            for (const float threshold : {-1e9f, 0.0f, 4.0f, 1e9f}) {
                constexpr float untouched = -7.25f;
                std::vector<float> sums(width + 16, untouched);
                const std::uint64_t bits = kernels.table_sums(rows, weights, static_cast<std::int64_t>(count),
                                                              table.dense.data(), table.cols, threshold, sums.data());
                for (std::size_t i = 0; i < width; ++i) {
                    float want = 0;
                    for (std::size_t e = 0; e < count; ++e) {
                        want += weights[e] * table.view().row(rows[e])[i];
                    }
                    CHECK((bits >> i & 1) == (want >= threshold));
                    CHECK((bits == 0 || sums[i] == want));
                }
                CHECK((bits >> (width - 1) >> 1) == 0);
                CHECK(std::count(sums.end() - 16, sums.end(), untouched) == 16);
            }
        }
    });
}

TEST_CASE("a dense table gives what the same table gives in sparse form") {
    for_each_level([] {
        const simd::TopnKernels& kernels = simd::kernels().topn;
        REQUIRE(kernels.table_width <= 64);
        for (const index_t n_items : {1, 17, 64, 200}) {
            for (const index_t n_queries : {2, 150}) {
                const Matrix table(20, n_items, 100, 1);
                const Matrix queries(n_queries, 20, 30, 2);
                const Matrix seen(n_queries, n_items, 30, 3);
                const CsrView seen_view = seen.csr();
                std::vector<std::uint8_t> allowed(static_cast<std::size_t>(n_items), 1);
                allowed.back() = 0;
                std::vector<index_t> rows;
                std::vector<index_t> items;
                for (index_t i = 0; i < 300; ++i) {
                    rows.push_back(i * 7 % n_queries);
                    items.push_back(i * 11 % n_items);
                }
                const PairsView pairs{rows.data(), items.data(), 300};
                const TableIndex index(table.view(), kernels);
                const SparseIndex sparse(table.csr());
                const auto places = static_cast<std::size_t>(n_queries) * 9;
                std::vector<index_t> want_ids(places);
                std::vector<float> want(places);
                std::vector<float> want_scores(300);
                std::vector<std::int64_t> want_ranks(300);
                topn(sparse, kernels, queries.csr(), {9, &seen_view, allowed.data(), 1},
                     {want_ids.data(), want.data()});
                score_pairs(sparse, kernels, queries.csr(), pairs, 1, want_scores.data());
                rank_pairs(sparse, kernels, queries.csr(), pairs, &seen_view, 1, want_ranks.data());
                for (const int threads : {1, 3, 7}) {
                    std::vector<index_t> ids(places);
                    std::vector<float> best(places);
                    std::vector<float> scores(300);
                    std::vector<std::int64_t> ranks(300);
                    topn(index, queries.csr(), {9, &seen_view, allowed.data(), threads}, {ids.data(), best.data()});
                    score_pairs(index, queries.csr(), pairs, threads, scores.data());
                    rank_pairs(index, queries.csr(), pairs, &seen_view, threads, ranks.data());
                    CHECK(ids == want_ids);
                    CHECK(scores == want_scores);
                    CHECK(ranks == want_ranks);
                }
            }
        }
    });
}

TEST_CASE("all scores are those of the pairs, whatever scores them") {
    for_each_level([] {
        const simd::TopnKernels& kernels = simd::kernels().topn;
        for (const index_t n_items : {1, 17, 200}) {
            const Matrix table(20, n_items, 40, 5);
            const Matrix queries(150, 20, 30, 6);
            std::vector<float> want;
            for (index_t r = 0; r < 150; ++r) {
                for (index_t i = 0; i < n_items; ++i) {
                    float sum = 0;
                    for (index_t j = 0; j < 20; ++j) {
                        sum += queries.view().row(r)[j] * table.view().row(j)[i];
                    }
                    want.push_back(sum);
                }
            }
            Matrix items(n_items, 20, 0, 7);  // the table, transposed
            for (index_t i = 0; i < n_items; ++i) {
                for (index_t j = 0; j < 20; ++j) {
                    items.dense[static_cast<std::size_t>(i * 20 + j)] = table.view().row(j)[i];
                }
            }
            for (const int threads : {1, 3, 7}) {
                std::vector<float> got(want.size());
                const MatrixView<float> out{got.data(), 150, n_items, n_items};
                score_all(TableIndex(table.view(), kernels), queries.csr(), threads, out);
                CHECK(got == want);
                score_all(SparseIndex(table.csr()), kernels, queries.csr(), threads, out);
                CHECK(got == want);
                score_all(DenseIndex(items.view(), kernels, 1), queries.view(), threads, out);
                CHECK(got == want);
            }
        }
    });
}

TEST_CASE("a row is added over its deviation; one that is constant is not") {
    const std::vector<float> scores{1, 3, 1, 3, 5, 5, 5, 5};
    std::vector<float> total(8, 1.0f);
    std::vector<float> factors(2);
    add_scaled({scores.data(), 2, 4, 4}, 0.5f, {total.data(), 2, 4, 4}, factors.data(), 3);
    CHECK(factors == std::vector<float>{0.5f, 0.0f});
    CHECK(total == std::vector<float>{1.5f, 2.5f, 1.5f, 2.5f, 1, 1, 1, 1});
}

TEST_CASE("the item Gram matrix is the upper triangle of X'X") {
    const Matrix items(30, 40, 20, 4);
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
    std::vector<float> values;
    for (index_t u = 0; u < 40; ++u) {
        for (index_t i = 0; i < 30; ++i) {
            if (const float x = items.view().row(i)[u]; x != 0) {
                indices.push_back(i);
                values.push_back(x);
            }
        }
        indptr.push_back(static_cast<offset_t>(indices.size()));
    }
    const CsrView users{40, 30, indptr.data(), indices.data(), values.data()};
    for (const int threads : {1, 3, 7}) {
        std::vector<float> G(900, -1.0f);
        item_gram(users, items.csr(), {G.data(), 30, 30, 30}, threads);
        for (index_t i = 0; i < 30; ++i) {
            for (index_t j = 0; j < 30; ++j) {
                float want = j < i ? -1.0f : 0.0f;
                for (index_t u = 0; u < 40 && j >= i; ++u) {
                    want += items.view().row(i)[u] * items.view().row(j)[u];
                }
                CHECK(G[static_cast<std::size_t>(i * 30 + j)] == want);
            }
        }
    }
}
