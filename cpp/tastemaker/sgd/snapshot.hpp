// Snapshot: what all items are made of, as of the beginning of a round of examples.
//
// A search for a negative that violates looks at many items and changes one. To add up the features of each takes far
// longer than to score it. So the search goes through a snapshot, and only what it finds is made anew and looked at
// again: none that violates no more is taken, though one that has only just begun to may be passed by.
#pragma once

#include <algorithm>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/sgd/worker.hpp"

namespace tastemaker::sgd {

class Snapshot {
public:
    // Empty unless wanted, and for items without features, whose rows can be scored as they are.
    Snapshot(const Model& model, bool wanted)
        : size_(model.size()),
          items_(wanted && model.items.features ? model.items.count() : 0),
          rows_(checked_mul(items_, size_)) {}

    bool empty() const { return items_ == 0; }
    MatrixView<const float> view() const {
        return {empty() ? nullptr : rows_.data(), items_, static_cast<index_t>(size_), size_};
    }

    // How many examples a round has: enough that the snapshot is a small part of the work, and a small part of an
    // epoch. Adadelta, whose steps are long, ranks 1 % worse when a round is four times the items.
    offset_t round(offset_t examples) const {
        return std::min(std::max<offset_t>(2 * items_, 4096), std::max<offset_t>(examples / 16, 1));
    }

    // The parts that renew() makes, independent of each other.
    offset_t parts() const { return (items_ + items_per_part - 1) / items_per_part; }
    void renew(offset_t part, Worker& worker) {
        const offset_t begin = part * items_per_part;
        for (offset_t item = begin; item < std::min(begin + items_per_part, items_); ++item) {
            worker.represent(worker.model.items, static_cast<index_t>(item), rows_.data() + item * size_);
        }
    }

private:
    static constexpr offset_t items_per_part = 64;

    offset_t size_;
    offset_t items_;
    AlignedBuffer<float> rows_;
};

}  // namespace tastemaker::sgd
