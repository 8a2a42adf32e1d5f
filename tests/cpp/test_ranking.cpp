#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "tastemaker/eval/ranking.hpp"

using namespace tastemaker;

namespace {

// Two users, five items: user 0 likes 1, 3 and 4; user 1 likes nothing.
struct Lists {
    std::vector<offset_t> indptr{0, 3, 3};
    std::vector<index_t> liked{1, 3, 4};
    std::vector<index_t> ids{3, 0, 1, -1, 2, 1, 0, 4};
    std::vector<index_t> candidates{5, 5};
    std::vector<index_t> cutoffs{1, 3, 10};

    CsrView truth() const { return {2, 5, indptr.data(), liked.data(), nullptr}; }
    MatrixView<const index_t> lists() const { return {ids.data(), 2, 4, 4}; }

    std::vector<double> metrics(int threads) const {
        std::vector<double> out(eval::ranking_metrics.size() * cutoffs.size() * 2);
        eval::rank_users(lists(), truth(), candidates, cutoffs, threads, out.data());
        return out;
    }

    // Values of user 0 at the three cutoffs.
    std::vector<double> of(const std::string& name) const {
        const std::vector<double> all = metrics(1);
        for (std::size_t m = 0; m < eval::ranking_metrics.size(); ++m) {
            if (eval::ranking_metrics[m].name == name) {
                return {all[6 * m], all[6 * m + 2], all[6 * m + 4]};
            }
        }
        return {};
    }
};

void check_equal(const std::vector<double>& got, const std::vector<double>& want) {
    REQUIRE(got.size() == want.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        CHECK(got[i] == doctest::Approx(want[i]).epsilon(1e-14));
    }
}

}  // namespace

TEST_CASE("ranking metrics of a list worked by hand, also beyond its end") {
    const Lists lists;
    const double second = 1 / std::log2(3.0);
    const double ndcg = 1.5 / (1.5 + second);
    check_equal(lists.of("precision"), {1.0, 2.0 / 3, 0.2});
    check_equal(lists.of("recall"), {1.0 / 3, 2.0 / 3, 2.0 / 3});
    check_equal(lists.of("ndcg"), {1.0, ndcg, ndcg});
    check_equal(lists.of("hit"), {1.0, 1.0, 1.0});
    check_equal(lists.of("map"), {1.0 / 3, 5.0 / 9, 5.0 / 9});
    check_equal(lists.of("mrr"), {1.0, 1.0, 1.0});
    // Pairs of 1, 3, 4 with 0, 2: of the first place 2 are right and 4 tied; of three places 3 right and 1 tied.
    check_equal(lists.of("auc"), {4.0 / 6, 3.5 / 6, 3.5 / 6});
}

TEST_CASE("a user without relevant items has no metrics") {
    const std::vector<double> all = Lists{}.metrics(1);
    for (std::size_t i = 1; i < all.size(); i += 2) {
        CHECK(std::isnan(all[i]));
        CHECK_FALSE(std::isnan(all[i - 1]));
    }
}

TEST_CASE("a perfect list has an NDCG of exactly 1 at every cutoff") {
    std::vector<index_t> all(100);
    std::vector<index_t> cutoffs(100);
    for (index_t i = 0; i < 100; ++i) {
        all[static_cast<std::size_t>(i)] = i;
        cutoffs[static_cast<std::size_t>(i)] = i + 1;
    }
    const std::vector<double> discounts = eval::cumulated_discounts(100);
    eval::walk_list(all, all, 100, cutoffs, discounts,
                    [](std::size_t, const eval::Prefix& p) { CHECK(p.dcg == p.ideal_dcg); });
}

TEST_CASE("ranking metrics refuse lists without a user and cutoffs out of order") {
    Lists lists;
    double out = 0;
    const MatrixView<const index_t> three{lists.ids.data(), 3, 2, 2};
    CHECK_THROWS_AS(eval::rank_users(three, lists.truth(), lists.candidates, lists.cutoffs, 1, &out),
                    std::invalid_argument);
    for (const std::vector<index_t>& cutoffs : {std::vector<index_t>{0}, std::vector<index_t>{2, 1}}) {
        CHECK_THROWS_AS(eval::rank_users(lists.lists(), lists.truth(), lists.candidates, cutoffs, 1, &out),
                        std::invalid_argument);
    }
}
