// Lists of the best items on the simulated device, against sorting everything.
#include <doctest/doctest.h>

#include <algorithm>

#include "problems.hpp"

using namespace tastemaker;
using namespace tastemaker::cuda;
using namespace tastemaker::cuda::test;

namespace {

// Whole numbers: their products are exact, and tie often.
Factors small_integers(offset_t rows, index_t factors, unsigned seed) {
    Factors x(rows, factors, seed);
    for (float& v : x.data) {
        v = std::round(v);
    }
    return x;
}

std::vector<index_t> sorted_items(const Factors& queries, offset_t query, const Factors& items, const SparseRow& seen) {
    std::vector<index_t> order;
    std::vector<double> scores(static_cast<std::size_t>(items.rows));
    for (index_t i = 0; i < items.rows; ++i) {
        scores[static_cast<std::size_t>(i)] = inner(row_of(queries, query), row_of(items, i));
        if (!std::binary_search(seen.indices.begin(), seen.indices.end(), i)) {
            order.push_back(i);
        }
    }
    std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) {
        return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
    });
    return order;
}

}  // namespace

TEST_CASE("cuda topn: the same items in the same order as sorting, without the seen ones") {
    for (const auto& [n_items, n] : {std::pair<index_t, index_t>{5, 10}, {300, 7}, {3500, 20}, {2100, 1024}}) {
        CAPTURE(n_items);
        const Factors queries = small_integers(4, 20, 1), items = small_integers(n_items, 20, 2);
        const Csr seen({0, 3, n_items / 2, n_items}, n_items, 3);
        const CsrView view = seen.view();
        std::vector<index_t> ids(static_cast<std::size_t>(4 * n));
        std::vector<float> scores(ids.size());
        topn(queries.on_device(), items.on_device(), &view, n, ids.data(), scores.data());
        for (index_t q = 0; q < 4; ++q) {
            const std::vector<index_t> exact = sorted_items(queries, q, items, view.row(q));
            for (index_t i = 0; i < n; ++i) {
                const auto at = static_cast<std::size_t>(q * n + i);
                const bool there = static_cast<std::size_t>(i) < exact.size();
                CHECK(ids[at] == (there ? exact[static_cast<std::size_t>(i)] : -1));
                CHECK(std::isnan(scores[at]) == !there);
                if (there) {
                    CHECK(static_cast<double>(scores[at]) == inner(row_of(queries, q), row_of(items, ids[at])));
                }
            }
        }
    }
}

TEST_CASE("cuda topn: a query of zeros gets nothing, and nothing need be seen") {
    Factors queries = small_integers(2, 48, 4);
    std::fill_n(queries.data.begin(), 48, 0.0f);
    const Factors items = small_integers(100, 48, 5);
    std::vector<index_t> ids(10);
    std::vector<float> scores(10);
    topn(queries.on_device(Storage::bfloat16), items.on_device(Storage::bfloat16), nullptr, 5, ids.data(),
         scores.data());
    const std::vector<index_t> exact = sorted_items(queries, 1, items, {});
    CHECK(std::all_of(ids.begin(), ids.begin() + 5, [](index_t i) { return i == -1; }));
    CHECK(std::equal(ids.begin() + 5, ids.end(), exact.begin()));
    CHECK_THROWS_AS(topn(queries.on_device(), items.on_device(), nullptr, 1025, ids.data(), scores.data()),
                    std::invalid_argument);
}
