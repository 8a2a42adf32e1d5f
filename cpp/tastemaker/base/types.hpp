// Integer types of the core and arithmetic that cannot wrap silently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "tastemaker/base/error.hpp"

namespace tastemaker {

using index_t = std::int32_t;   // a user, an item or a factor
using offset_t = std::int64_t;  // a position among interactions; never 32-bit

// Returns a * b; requires 0 <= a, 0 <= b and a product that fits offset_t.
inline offset_t checked_mul(offset_t a, offset_t b) {
    require(a >= 0 && b >= 0, "sizes must not be negative");
    require(b == 0 || a <= std::numeric_limits<offset_t>::max() / b, "a product of sizes exceeds 2^63 - 1");
    return a * b;
}

// Returns n rounded up to a multiple of `unit`; requires n >= 0 and unit > 0.
constexpr offset_t round_up(offset_t n, offset_t unit) {
    return (n + unit - 1) / unit * unit;
}

}  // namespace tastemaker
