// The neighbour search against a dense fp64 loop: every SIMD level, mode, width of column numbers, score and thread
// count.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "levels.hpp"
#include "tastemaker/knn/neighbours.hpp"

namespace {

using namespace tastemaker;

constexpr std::array modes{simd::knn_dense, simd::knn_list};

struct Matrix {
    index_t rows, cols;
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
    std::vector<float> values;

    // Column j is in a row with probability p0 / (1 + j / 4); every fifth row is empty.
    Matrix(index_t rows_, index_t cols_, double p0, unsigned seed) : rows(rows_), cols(cols_) {
        std::mt19937 random(seed);
        std::uniform_real_distribution<double> uniform;
        for (index_t u = 0; u < rows; ++u) {
            for (index_t j = 0; j < cols; ++j) {
                if (u % 5 != 4 && uniform(random) < p0 / (1 + j / 4)) {
                    indices.push_back(j);
                    values.push_back(static_cast<float>(uniform(random) * 6 - 2));
                }
            }
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
    }

    CsrView view(bool pattern) const {
        return {rows, cols, indptr.data(), indices.data(), pattern ? nullptr : values.data()};
    }

    std::vector<double> column(index_t j, bool pattern) const {
        std::vector<double> dense(static_cast<std::size_t>(rows));
        for (index_t u = 0; u < rows; ++u) {
            const SparseRow row = view(pattern).row(u);
            for (offset_t k = 0; k < row.size(); ++k) {
                if (row.indices[static_cast<std::size_t>(k)] == j) {
                    dense[static_cast<std::size_t>(u)] = row.value(k);
                }
            }
        }
        return dense;
    }
};

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t u = 0; u < a.size(); ++u) {
        sum += a[u] * b[u];
    }
    return sum;
}

// Similarity of columns that share a row, NaN otherwise, for the three scores.
double similarity(std::vector<double> a, std::vector<double> b, const knn::Similarity& how, index_t i, index_t j) {
    double both = 0, in_a = 0, in_b = 0, mean_a = 0, mean_b = 0;
    for (std::size_t u = 0; u < a.size(); ++u) {
        both += a[u] != 0 && b[u] != 0;
        in_a += a[u] != 0;
        in_b += b[u] != 0;
        mean_a += a[u] / static_cast<double>(a.size());
        mean_b += b[u] / static_cast<double>(a.size());
    }
    if (both == 0) {
        return std::nan("");
    }
    if (how.score == simd::knn_jaccard) {
        return both / (in_a + in_b - both + how.shrinkage);
    }
    if (how.score == simd::knn_product) {
        return dot(a, b) * how.own[i] * how.other[j];
    }
    for (std::size_t u = 0; how.centred && u < a.size(); ++u) {
        a[u] -= mean_a;
        b[u] -= mean_b;
    }
    return dot(a, b) / (std::sqrt(dot(a, a)) * std::sqrt(dot(b, b)) + how.shrinkage);
}

void check_against_loop(const Matrix& m, bool pattern, const knn::Similarity& how, const knn::NeighbourTable& got) {
    REQUIRE(got.indptr.size() == static_cast<std::size_t>(m.cols) + 1);
    std::vector<std::vector<double>> columns;
    for (index_t j = 0; j < m.cols; ++j) {
        columns.push_back(m.column(j, pattern));
    }
    for (index_t i = 0; i < m.cols; ++i) {
        auto at = static_cast<std::size_t>(got.indptr[static_cast<std::size_t>(i)]);
        for (index_t j = 0; j < m.cols; ++j) {
            const double want = i == j ? std::nan("")
                                       : similarity(columns[static_cast<std::size_t>(i)],
                                                    columns[static_cast<std::size_t>(j)], how, i, j);
            if (!std::isnan(want)) {
                REQUIRE(at < static_cast<std::size_t>(got.indptr[static_cast<std::size_t>(i) + 1]));
                REQUIRE(got.indices[at] == j);
                CHECK(std::abs(got.scores[at] - want) < 1e-5 * (1 + std::abs(want)));
                ++at;
            }
        }
        CHECK(at == static_cast<std::size_t>(got.indptr[static_cast<std::size_t>(i) + 1]));
    }
}

// Runs with the column numbers that the caller asks for, whatever the number of columns.
template <class Column>
knn::NeighbourTable search(const CsrView& x, const knn::Similarity& how, offset_t count, int threads,
                           simd::KnnMode mode) {
    return knn::NeighbourSearch<Column>(x, how, count, threads, mode).run();
}

}  // namespace

TEST_CASE("knn: all pairs equal a dense loop") {
    const Matrix m(40, 37, 0.8, 1);
    std::vector<float> own, other;
    for (index_t j = 0; j < m.cols; ++j) {
        own.push_back(0.5f + 0.1f * static_cast<float>(j));
        other.push_back(1.5f - 0.02f * static_cast<float>(j));
    }
    const std::array<knn::Similarity, 4> similarities{{
        {.score = simd::knn_cosine, .shrinkage = 0.75f},
        {.score = simd::knn_cosine, .centred = true},
        {.score = simd::knn_jaccard, .shrinkage = 2.0f},
        {.score = simd::knn_product, .own = own.data(), .other = other.data()},
    }};
    for_each_level([&] {
        for (const knn::Similarity& how : similarities) {
            for (const bool pattern : {true, false}) {
                if (how.score == simd::knn_jaccard && !pattern) {
                    continue;  // counts rows, so it takes patterns only
                }
                const CsrView x = m.view(pattern);
                check_against_loop(m, pattern, how, search<std::uint16_t>(x, how, m.cols, 1, simd::knn_dense));
                for (const simd::KnnMode mode : modes) {
                    for (const int threads : {1, 3}) {
                        const auto narrow = search<std::uint16_t>(x, how, 5, threads, mode);
                        CHECK(narrow == search<index_t>(x, how, 5, 1, simd::knn_dense));
                    }
                }
            }
        }
    });
}

TEST_CASE("knn: many columns, far apart groups, every mode and thread count") {
    const Matrix m(300, 2000, 0.9, 2);
    for_each_level([&] {
        const auto want = knn::neighbours(m.view(false), {}, 20, 1, simd::knn_dense);
        for (const simd::KnnMode mode : modes) {
            for (const int threads : {1, 3, 7}) {
                CHECK(knn::neighbours(m.view(false), {}, 20, threads, mode) == want);
            }
        }
        CHECK(knn::neighbours(m.view(false), {}, 20, 2) == want);
    });
}

TEST_CASE("knn: row factors weigh both columns of a pair") {
    const Matrix m(25, 12, 0.9, 3);
    Matrix scaled = m;
    std::vector<float> factor;
    for (index_t u = 0; u < m.rows; ++u) {
        factor.push_back(0.25f * static_cast<float>(u % 4));  // 0 too: its pairs stay neighbours
        for (offset_t t = m.indptr[static_cast<std::size_t>(u)]; t < m.indptr[static_cast<std::size_t>(u) + 1]; ++t) {
            scaled.values[static_cast<std::size_t>(t)] = factor.back();
        }
    }
    const auto got = knn::neighbours(m.view(true), {.row_factor = factor.data()}, m.cols, 1);
    const auto want = knn::neighbours(scaled.view(false), {}, m.cols, 1);
    CHECK(got.indptr == want.indptr);
    CHECK(got.indices == want.indices);
    for (std::size_t k = 0; k < got.scores.size(); ++k) {
        CHECK(got.scores[k] == doctest::Approx(want.scores[k]).epsilon(1e-6));
    }
}

TEST_CASE("knn: additions that leave -0.0, more of them than columns") {
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
    std::vector<float> values;
    for (index_t u = 0; u < 20; ++u) {
        for (index_t j = 0; j < 3; ++j) {
            indices.push_back(j);
            values.push_back(j == 1 ? -1e-30f : 1e-30f);
        }
        indptr.push_back(static_cast<offset_t>(indices.size()));
    }
    for_each_level([&] {
        const CsrView x{20, 3, indptr.data(), indices.data(), values.data()};
        const auto want = search<index_t>(x, {.score = simd::knn_product}, 3, 1, simd::knn_dense);
        CHECK(want.indices == std::vector<index_t>{2, 0});
        CHECK(search<index_t>(x, {.score = simd::knn_product}, 3, 1, simd::knn_list) == want);
        const std::vector<float> factors(20, -1.0f);  // additions of a column to itself leave -0.0 too
        const knn::Similarity negative{.score = simd::knn_product, .row_factor = factors.data()};
        CHECK(search<index_t>(x, negative, 3, 1, simd::knn_list) ==
              search<index_t>(x, negative, 3, 1, simd::knn_dense));
    });
}

TEST_CASE("knn: nothing to compare") {
    const std::vector<offset_t> none{0, 0, 0};
    const auto empty = knn::neighbours({2, 3, none.data(), nullptr, nullptr}, {}, 4, 2);
    CHECK(empty.indptr == std::vector<offset_t>{0, 0, 0, 0});
    // Enough columns for a block, in so few rows that none would be too rare for one.
    CHECK(knn::neighbours({2, 64, none.data(), nullptr, nullptr}, {}, 4, 2).indices.empty());
    CHECK(knn::neighbours({2, 0, none.data(), nullptr, nullptr}, {}, 4, 2).indptr == std::vector<offset_t>{0});
    const std::vector<offset_t> one{0, 1, 1};
    const std::vector<index_t> column{1};
    CHECK(knn::neighbours({2, 3, one.data(), column.data(), nullptr}, {}, 4, 1).indices.empty());
}

TEST_CASE("knn: weights whose squares leave float32 are a numerical error") {
    const std::vector<offset_t> indptr{0, 1};
    const std::vector<index_t> column{0};
    const std::vector<float> huge{1e30f};
    CHECK_THROWS_AS(knn::neighbours({1, 1, indptr.data(), column.data(), huge.data()}, {}, 1, 1), NumericalError);
}

TEST_CASE("knn: columns wait for offers or add up all their pairs themselves, with the same result") {
    // 400 full rows put too many entries before nearly every column, 10 rows before none.
    for (const index_t rows : {10, 400}) {
        const Matrix m(rows, 60, 100.0, 5);
        check_against_loop(m, false, {}, knn::neighbours(m.view(false), {}, m.cols, 1));
        CHECK(knn::neighbours(m.view(false), {}, 7, 3) == knn::neighbours(m.view(false), {}, 7, 1));
    }
}

TEST_CASE("knn: blocks of popular columns and single rare ones") {
    Matrix m(200, 150, 3.0, 7);  // full columns, and some too rare for blocks of any level
    const CsrView pattern = m.view(true);
    std::ranges::transform(m.values, m.values.begin(), [](float v) { return std::abs(v); });
    std::vector<float> factor;
    for (index_t u = 0; u < m.rows; ++u) {
        factor.push_back(0.25f * static_cast<float>(u % 4));
    }
    for_each_level([&] {
        for (const CsrView& x : {pattern, m.view(false)}) {
            check_against_loop(m, x.values == nullptr, {}, knn::neighbours(x, {}, m.cols, 1));
            const knn::Similarity weighed{.row_factor = factor.data()};
            const auto want = knn::neighbours(x, weighed, 5, 1);
            const auto by_rows = knn::neighbours(x, weighed, 5, 1, simd::knn_list);
            CHECK(want.indptr == by_rows.indptr);
            for (std::size_t k = 0; k < want.scores.size(); ++k) {
                CHECK(want.scores[k] == doctest::Approx(by_rows.scores[k]).epsilon(1e-6));
            }
            for (const int threads : {2, 3, 7}) {
                CHECK(knn::neighbours(x, weighed, 5, threads) == want);
            }
        }
    });
}

TEST_CASE("keys order by score descending, then index ascending, and come back") {
    const std::array scores{-3e38f, -1.5f, -1e-40f, 0.0f, 1e-40f, 0.25f, 3e38f};
    const std::array<index_t, 3> indices{0, 7, std::numeric_limits<index_t>::max()};
    simd::KnnKey last = 0;
    for (const float score : scores) {
        for (auto index = indices.rbegin(); index != indices.rend(); ++index) {
            const simd::KnnKey key = simd::knn_key(*index, score);
            CHECK(key > last);
            CHECK(simd::knn_score(key) == score);
            CHECK(simd::knn_index(key) == *index);
            last = key;
        }
    }
    CHECK(simd::knn_key(4, -0.0f) == simd::knn_key(4, 0.0f));
}

TEST_CASE("keep_best on lists of every length and order") {
    std::mt19937_64 random(6);
    for (std::size_t n = 1; n < 200; n += n < 20 ? 1 : 13) {
        std::vector<simd::KnnKey> sorted(n);
        std::ranges::generate(sorted, [&] { return random(); });
        std::ranges::sort(sorted, std::greater<>());
        std::vector<simd::KnnKey> shuffled = sorted;
        std::ranges::shuffle(shuffled, random);
        const std::vector<simd::KnnKey> ascending(sorted.rbegin(), sorted.rend());
        for (const auto& order : {sorted, ascending, shuffled}) {
            for (const std::size_t count : {std::size_t{1}, n / 3 + 1, n}) {
                std::vector<simd::KnnKey> keys = order;
                CHECK(keep_best(keys, static_cast<offset_t>(count)) == sorted[count - 1]);
                keys.resize(count);
                std::ranges::sort(keys, std::greater<>());
                CHECK(std::ranges::equal(keys, std::span(sorted).first(count)));
            }
        }
    }
}

TEST_CASE("distinct numbers are sorted, few or many for their bound") {
    std::mt19937 random(7);
    for (const index_t bound : {1, 64, 65, 1000, 100000}) {
        DistinctSorter sorter(bound);
        for (const index_t stride : {1, 7, 1000}) {
            std::vector<index_t> ascending;
            for (index_t n = 0; n < bound; n += stride) {
                ascending.push_back(n);
            }
            std::vector<index_t> negated(ascending.size());
            std::ranges::transform(ascending, negated.begin(), std::negate<>());
            std::ranges::shuffle(negated, random);
            std::vector<std::int64_t> sorted(ascending.size());
            sorter.sort(std::span<const index_t>(negated), std::negate<>(), sorted.data());
            CHECK(std::ranges::equal(sorted, ascending));
        }
    }
}

TEST_CASE("best lists keep the best, whatever the order of offers") {
    std::vector<simd::KnnKey> offers;
    for (index_t k = 0; k < 500; ++k) {
        offers.push_back(simd::knn_key(k, static_cast<float>(k * 7919 % 50) - 25));  // ten of each score, half negative
    }
    std::mt19937 random(4);
    for (const offset_t count : {1, 3, 64, 200, 500, 600}) {
        std::vector<simd::KnnKey> best = offers;
        std::ranges::sort(best, std::greater<>());
        best.resize(std::min<std::size_t>(best.size(), static_cast<std::size_t>(count)));
        std::ranges::sort(best, {}, simd::knn_index);
        std::ranges::shuffle(offers, random);
        knn::BestLists lists(2, count);
        for (const simd::KnnKey key : offers) {
            lists.offer(1, key);
        }
        CHECK(lists.length(1) == static_cast<offset_t>(best.size()));
        std::vector<simd::KnnKey> kept(lists.finish(1).begin(), lists.finish(1).end());
        std::ranges::sort(kept, {}, simd::knn_index);
        CHECK(std::ranges::equal(kept, best));
        CHECK(lists.finish(0).empty());
    }
}
