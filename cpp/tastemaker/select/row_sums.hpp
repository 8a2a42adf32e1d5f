// RowSums: the scores that one sparse query gives to the items; scratch of one worker.
#pragma once

#include <algorithm>
#include <bit>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/base/prefetch.hpp"
#include "tastemaker/select/sparse_index.hpp"
#include "tastemaker/simd/kernels.hpp"

namespace tastemaker {

// sums[i] = sum over j in the query of q_j * t_ji, j ascending. A sum that nothing was added to is -0: in
// round-to-nearest no sum of other terms is -0, so a touched item whose terms cancel (+0) can be told from an untouched
// one with no marks at all. A query that touches few items lists them; for the others a SIMD pass over all sums is
// quicker than the list.
class RowSums {
public:
    RowSums(const SparseIndex& index, const simd::TopnKernels& kernels)
        : index_(index),
          kernels_(kernels),
          sums_(round_up(index.catalogue(), block)),
          list_(index.catalogue() + offset_t{1}) {
        std::fill(sums_.begin(), sums_.end(), untouched);
    }

    // Replaces the sums by those of `query`.
    void load(const SparseRow& query) {
        clear();
        listed_ = index_.work(query) < index_.catalogue() / 8;
        count_ = 0;
        for (offset_t k = 0; k < query.size(); ++k) {
            if (k + ahead < query.size()) {
                const auto later = index_.row(query.indices[static_cast<std::size_t>(k + ahead)]);
                prefetch(later.data(), std::min(later.size_bytes(), std::size_t{512}));
            }
            const auto row = index_.row(query.indices[static_cast<std::size_t>(k)]);
            if (listed_) {
                add_row<true>(row, query.value(k));
            } else {
                add_row<false>(row, query.value(k));
            }
        }
    }

    // NaN only where the sum overflowed to inf - inf.
    bool touched(index_t item) const { return !is_untouched(sums_[item]); }

    // 0 for an untouched item.
    float score(index_t item) const { return sums_[item] + 0.0f; }

    // Makes these items untouched.
    void forget(std::span<const index_t> items) {
        for (const index_t item : items) {
            sums_[item] = untouched;
        }
    }

    // Calls fn(bits, first) for runs of up to 64 items: bit i stands for item first + i, which is touched, has a score
    // >= threshold() and is set in `open` (by item, 64 per word).
    template <class Threshold, class Fn>
    void visit(const std::vector<std::uint64_t>& open, Threshold threshold, Fn fn) const {
        if (listed_) {
            for (offset_t k = 0; k < count_; ++k) {
                const index_t item = list_[k];
                const bool is_open = (open[static_cast<std::size_t>(item / block)] >> (item % block) & 1) != 0;
                if (touched(item) && is_open && sums_[item] >= threshold()) {
                    fn(std::uint64_t{1}, item);
                }
            }
            return;
        }
        for (index_t first = 0; first < index_.catalogue(); first += block) {
            const std::uint64_t bits =
                kernels_.touched(sums_.data() + first, threshold()) & open[static_cast<std::size_t>(first / block)];
            if (bits != 0) {
                fn(bits, first);
            }
        }
    }

private:
    static constexpr index_t block = 64;
    // Rows lie anywhere in the table, so the hardware foresees none of them; two rows early hides an L3 access.
    static constexpr offset_t ahead = 2;
    static constexpr float untouched = -0.0f;

    static bool is_untouched(float sum) {
        return std::bit_cast<std::uint32_t>(sum) == std::bit_cast<std::uint32_t>(untouched);
    }

    void clear() {
        if (listed_) {
            forget({list_.data(), static_cast<std::size_t>(count_)});
        } else {
            std::fill(sums_.begin(), sums_.end(), untouched);
        }
    }

    template <bool Listed>
    void add_row(std::span<const SparseIndex::Entry> row, float weight) {
        float* sums = sums_.data();
        index_t* list = list_.data() + count_;
        for (const SparseIndex::Entry& entry : row) {
            float& sum = sums[entry.item];
            if constexpr (Listed) {  // without a branch: whether an item is new cannot be predicted
                *list = entry.item;
                list += is_untouched(sum);
            }
            const float term = weight * entry.value;
            sum += term == 0 ? 0.0f : term;  // a term that underflowed to -0 must leave a mark too
        }
        count_ = list - list_.data();
    }

    const SparseIndex& index_;
    const simd::TopnKernels& kernels_;
    AlignedBuffer<float> sums_;
    AlignedBuffer<index_t> list_;
    offset_t count_ = 0;
    bool listed_ = true;
};

}  // namespace tastemaker
