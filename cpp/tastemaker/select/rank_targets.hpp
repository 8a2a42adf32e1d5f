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
#include "tastemaker/select/sorted_scores.hpp"
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

    // Whether finding a score's place among so many targets beats comparing it with each, 64 at once.
    static bool many(std::size_t targets) { return targets > 16; }

    // Scores below this come after every target.
    float least() const { return least_; }

    // Counts the scores of `lanes`, each an item item_of(lane) other than the targets or a target itself, before those
    // targets that they precede. `width` as for the kernel `compare`.
    template <class ItemOf>
    void count(const simd::TopnKernels& kernels, std::uint64_t lanes, const float* scores, int width, ItemOf item_of) {
        if (many(targets_.size())) {
            float some[64];
            index_t ids[64];
            std::size_t n = 0;
            for (; lanes != 0; lanes &= lanes - 1) {
                some[n] = scores[std::countr_zero(lanes)];
                ids[n++] = item_of(std::countr_zero(lanes));
            }
            return count_all({some, n}, ids);
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

    // The same for scores[i] of item ids[i], where NaN stands for none; requires many targets.
    void count_all(std::span<const float> scores, const index_t* ids) {
        if (passed_.empty()) {
            sorted_.sort(targets_);
            passed_.assign(targets_.size() + 1, 0);
        }
        for (; scores.size() > step; scores = scores.subspan(step), ids += step) {
            count_some(scores.first(step), ids);
        }
        count_some(scores, ids);
    }

    // Writes the rank of the i-th target to out[positions[i]], twice where ties are shared.
    void write(std::span<const offset_t> positions, std::int64_t* out) const {
        std::int64_t above = 0;
        for (std::size_t i = targets_.size(); i-- > 0;) {
            const Target& target = targets_[i];
            above += passed_.empty() ? 0 : passed_[i + 1];
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

    static constexpr std::size_t step = 64;

    // Counts at most `step` scores, in loops of one thing each: a counter's address, known late, would hold up the
    // loads of the scores behind it.
    void count_some(std::span<const float> scores, const index_t* ids) {
        std::uint32_t places[step];
        if (sorted_.find(scores, places)) {
            for (std::size_t i = 0; i < scores.size(); ++i) {
                for (std::size_t t = places[i]; t < targets_.size() && sorted_[t] == scores[i]; ++t) {
                    targets_[t].twice_before += twice_tied(ties_, ids[i], targets_[t].item);
                }
            }
        }
        for (std::size_t i = 0; i < scores.size(); ++i) {
            ++passed_[places[i]];
        }
    }

    Ties ties_;
    std::vector<Target> targets_;
    SortedScores sorted_;          // theirs, where there are many
    std::vector<index_t> passed_;  // [i]: scores above just the first i of them
    float least_ = std::numeric_limits<float>::infinity();
};

}  // namespace tastemaker
