// DistinctSorter: sorts small sets of distinct integers below a common bound.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tastemaker/base/types.hpp"

namespace tastemaker {

// Scratch of one worker, for one set after another.
class DistinctSorter {
public:
    explicit DistinctSorter(index_t bound) : bits_(static_cast<std::size_t>(bound) / 64 + 1) {}

    // Writes number(value) of each value in ascending order to `sorted`; requires distinct numbers in [0, bound).
    template <class Value, class Number, class Out>
    void sort(std::span<const Value> values, Number number, Out* sorted) {
        if (values.size() * 16 < bits_.size()) {
            Out* const end = std::ranges::transform(values, sorted, [&](const Value& value) {
                                 return static_cast<Out>(number(value));
                             }).out;
            std::sort(sorted, end);
            return;
        }
        // A bit for each, read off in order: a few cycles per number and one per word, where a sort mispredicts.
        for (const Value& value : values) {
            const auto n = static_cast<std::size_t>(number(value));
            bits_[n / 64] |= std::uint64_t{1} << (n % 64);
        }
        for (std::size_t word = 0; word < bits_.size(); ++word) {
            for (std::uint64_t bits = std::exchange(bits_[word], 0); bits != 0; bits &= bits - 1) {
                *sorted++ = static_cast<Out>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
            }
        }
    }

private:
    std::vector<std::uint64_t> bits_;  // all zero between sets
};

}  // namespace tastemaker
