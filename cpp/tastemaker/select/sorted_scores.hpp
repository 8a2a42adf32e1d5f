// SortedScores: how many of a fixed set of scores lie below another one, asked for thousands.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "tastemaker/base/types.hpp"

namespace tastemaker {

// The span of the scores is cut into equal parts, some for each score, so that a part tells where to look: mostly
// among one score or none. A search by halves would mispredict a branch, or wait for the cache, at each of its steps.
class SortedScores {
public:
    // Sorts items by item.score; these may be infinite but not NaN.
    template <class Item>
    void sort(std::vector<Item>& items) {
        count_ = items.size();
        scores_.resize(count_ + 1);
        std::ranges::transform(items, scores_.begin(), [](const Item& item) { return item.score; });
        cut();
        starts_.assign(parts_ + 2, 0);
        // Counted two parts up, so that filling part p moves starts_[p + 1] from its first place to its end.
        for (const Item& item : items) {
            ++starts_[part_of(item.score) + 2];
        }
        for (std::size_t p = 2; p < starts_.size(); ++p) {
            starts_[p] += starts_[p - 1];
        }
        std::vector<Item> sorted(count_);
        for (const Item& item : items) {
            sorted[starts_[part_of(item.score) + 1]++] = item;
        }
        for (std::size_t p = 0; p < parts_; ++p) {
            if (starts_[p + 1] - starts_[p] > 1) {
                std::ranges::sort(std::span(sorted).subspan(starts_[p], starts_[p + 1] - starts_[p]), {}, &Item::score);
            }
        }
        items.swap(sorted);
        std::ranges::transform(items, scores_.begin(), [](const Item& item) { return item.score; });
        scores_[count_] = std::numeric_limits<float>::infinity();
    }

    float operator[](std::size_t place) const { return scores_[place]; }

    // Writes how many of the scores lie below each x, at most 64; 0 for NaN. Returns whether some x equals one of them.
    bool find(std::span<const float> x, std::uint32_t* places) const {
        std::uint32_t parts[64];
        for (std::size_t i = 0; i < x.size(); ++i) {
            parts[i] = part_of(x[i]);  // apart from the rest, as this alone is what vectors are for
        }
        bool tied = false;
        for (std::size_t i = 0; i < x.size(); ++i) {
            std::uint32_t first = starts_[parts[i]];
            for (std::uint32_t left = starts_[parts[i] + 1] - first; left > 1;) {
                const std::uint32_t half = left / 2;
                first += scores_[first + half - 1] < x[i] ? half : 0;
                left -= half;
            }
            places[i] = first + (scores_[first] < x[i]);  // that of a later part, or infinity, where this one has none
            tied |= scores_[places[i]] == x[i];
        }
        return tied;
    }

private:
    static constexpr std::size_t parts_per_score = 4;
    static constexpr std::size_t most_parts = 4096;  // 16 KB, half of L1

    void cut() {
        const auto scores = std::span(scores_).first(count_);
        const auto [least, most] = std::ranges::minmax(scores);
        parts_ = std::min(std::bit_ceil(parts_per_score * count_), most_parts);
        least_ = least;
        most_ = most;
        scale_ = static_cast<float>(parts_ - 1) / (most - least);
        if (!std::isfinite(scale_) || !std::isfinite(most - least)) {
            least_ = most_ = scale_ = 0;  // all in one part
        }
    }

    // Ascends with x: each of its steps does. Written so that NaN compares like the least score.
    std::uint32_t part_of(float x) const {
        const float above = x > least_ ? x : least_;
        return static_cast<std::uint32_t>(
            static_cast<std::int32_t>(((above < most_ ? above : most_) - least_) * scale_));
    }

    std::size_t count_ = 0;
    std::size_t parts_ = 1;
    float least_ = 0, most_ = 0, scale_ = 0;
    std::vector<float> scores_;          // ascending, then infinity
    std::vector<std::uint32_t> starts_;  // by part: its first place
};

}  // namespace tastemaker
