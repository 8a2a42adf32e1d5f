#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "tastemaker/eval/diversity.hpp"

using namespace tastemaker;

namespace {

// Items (1, 0), (1, 1), (0, 0) and (0, 2) over two users.
struct Items {
    std::vector<offset_t> indptr{0, 1, 3, 3, 4};
    std::vector<index_t> users{0, 0, 1, 1};
    std::vector<float> values{1, 1, 1, 2};

    CsrView view() const { return {4, 2, indptr.data(), users.data(), values.data()}; }
};

}  // namespace

TEST_CASE("diversity is 1 less the mean cosine of all pairs, at each cutoff") {
    const Items items;
    const std::vector<index_t> ids{0, 1, 3, 2, 0, -1};
    const std::vector<index_t> cutoffs{1, 2, 9};
    const double half_turn = 1 / std::sqrt(2.0);
    for (const int threads : {1, 3}) {
        std::vector<double> out(6);
        eval::list_diversity({ids.data(), 2, 3, 3}, items.view(), cutoffs, threads, out.data());
        CHECK(out[0] == 0);  // no pairs
        CHECK(out[2] == doctest::Approx(1 - half_turn));
        CHECK(out[4] == doctest::Approx(1 - 2 * half_turn / 3));
        CHECK(out[1] == 0);
        CHECK(out[3] == 1);  // nobody has item 2
        CHECK(out[5] == 1);
    }
}

TEST_CASE("diversity refuses items without a vector and vectors without values") {
    Items items;
    const std::vector<index_t> ids{4};
    const std::vector<index_t> cutoffs{1};
    double out = 0;
    CHECK_THROWS_AS(eval::list_diversity({ids.data(), 1, 1, 1}, items.view(), cutoffs, 1, &out), std::invalid_argument);
    CsrView ones = items.view();
    ones.values = nullptr;
    CHECK_THROWS_AS(eval::list_diversity({ids.data(), 1, 1, 1}, ones, cutoffs, 1, &out), std::invalid_argument);
}
