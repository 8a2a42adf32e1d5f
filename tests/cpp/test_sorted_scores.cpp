// The places of scores among others, against counting.
#include <doctest/doctest.h>
#include <random>

#include "tastemaker/select/sorted_scores.hpp"

using namespace tastemaker;

namespace {

struct Item {
    float score;
};

constexpr float infinity = std::numeric_limits<float>::infinity();

void check(const std::vector<float>& scores, const std::vector<float>& asked) {
    std::vector<Item> items;
    for (const float score : scores) {
        items.push_back({score});
    }
    SortedScores sorted;
    sorted.sort(items);
    CHECK(std::ranges::is_sorted(items, {}, &Item::score));
    for (std::size_t first = 0; first < asked.size(); first += 64) {
        const auto some = std::span(asked).subspan(first, std::min<std::size_t>(64, asked.size() - first));
        std::uint32_t places[64];
        const bool tied = sorted.find(some, places);
        CHECK((tied || std::ranges::none_of(some, [&](float x) { return std::ranges::count(scores, x) > 0; })));
        for (std::size_t i = 0; i < some.size(); ++i) {
            CHECK(places[i] == std::ranges::count_if(scores, [&](float score) { return score < some[i]; }));
        }
    }
}

}  // namespace

TEST_CASE("places among scores of any spread") {
    std::mt19937 bits(1);
    std::normal_distribution<float> normal;
    std::vector<float> scores;
    std::vector<float> asked{infinity, -infinity, 0.0f, -0.0f, std::numeric_limits<float>::quiet_NaN()};
    for (int i = 0; i < 300; ++i) {
        scores.push_back(normal(bits));
        asked.push_back(i % 3 == 0 ? scores.back() : 2 * normal(bits));
    }
    check({0.5f}, asked);
    check({-1.0f, -1.0f, -1.0f}, asked);
    check(scores, asked);
    for (const float far : {1e30f, 3e38f, infinity}) {  // all but one or two in one part, or no parts at all
        scores[7] = far;
        check(scores, asked);
        scores[8] = -far;
        check(scores, asked);
    }
    check({0.0f, 1e-45f, 1e-45f}, {0.0f, 1e-45f, 2e-45f, 1.0f});
}
