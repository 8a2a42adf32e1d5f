// SeenMasks: for a block of users, which lanes of a panel each of them has seen.
#pragma once

#include <vector>

#include "tastemaker/select/dense_index.hpp"

namespace tastemaker {

// A user's seen items are scattered over the panels. A counting sort of the whole block by panel costs a few ns per
// entry; sorting each user's row would cost more than scoring it, and testing candidates one by one mispredicts,
// since seen items score high. Entries are (user << 6 | lane).
class SeenMasks {
public:
    explicit SeenMasks(const DenseIndex& index) : index_(index), starts_(size(index.panels()) + 2) {}

    // Takes rows [begin, end) of `seen` (null: nothing is seen); user r of the block is row begin + r.
    void load(const CsrView* seen, index_t begin, index_t end) {
        masks_.assign(size(end - begin), 0);
        entries_.clear();
        if (seen == nullptr) {
            return;
        }
        std::fill(starts_.begin(), starts_.end(), 0u);
        const auto visit = [&](auto fn) {
            for (index_t r = begin; r < end; ++r) {
                for (const index_t id : seen->row(r).indices) {
                    if (const index_t place = index_.place(id); place >= 0) {
                        fn(size(place >> 6), static_cast<std::uint32_t>((r - begin) << 6 | (place & 63)));
                    }
                }
            }
        };
        // Counted two places up, so that filling panel p moves starts_[p + 1] from its first entry to its end.
        visit([&](std::size_t panel, std::uint32_t) { ++starts_[panel + 2]; });
        std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
        entries_.resize(starts_.back());
        visit([&](std::size_t panel, std::uint32_t entry) { entries_[starts_[panel + 1]++] = entry; });
    }

    // Sets the masks for panel p; clear(p) must follow before the next set.
    void set(index_t p) {
        for_each(p, [&](std::uint32_t user, std::uint32_t lane) { masks_[user] |= std::uint64_t{1} << lane; });
    }

    void clear(index_t p) {
        for_each(p, [&](std::uint32_t user, std::uint32_t) { masks_[user] = 0; });
    }

    std::uint64_t mask(index_t user) const { return masks_[size(user)]; }

private:
    static std::size_t size(index_t n) { return static_cast<std::size_t>(n); }

    template <class Fn>
    void for_each(index_t p, Fn fn) const {
        if (entries_.empty()) {
            return;
        }
        for (std::uint32_t e = starts_[size(p)]; e < starts_[size(p) + 1]; ++e) {
            fn(entries_[e] >> 6, entries_[e] & 63);
        }
    }

    const DenseIndex& index_;
    std::vector<std::uint32_t> starts_;
    std::vector<std::uint32_t> entries_;
    std::vector<std::uint64_t> masks_;
};

}  // namespace tastemaker
