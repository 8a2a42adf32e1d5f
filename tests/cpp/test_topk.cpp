// Bounded selection: one total order, and the best of any stream.
#include "tastemaker/select/topk.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

using namespace tastemaker;

TEST_CASE("topk: keys order by score, then by index, and give both back") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const float ascending[] = {-infinity, -3e38f, -1.0f, -1e-45f, 0.0f, 1e-45f, 1.0f, 3e38f, infinity};
    for (std::size_t i = 0; i < std::size(ascending); ++i) {
        for (const index_t index : {0, 1, std::numeric_limits<index_t>::max()}) {
            const rank_key key = make_key(ascending[i], index);
            CHECK(key_score(key) == ascending[i]);
            CHECK(key_index(key) == index);
            CHECK(key > no_candidate);
            CHECK((i == 0 || key > make_key(ascending[i - 1], 0)));
        }
        CHECK(make_key(ascending[i], 3) > make_key(ascending[i], 4));
    }
    CHECK(make_key(-0.0f, 5) == make_key(0.0f, 5));
    CHECK(key_index(no_candidate) == -1);
    CHECK(std::isnan(key_score(no_candidate)));
}

TEST_CASE("topk: keeps the best of any stream, ties included") {
    std::mt19937 random(1);
    for (const index_t k : {1, 2, 11, 12, 13, 100}) {
        for (const index_t n : {0, 1, 5, 36, 400}) {
            std::vector<rank_key> all;
            std::vector<rank_key> storage(static_cast<std::size_t>(TopK::capacity(k)));
            TopK best(storage.data(), k);
            for (index_t i = 0; i < n; ++i) {
                const auto score = static_cast<float>(random() % 9) - 4;
                all.push_back(make_key(score, i));
                if (score >= best.threshold()) {
                    best.push(score, i);
                }
                if (random() % 4 == 0) {
                    best.tighten();
                }
            }
            std::ranges::sort(all, std::greater<>());
            all.resize(static_cast<std::size_t>(k), no_candidate);
            CHECK(std::equal(all.begin(), all.end(), best.finish()));
        }
    }
}

TEST_CASE("topk: as soon as k are there the threshold can be the last of them") {
    std::vector<rank_key> storage(static_cast<std::size_t>(TopK::capacity(2)));
    TopK best(storage.data(), 2);
    best.push(3, 0);
    best.tighten();
    CHECK(best.threshold() == -std::numeric_limits<float>::infinity());
    best.push(1, 1);
    best.tighten();
    CHECK(best.threshold() == 1);
    best.push(2, 2);
    best.tighten();  // only the first time: a selection a push would cost too much
    CHECK(best.threshold() == 1);
}
