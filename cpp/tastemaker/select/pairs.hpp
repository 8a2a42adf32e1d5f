// Pairs of (query, item) whose score or rank is asked for, grouped by query.
#pragma once

#include <numeric>
#include <span>
#include <vector>

#include "tastemaker/base/types.hpp"

namespace tastemaker {

// What the rank of an item is among others of its score.
enum class Ties {
    by_index,  // its place in the total order
    shared,    // twice the mean of their places, which is whole
    last,      // the last of their places
};

// Returns twice what an item of equal score adds to the number of items before `item`.
inline std::int64_t twice_tied(Ties ties, index_t other, index_t item) {
    switch (ties) {
        case Ties::by_index:
            return 2 * (other < item);
        case Ties::shared:
            return other != item;
        case Ties::last:
            return 2 * (other != item);
    }
    return 0;
}

// Returns the rank of an item from twice the number of items before it.
inline std::int64_t rank_after(Ties ties, std::int64_t twice_before) {
    return ties == Ties::shared ? twice_before + 2 : twice_before / 2 + 1;
}

struct PairsView {
    const index_t* rows = nullptr;   // into the queries
    const index_t* items = nullptr;  // ids
    offset_t count = 0;

    // Throws unless every pair lies within rows x catalogue.
    void validate(offset_t queries, index_t catalogue) const {
        for (offset_t i = 0; i < count; ++i) {
            require(rows[i] >= 0 && rows[i] < queries && items[i] >= 0 && items[i] < catalogue,
                    "a pair lies outside the queries or the items");
        }
    }
};

// Positions of the pairs by query: a query's scores are computed once for all of its pairs.
class PairGroups {
public:
    // Validates the pairs.
    PairGroups(const PairsView& pairs, offset_t queries, index_t catalogue)
        : starts_(static_cast<std::size_t>(queries) + 1), order_(static_cast<std::size_t>(pairs.count)) {
        pairs.validate(queries, catalogue);
        for (offset_t i = 0; i < pairs.count; ++i) {
            ++starts_[static_cast<std::size_t>(pairs.rows[i]) + 1];
        }
        std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
        std::vector<offset_t> next(starts_.begin(), starts_.end() - 1);
        for (offset_t i = 0; i < pairs.count; ++i) {
            order_[static_cast<std::size_t>(next[static_cast<std::size_t>(pairs.rows[i])]++)] = i;
        }
    }

    std::span<const offset_t> of(offset_t row) const {
        const auto r = static_cast<std::size_t>(row);
        const auto first = static_cast<std::size_t>(starts_[r]);
        return std::span(order_).subspan(first, static_cast<std::size_t>(starts_[r + 1]) - first);
    }

    // Returns the most pairs that a query has.
    std::size_t most() const {
        offset_t most = 0;
        for (std::size_t r = 1; r < starts_.size(); ++r) {
            most = std::max(most, starts_[r] - starts_[r - 1]);
        }
        return static_cast<std::size_t>(most);
    }

private:
    std::vector<offset_t> starts_;
    std::vector<offset_t> order_;
};

}  // namespace tastemaker
