// BestLists: for every column the best `count` candidates, whatever the order in which they come.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "tastemaker/base/keep_best.hpp"
#include "tastemaker/simd/knn_kernels.hpp"

namespace tastemaker::knn {

using simd::KnnKey;

// Lists of columns with the floor of each: the key that a newcomer must exceed, once the list is full. A list is cut
// back when it is twice as long as need be (or 64 longer), so an offer costs O(1) on average.
class BestLists {
public:
    BestLists(index_t columns, offset_t count)
        : count_(count), lists_(static_cast<std::size_t>(columns)), floors_(static_cast<std::size_t>(columns)) {}

    // 0 until the list is full: less than any key.
    std::span<const KnnKey> floors() const { return floors_; }

    void offer(index_t column, KnnKey key) {
        if (key <= floor(column)) {
            return;
        }
        std::vector<KnnKey>& keys = list(column);
        if (keys.capacity() == 0) {
            keys.reserve(static_cast<std::size_t>(std::min<offset_t>(2 * count_, 32)));
        }
        keys.push_back(key);
        if (static_cast<offset_t>(keys.size()) >= count_ + std::max<offset_t>(count_, 64)) {
            cut(column);
        }
    }

    // Refuses every offer from now on; the list is then what settle() makes it.
    void close(index_t column) { floor(column) = closed; }

    // Requires at most `count` keys.
    void settle(index_t column, std::span<const KnnKey> keys) { list(column).assign(keys.begin(), keys.end()); }

    // Cuts the list back to `count` and raises its floor, if it is that long.
    void cut(index_t column) {
        std::vector<KnnKey>& keys = list(column);
        if (static_cast<offset_t>(keys.size()) >= count_) {
            floor(column) = keep_best(keys, count_);
            keys.resize(static_cast<std::size_t>(count_));
        }
    }

    // What finish() will return of the list.
    offset_t length(index_t column) { return std::min(count_, static_cast<offset_t>(list(column).size())); }

    // Returns the best of the list, at most `count`, in no order.
    std::span<const KnnKey> finish(index_t column) {
        cut(column);
        return list(column);
    }

    // What a score must reach to have a chance against the floor.
    static float least_score(KnnKey floor) {
        constexpr float infinity = std::numeric_limits<float>::infinity();
        return floor == 0 ? -infinity : floor == closed ? infinity : simd::knn_score(floor);
    }

private:
    static constexpr KnnKey closed = std::numeric_limits<KnnKey>::max();

    std::vector<KnnKey>& list(index_t column) { return lists_[static_cast<std::size_t>(column)]; }
    KnnKey& floor(index_t column) { return floors_[static_cast<std::size_t>(column)]; }

    offset_t count_;
    std::vector<std::vector<KnnKey>> lists_;
    std::vector<KnnKey> floors_;
};

}  // namespace tastemaker::knn
