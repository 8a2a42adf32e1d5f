#include <doctest/doctest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "tastemaker/simd/kernels.hpp"
#include "tastemaker/simd/level.hpp"

using namespace tastemaker;

TEST_CASE("level: the baseline is always there, first, and no level is listed twice") {
    const std::vector<std::string> levels = simd::available_levels();
    REQUIRE(!levels.empty());
    CHECK(levels.front() == "baseline");
    CHECK(std::set<std::string>(levels.begin(), levels.end()).size() == levels.size());
}

TEST_CASE("level: each available level can be set, and the kernels are then its own") {
    const std::string before = simd::current_level();
    for (const std::string& name : simd::available_levels()) {
        simd::set_level(name);
        CHECK(simd::current_level() == name);
        CHECK(simd::kernels().name == name);
    }
    simd::set_level(before);
}

TEST_CASE("level: an unknown level is refused and the one in use stays") {
    const std::string before = simd::current_level();
    CHECK_THROWS_AS(simd::set_level("avx1024"), std::invalid_argument);
    CHECK_THROWS_AS(simd::set_level(""), std::invalid_argument);
    CHECK(simd::current_level() == before);
}
