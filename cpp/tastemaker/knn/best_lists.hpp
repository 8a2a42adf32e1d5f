// BestLists: for every column the best `count` candidates, whatever the order in which they come.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "tastemaker/base/types.hpp"
#include "tastemaker/simd/knn_kernels.hpp"

namespace tastemaker::knn {

using simd::KnnKey;

// Moves the greatest `count` keys to the front and returns the least of them; requires distinct keys and
// 1 <= count <= keys.size(). Quickselect whose partition does not branch: on a few dozen random keys nearly every
// branch of std::nth_element is mispredicted, which made it the dearest step of a search.
inline KnnKey keep_best(std::span<KnnKey> keys, offset_t count) {
    KnnKey* first = keys.data();
    KnnKey* last = first + keys.size();
    KnnKey* const wanted = first + (count - 1);
    // Each round halves the range or so; 40 rounds without an end mean keys in an unlucky order.
    for (int round = 0; last - first > 8 && round < 40; ++round) {
        const KnnKey a = *first;
        const KnnKey b = first[(last - first) / 2];
        const KnnKey c = last[-1];
        const KnnKey pivot = std::max(std::min(a, b), std::min(std::max(a, b), c));  // the median: neither extreme
        KnnKey* border = first;
        for (KnnKey* k = first; k != last; ++k) {
            const KnnKey key = *k;
            *k = *border;
            *border = key;
            border += key > pivot;
        }
        (wanted < border ? last : first) = border;
    }
    std::nth_element(first, wanted, last, std::greater<>());
    return *wanted;
}

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

    // Returns the list, at most `count` long, by ascending index.
    std::span<const KnnKey> finish(index_t column) {
        cut(column);
        std::ranges::sort(list(column), [](KnnKey a, KnnKey b) { return simd::knn_index(a) < simd::knn_index(b); });
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
