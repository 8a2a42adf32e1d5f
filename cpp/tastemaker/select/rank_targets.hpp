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
                            listed ? item : std::numeric_limits<index_t>::max(), 0});
        least_ = std::min(least_, targets_.back().score);
    }

    bool empty() const { return targets_.empty(); }

    // Scores below this come after every target.
    float least() const { return least_; }

    // Counts the scores of `lanes`, each an item item_of(lane) other than the targets or a target itself, before those
    // targets that they precede. `width` as for the kernel `compare`.
    template <class ItemOf>
    void count(const simd::TopnKernels& kernels, std::uint64_t lanes, const float* scores, int width, ItemOf item_of) {
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
        for (std::size_t i = 0; i < positions.size(); ++i) {
            out[positions[i]] = rank_after(ties_, targets_[i].twice_before);
        }
    }

private:
    struct Target {
        float score;
        index_t item;
        std::int64_t twice_before;
    };

    Ties ties_;
    std::vector<Target> targets_;
    float least_ = std::numeric_limits<float>::infinity();
};

}  // namespace tastemaker
