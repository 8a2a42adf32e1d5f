// RankTargets: the items of one query whose rank is asked for, while the scores of all items stream past.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "tastemaker/base/types.hpp"
#include "tastemaker/select/pairs.hpp"
#include "tastemaker/simd/kernels.hpp"

namespace tastemaker {

class RankTargets {
public:
    explicit RankTargets(Ties ties = Ties::by_index) : ties_(ties) {}

    // A score that overflowed to NaN enters no list: it ranks behind all others.
    void add(float score, index_t item) {
        const bool listed = !std::isnan(score);
        targets_.push_back({listed ? score : -std::numeric_limits<float>::infinity(),
                            listed ? item : std::numeric_limits<index_t>::max(), 0, targets_.size()});
        least_ = std::min(least_, targets_.back().score);
    }

    bool empty() const { return targets_.empty(); }

    // Scores below this come after every target.
    float least() const { return least_; }

    // Counts the scores of `lanes`, each an item item_of(lane) other than the targets or a target itself, before those
    // targets that they precede. `width` as for the kernel `compare`.
    template <class ItemOf>
    void count(const simd::TopnKernels& kernels, std::uint64_t lanes, const float* scores, int width, ItemOf item_of) {
        if (targets_.size() > compared) {
            return count_sorted(lanes, scores, item_of);
        }
        for (Target& target : targets_) {
            std::uint64_t greater = 0;
            std::uint64_t equal = 0;
            kernels.compare(scores, width, target.score, &greater, &equal);
            target.twice_before += 2 * std::popcount(greater & lanes);
            for (equal &= lanes; equal != 0; equal &= equal - 1) {
                target.twice_before += twice_tied(ties_, item_of(std::countr_zero(equal)), target.item);
            }
        }
    }

    // Writes the rank of the i-th target to out[positions[i]], twice where ties are shared.
    void write(std::span<const offset_t> positions, std::int64_t* out) const {
        std::int64_t above = 0;
        for (std::size_t i = targets_.size(); i-- > 0;) {
            const Target& target = targets_[i];
            above += sorted_.empty() ? 0 : passed_[i + 1];
            out[positions[target.position]] = rank_after(ties_, target.twice_before + 2 * above);
        }
    }

private:
    struct Target {
        float score;
        index_t item;
        std::int64_t twice_before;
        std::size_t position;  // among those added
    };

    // Beyond so many, finding a score's place among the targets beats comparing it with each, 64 at once.
    static constexpr std::size_t compared = 32;

    template <class ItemOf>
    void count_sorted(std::uint64_t lanes, const float* scores, ItemOf item_of) {
        if (sorted_.empty()) {
            std::ranges::sort(targets_, {}, &Target::score);
            for (const Target& target : targets_) {
                sorted_.push_back(target.score);
            }
            passed_.assign(sorted_.size() + 1, 0);
        }
        for (; lanes != 0; lanes &= lanes - 1) {
            const int lane = std::countr_zero(lanes);
            const std::size_t place = below(scores[lane]);
            ++passed_[place];
            for (std::size_t i = place; i < sorted_.size() && sorted_[i] == scores[lane]; ++i) {
                targets_[i].twice_before += twice_tied(ties_, item_of(lane), targets_[i].item);
            }
        }
    }

    // Returns the number of targets below a score; without branches, as they could not be predicted.
    std::size_t below(float score) const {
        const float* first = sorted_.data();
        for (std::size_t left = sorted_.size(); left > 1;) {
            const std::size_t half = left / 2;
            first += first[half - 1] < score ? half : 0;
            left -= half;
        }
        return static_cast<std::size_t>(first - sorted_.data()) + (*first < score);
    }

    Ties ties_;
    std::vector<Target> targets_;
    std::vector<float> sorted_;         // their scores, where there are many
    std::vector<std::int64_t> passed_;  // [i]: scores above just the first i of them
    float least_ = std::numeric_limits<float>::infinity();
};

}  // namespace tastemaker
