// keep_best: the greatest of a few dozen or hundred keys.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>

#include "tastemaker/base/types.hpp"

namespace tastemaker {

// Moves the greatest `count` keys to the front and returns the least of them; requires distinct keys and
// 1 <= count <= keys.size(). Quickselect whose partition does not branch: on a few dozen random keys nearly every
// branch of std::nth_element is mispredicted, which made it the dearest step of a search.
inline std::uint64_t keep_best(std::span<std::uint64_t> keys, offset_t count) {
    std::uint64_t* first = keys.data();
    std::uint64_t* last = first + keys.size();
    std::uint64_t* const wanted = first + (count - 1);
    // Each round halves the range or so; 40 rounds without an end mean keys in an unlucky order.
    for (int round = 0; last - first > 8 && round < 40; ++round) {
        const std::uint64_t a = *first;
        const std::uint64_t b = first[(last - first) / 2];
        const std::uint64_t c = last[-1];
        // The median: neither extreme.
        const std::uint64_t pivot = std::max(std::min(a, b), std::min(std::max(a, b), c));
        std::uint64_t* border = first;
        for (std::uint64_t* k = first; k != last; ++k) {
            const std::uint64_t key = *k;
            *k = *border;
            *border = key;
            border += key > pivot;
        }
        (wanted < border ? last : first) = border;
    }
    std::nth_element(first, wanted, last, std::greater<>());
    return *wanted;
}

}  // namespace tastemaker
