// BestLists: for every column the best `count` candidates, whatever the order in which they come.
#pragma once

#include <algorithm>
#include <limits>
#include <mutex>
#include <span>
#include <vector>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/simd/knn_kernels.hpp"

namespace tastemaker::knn {

using Candidate = simd::KnnCandidate;

// The one total order: score descending, then index ascending.
inline bool better(const Candidate& a, const Candidate& b) {
    return a.score > b.score || (a.score == b.score && a.index < b.index);
}

// Moves the best `count` to the front and returns the score of the last of them; requires at least `count` >= 1.
inline float keep_best(std::span<Candidate> candidates, offset_t count) {
    const auto last = candidates.begin() + (count - 1);
    std::nth_element(candidates.begin(), last, candidates.end(), better);
    return last->score;
}

// Lists of columns with the floor of each: a score below which no candidate can enter any more. A list is cut
// back when it is twice as long as need be (or 64 longer), so an offer costs O(1) on average.
class BestLists {
public:
    static constexpr float no_floor = -std::numeric_limits<float>::infinity();

    BestLists(index_t columns, offset_t count)
        : count_(count),
          lists_(static_cast<std::size_t>(columns)),
          floors_(static_cast<std::size_t>(columns), no_floor) {}

    std::span<const float> floors() const { return floors_; }

    void offer(index_t column, Candidate candidate) {
        if (candidate.score < floor(column)) {
            return;
        }
        list(column).push_back(candidate);
        if (static_cast<offset_t>(list(column).size()) >= count_ + std::max<offset_t>(count_, 64)) {
            cut(column);
        }
    }

    // Cuts the list back to `count` and raises its floor, if it is that long.
    void cut(index_t column) {
        std::vector<Candidate>& candidates = list(column);
        if (static_cast<offset_t>(candidates.size()) >= count_) {
            floor(column) = keep_best(candidates, count_);
            candidates.resize(static_cast<std::size_t>(count_));
        }
    }

    // Returns the list, at most `count` long, by ascending index.
    std::span<const Candidate> finish(index_t column) {
        cut(column);
        std::ranges::sort(list(column), {}, &Candidate::index);
        return list(column);
    }

private:
    std::vector<Candidate>& list(index_t column) { return lists_[static_cast<std::size_t>(column)]; }
    float& floor(index_t column) { return floors_[static_cast<std::size_t>(column)]; }

    offset_t count_;
    std::vector<std::vector<Candidate>> lists_;
    std::vector<float> floors_;
};

}  // namespace tastemaker::knn
