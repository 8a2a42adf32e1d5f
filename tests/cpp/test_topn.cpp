// The topn kernels and retrieval against plain loops, at every SIMD level of this CPU.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "csr_rows.hpp"
#include "levels.hpp"
#include "tastemaker/select/dense_pairs.hpp"
#include "tastemaker/select/dense_topn.hpp"
#include "tastemaker/select/sparse_pairs.hpp"
#include "tastemaker/select/sparse_topn.hpp"

namespace {

using namespace tastemaker;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr int thread_counts[] = {1, 3, 7};

// Whole numbers so small that every sum is exact: results can be compared for equality, and ties abound.
struct Dense {
    Dense(index_t rows_, index_t cols_, unsigned seed)
        : rows(rows_), cols(cols_), data(std::size_t(rows_) * std::size_t(cols_)) {
        std::mt19937 random(seed);
        std::ranges::generate(data, [&] { return static_cast<float>(static_cast<int>(random() % 5) - 2); });
    }
    MatrixView<const float> view() const { return {data.data(), rows, cols, cols}; }
    float at(index_t i, index_t k) const { return data[static_cast<std::size_t>(offset_t{i} * cols + k)]; }

    index_t rows;
    index_t cols;
    std::vector<float> data;
};

struct Csr : tests::CsrRows {
    Csr(index_t rows, index_t cols_, unsigned percent, unsigned seed) : CsrRows(cols_) {
        std::mt19937 random(seed);
        for (index_t i = 0; i < rows; ++i) {
            for (index_t j = 0; j < cols; ++j) {
                if (random() % 100 < percent) {
                    indices.push_back(j);
                    values.push_back(static_cast<float>(static_cast<int>(random() % 4) - 2) + 0.5f);
                }
            }
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
    }
};

// One query's candidates by their definition, best first.
using Ranking = std::vector<rank_key>;

Ranking without(const Ranking& all, const SparseRow& seen, const std::uint8_t* allowed) {
    Ranking kept;
    std::ranges::copy_if(all, std::back_inserter(kept), [&](rank_key key) {
        const index_t item = key_index(key);
        return !std::ranges::binary_search(seen.indices, item) && (allowed == nullptr || allowed[item] != 0);
    });
    return kept;
}

Ranking dense_ranking(const Dense& items, const Dense& queries, index_t row) {
    Ranking all;
    for (index_t i = 0; i < items.rows; ++i) {
        double sum = 0;
        for (index_t k = 0; k < items.cols; ++k) {
            sum += static_cast<double>(queries.at(row, k)) * items.at(i, k);
        }
        all.push_back(make_key(static_cast<float>(sum), i));
    }
    std::ranges::sort(all, std::greater<>());
    return all;
}

Ranking sparse_ranking(const Csr& table, const SparseRow& query) {
    std::vector<double> sums(static_cast<std::size_t>(table.cols));
    std::vector<char> touched(sums.size());
    for (offset_t k = 0; k < query.size(); ++k) {
        const SparseRow row = table.view().row(query.indices[static_cast<std::size_t>(k)]);
        for (offset_t e = 0; e < row.size(); ++e) {
            const auto item = static_cast<std::size_t>(row.indices[static_cast<std::size_t>(e)]);
            sums[item] += static_cast<double>(query.value(k)) * row.value(e);
            touched[item] = 1;
        }
    }
    Ranking all;
    for (std::size_t i = 0; i < sums.size(); ++i) {
        if (touched[i]) {
            all.push_back(make_key(static_cast<float>(sums[i]), static_cast<index_t>(i)));
        }
    }
    std::ranges::sort(all, std::greater<>());
    return all;
}

// Runs find(request, result) and compares with the rankings that expected(row) gives.
template <class Find, class Expected>
void check_topn(index_t rows, TopnRequest request, Find find, Expected expected) {
    std::vector<index_t> ids(static_cast<std::size_t>(rows * request.n), -7);
    std::vector<float> scores(ids.size());
    find(request, TopnResult{ids.data(), scores.data()});
    for (index_t row = 0; row < rows; ++row) {
        Ranking want = expected(row);
        want.resize(static_cast<std::size_t>(request.n), no_candidate);
        for (std::size_t i = 0; i < want.size(); ++i) {
            const std::size_t at = static_cast<std::size_t>(row * request.n) + i;
            REQUIRE(ids[at] == key_index(want[i]));
            REQUIRE((scores[at] == key_score(want[i]) || (std::isnan(scores[at]) && want[i] == no_candidate)));
        }
    }
}

const SparseRow nothing;

}  // namespace

TEST_CASE("topn kernels: a tile's scores and hits, for any number of rows and factors") {
    for_each_level([] {
        const simd::TopnKernels& kernels = simd::kernels().topn;
        REQUIRE(kernels.panel_width <= max_panel_width);
        REQUIRE(kernels.tile_rows <= max_tile_rows);
        for (const int factors : {0, 1, 2, 7, 64, 70}) {
            const Dense panel(factors, kernels.panel_width, 1);
            const Dense queries(kernels.tile_rows, factors, 2);
            for (int rows = 1; rows <= kernels.tile_rows; ++rows) {
                std::vector<const float*> vectors;
                std::vector<float> thresholds;
                for (int r = 0; r < rows; ++r) {
                    vectors.push_back(queries.view().row(r));
                    thresholds.push_back(r == 0 ? -infinity : static_cast<float>(r - 1));
                }
                std::vector<float> scores(static_cast<std::size_t>(rows * kernels.panel_width));
                std::vector<std::uint64_t> hits(static_cast<std::size_t>(rows));
                kernels.score_tile(vectors.data(), rows, panel.data.data(), factors, thresholds.data(), scores.data(),
                                   hits.data());
                for (int r = 0; r < rows; ++r) {
                    for (int i = 0; i < kernels.panel_width; ++i) {
                        float want = 0;
                        for (int k = 0; k < factors; ++k) {
                            want += queries.at(r, k) * panel.at(k, i);
                        }
                        const bool hit = (hits[static_cast<std::size_t>(r)] >> i & 1) != 0;
                        CHECK(hit == (want >= thresholds[static_cast<std::size_t>(r)]));
                        CHECK((!hit || scores[static_cast<std::size_t>(r * kernels.panel_width + i)] == want));
                    }
                    CHECK((hits[static_cast<std::size_t>(r)] >> (kernels.panel_width - 1) >> 1) == 0);
                }
            }
        }
    });
}

TEST_CASE("topn kernels: compare and touched know NaN, infinities and -0") {
    for_each_level([] {
        const simd::TopnKernels& kernels = simd::kernels().topn;
        const float special[] = {-0.0f, 0.0f, 1.0f, -1.0f, infinity, -infinity, not_a_number};
        std::vector<float> values;
        for (std::size_t i = 0; i < 64; ++i) {
            values.push_back(special[i * 5 % std::size(special)]);
        }
        for (const float x : {-infinity, -1.0f, -0.0f, 0.0f, 1.0f, infinity}) {
            std::uint64_t greater = 0;
            std::uint64_t equal = 0;
            kernels.compare(values.data(), kernels.panel_width, x, &greater, &equal);
            const std::uint64_t touched = kernels.touched(values.data(), x);
            for (int i = 0; i < 64; ++i) {
                const float v = values[static_cast<std::size_t>(i)];
                CHECK((greater >> i & 1) == (i < kernels.panel_width && v > x));
                CHECK((equal >> i & 1) == (i < kernels.panel_width && v == x));
                CHECK((touched >> i & 1) == (v >= x && !(v == 0 && std::signbit(v))));
            }
        }
    });
}

TEST_CASE("dense index: items descend in norm and can be found; a subset keeps what is allowed") {
    for_each_level([] {
        const simd::TopnKernels& kernels = simd::kernels().topn;
        for (const index_t n : {1, 11, 12, 24, 25, 48, 100}) {
            const Dense items(n, 3, 3);
            std::vector<std::uint8_t> allowed(static_cast<std::size_t>(n));
            for (std::size_t i = 0; i < allowed.size(); ++i) {
                allowed[i] = i % 3 == 1;
            }
            const DenseIndex whole(items.view(), kernels, 2);
            const DenseIndex part = whole.subset(allowed.data());
            CHECK(part.size() == std::ranges::count(allowed, 1));
            for (const DenseIndex* index : {&whole, &part}) {
                CHECK(index->catalogue() == n);
                for (index_t id = 0; id < n; ++id) {
                    const index_t place = index->place(id);
                    if (index == &part && allowed[static_cast<std::size_t>(id)] == 0) {
                        CHECK(place == -1);
                        continue;
                    }
                    const index_t panel = place >> 6;
                    const index_t lane = place & 63;
                    CHECK(index->ids(panel)[lane] == id);
                    CHECK((index->blocked(nullptr)[static_cast<std::size_t>(panel)] >> lane & 1) == 0);
                    CHECK(DenseIndex::norm(items.view().row(id), 3) <= index->bound(panel));
                    for (index_t k = 0; k < 3; ++k) {
                        CHECK(index->panel(panel)[k * index->width() + lane] == items.at(id, k));
                    }
                }
            }
        }
    });
}

TEST_CASE("dense top-n equals its definition at any thread count") {
    for_each_level([] {
        const simd::TopnKernels& kernels = simd::kernels().topn;
        for (const index_t n_items : {1, 13, 97, 1000}) {
            const Dense items(n_items, 5, 4);
            Dense queries(70, 5, 5);
            std::fill_n(queries.data.begin(), 5, 1.0f);
            std::fill_n(queries.data.begin() + 5, 5, 0.0f);  // prefers nothing, gets nothing
            const Csr seen(70, n_items, 30, 6);
            const CsrView seen_view = seen.view();
            std::vector<std::uint8_t> few(static_cast<std::size_t>(n_items));
            for (std::size_t i = 0; i < few.size(); i += 7) {
                few[i] = 1;
            }
            std::vector<std::uint8_t> most(few.size(), 1);
            most.back() = 0;
            const DenseIndex index(items.view(), kernels, 1);
            for (const int threads : thread_counts) {
                for (const std::uint8_t* allowed :
                     std::initializer_list<const std::uint8_t*>{nullptr, few.data(), most.data()}) {
                    for (const CsrView* hide : std::initializer_list<const CsrView*>{nullptr, &seen_view}) {
                        check_topn(
                            70, {10, hide, allowed, threads},
                            [&](const TopnRequest& r, TopnResult out) { topn(index, queries.view(), r, out); },
                            [&](index_t row) {
                                const Ranking all = row == 1 ? Ranking() : dense_ranking(items, queries, row);
                                return without(all, hide != nullptr ? hide->row(row) : nothing, allowed);
                            });
                    }
                }
            }
        }
    });
}

TEST_CASE("dense top-n: threads share the items of few queries") {
    const Dense items(100000, 64, 7);
    const DenseIndex index(items.view(), simd::kernels().topn, 1);
    CHECK(DensePlan(index, 100, 1, 7).stripes == 3);
    for (const index_t rows : {1, 2}) {
        const Dense queries(rows, 64, 8);
        std::vector<Ranking> best;
        for (index_t row = 0; row < rows; ++row) {
            best.push_back(dense_ranking(items, queries, row));
            best.back().resize(100);
        }
        for (const int threads : thread_counts) {
            CHECK((DensePlan(index, 100, rows, threads).stripes > 1) == (threads > rows));
            check_topn(
                rows, {100, nullptr, nullptr, threads},
                [&](const TopnRequest& r, TopnResult out) { topn(index, queries.view(), r, out); },
                [&](index_t row) { return best[static_cast<std::size_t>(row)]; });
        }
    }
}

TEST_CASE("sparse top-n equals its definition at any thread count, for short and long sums") {
    for_each_level([] {
        const simd::TopnKernels& kernels = simd::kernels().topn;
        for (const unsigned percent : {1u, 40u}) {
            const Csr table(50, 600, percent, 9);
            const Csr queries(70, 50, 10, 10);
            const Csr seen(70, 600, 30, 11);
            const CsrView seen_view = seen.view();
            std::vector<std::uint8_t> allowed(600, 1);
            allowed[17] = allowed[599] = 0;
            const SparseIndex index(table.view());
            for (const int threads : thread_counts) {
                check_topn(
                    70, {25, &seen_view, allowed.data(), threads},
                    [&](const TopnRequest& r, TopnResult out) { topn(index, kernels, queries.view(), r, out); },
                    [&](index_t row) {
                        return without(sparse_ranking(table, queries.view().row(row)), seen_view.row(row),
                                       allowed.data());
                    });
            }
        }
    });
}

TEST_CASE("scores and ranks of pairs equal the places in the full list") {
    const Dense items(130, 4, 12);
    const Dense queries(9, 4, 13);
    const Csr table(40, 130, 5, 14);
    const Csr rows(9, 40, 15, 15);
    const Csr seen(9, 130, 30, 16);
    const CsrView seen_view = seen.view();
    std::vector<index_t> at;
    std::vector<index_t> found;
    for (index_t i = 0; i < 9 * 130; ++i) {  // every pair, in an order that mixes the queries
        const index_t mixed = i * 7 % (9 * 130);
        at.push_back(mixed / 130);
        found.push_back(mixed % 130);
    }
    const PairsView pairs{at.data(), found.data(), static_cast<offset_t>(at.size())};
    for_each_level([&] {
        const simd::TopnKernels& kernels = simd::kernels().topn;
        const DenseIndex dense(items.view(), kernels, 1);
        const SparseIndex sparse(table.view());
        for (const int threads : thread_counts) {
            std::vector<float> dense_scores(at.size());
            std::vector<float> sparse_scores(at.size());
            std::vector<std::int64_t> dense_ranks(at.size());
            std::vector<std::int64_t> sparse_ranks(at.size());
            score_pairs(dense, queries.view(), pairs, threads, dense_scores.data());
            score_pairs(sparse, kernels, rows.view(), pairs, threads, sparse_scores.data());
            rank_pairs(dense, queries.view(), pairs, &seen_view, threads, dense_ranks.data());
            rank_pairs(sparse, kernels, rows.view(), pairs, &seen_view, threads, sparse_ranks.data());
            std::vector<std::int64_t> twice(at.size());
            rank_pairs(dense, queries.view(), pairs, &seen_view, threads, twice.data(), Ties::shared);
            for (std::size_t i = 0; i < at.size(); ++i) {
                const auto place = [&](const Ranking& all, float score) {
                    const Ranking open = without(all, seen_view.row(at[i]), nullptr);
                    return 1 + std::ranges::count_if(open, [&](rank_key k) { return k > make_key(score, found[i]); });
                };
                const auto score_in = [&](const Ranking& all) {
                    const auto it = std::ranges::find(all, found[i], key_index);
                    return it == all.end() ? not_a_number : key_score(*it);
                };
                const Ranking by_dense = dense_ranking(items, queries, at[i]);
                CHECK(dense_scores[i] == score_in(by_dense));
                CHECK(dense_ranks[i] == place(by_dense, dense_scores[i]));
                std::int64_t before = 2;
                for (const rank_key key : without(by_dense, seen_view.row(at[i]), nullptr)) {
                    const bool tied = key_score(key) == dense_scores[i];
                    before += tied ? key_index(key) != found[i] : 2 * (key_score(key) > dense_scores[i]);
                }
                CHECK(twice[i] == before);
                const Ranking by_sparse = sparse_ranking(table, rows.view().row(at[i]));
                if (const float score = score_in(by_sparse); !std::isnan(score)) {
                    CHECK(sparse_scores[i] == score);
                    CHECK(sparse_ranks[i] == place(by_sparse, score));
                } else {
                    CHECK(sparse_scores[i] == 0);
                    CHECK(sparse_ranks[i] >
                          static_cast<std::int64_t>(without(by_sparse, seen_view.row(at[i]), nullptr).size()));
                }
            }
        }
    });
}

TEST_CASE("what does not fit is refused") {
    const Dense items(5, 3, 17);
    const DenseIndex index(items.view(), simd::kernels().topn, 1);
    const Dense wide(2, 4, 18);
    const Csr seen(2, 4, 50, 19);
    const CsrView seen_view = seen.view();
    std::vector<index_t> ids(2);
    std::vector<float> scores(2);
    const TopnResult out{ids.data(), scores.data()};
    CHECK_THROWS_AS(topn(index, wide.view(), {1, nullptr, nullptr, 1}, out), std::invalid_argument);
    const Dense queries(2, 3, 20);
    CHECK_THROWS_AS(topn(index, queries.view(), {1, &seen_view, nullptr, 1}, out), std::invalid_argument);
    CHECK_NOTHROW(topn(index, queries.view(), {1, nullptr, nullptr, 1}, out));
    CHECK_THROWS_AS(topn(index, queries.view(), {0, nullptr, nullptr, 1}, out), std::invalid_argument);
    const index_t row = 0;
    const index_t outside = 5;
    CHECK_THROWS_AS(PairGroups({&row, &outside, 1}, 2, 5), std::invalid_argument);
    const float bad[] = {1, infinity, 2};
    CHECK_THROWS_AS(DenseIndex({bad, 1, 3, 3}, simd::kernels().topn, 1), std::invalid_argument);
    CHECK_THROWS_AS(topn(index, {bad, 1, 3, 3}, {1, nullptr, nullptr, 1}, out), std::invalid_argument);
}
