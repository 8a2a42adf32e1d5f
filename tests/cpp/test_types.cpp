#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/base/types.hpp"

using namespace tastemaker;

TEST_CASE("types: checked_mul multiplies up to 2^63 - 1 and refuses the rest") {
    constexpr offset_t most = std::numeric_limits<offset_t>::max();
    CHECK(checked_mul(0, most) == 0);
    CHECK(checked_mul(most, 0) == 0);
    CHECK(checked_mul(most, 1) == most);
    CHECK(checked_mul(3'000'000'000, 3'000'000'000) == 9'000'000'000'000'000'000);
    CHECK_THROWS_AS(checked_mul(most / 2 + 1, 2), std::invalid_argument);
    CHECK_THROWS_AS(checked_mul(offset_t{1} << 32, offset_t{1} << 31), std::invalid_argument);
    CHECK_THROWS_AS(checked_mul(-1, 5), std::invalid_argument);
    CHECK_THROWS_AS(checked_mul(5, -1), std::invalid_argument);
}

TEST_CASE("types: round_up reaches the next multiple and stays on one") {
    CHECK(round_up(0, 16) == 0);
    CHECK(round_up(1, 16) == 16);
    CHECK(round_up(16, 16) == 16);
    CHECK(round_up(17, 16) == 32);
}

TEST_CASE("aligned: zeroed, on a cache line, movable") {
    for (const offset_t n : {0, 1, 15, 16, 1000}) {
        AlignedBuffer<float> buffer(n);
        CHECK(buffer.size() == n);
        CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
        CHECK(std::all_of(buffer.begin(), buffer.end(), [](float x) { return x == 0.0f; }));
    }
    AlignedBuffer<float> a(3);
    a[2] = 7.0f;
    const AlignedBuffer<float> b = std::move(a);
    CHECK(b[2] == 7.0f);
    CHECK_THROWS_AS(AlignedBuffer<double>(-1), std::invalid_argument);
    CHECK_THROWS_AS(AlignedBuffer<double>(std::numeric_limits<offset_t>::max() / 4), std::invalid_argument);
}
