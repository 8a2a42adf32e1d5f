// Scores and ranks of given (query, item) pairs against a SparseIndex.
#pragma once

#include <limits>

#include "tastemaker/select/sparse_topn.hpp"

namespace tastemaker {

// Writes the score of each pair, with the bits that topn gives it; 0 for an item that the query does not touch.
inline void score_pairs(const SparseIndex& index, const simd::TopnKernels& kernels, const CsrView& queries,
                        const PairsView& pairs, int threads, float* out) {
    const PairGroups groups(pairs, queries.rows, index.catalogue());
    const auto make = [&] { return RowSums(index, kernels); };
    for_each_query(index, queries, threads, make, [&](RowSums& sums, index_t row) {
        if (groups.of(row).empty()) {
            return;
        }
        sums.load(queries.row(row));
        for (const offset_t i : groups.of(row)) {
            out[i] = sums.score(pairs.items[i]);
        }
    });
}

// One worker's ranking of the pairs of a query. A sum that overflowed to NaN counts as untouched.
class SparseRanking {
public:
    SparseRanking(const SparseIndex& index, const simd::TopnKernels& kernels, Ties ties)
        : sums_(index, kernels),
          open_(open_items(index.catalogue(), nullptr)),
          catalogue_(index.catalogue()),
          ties_(ties) {}

    // Writes to out[i], for each pair i in `group`, its item's place among the items that are not in `seen`: the
    // touched in the total order, then the others, tied. The item itself always counts; see Ties.
    void run(const SparseRow& query, std::span<const index_t> seen, std::span<const offset_t> group,
             const index_t* items, std::int64_t* out) {
        sums_.load(query);
        targets_.clear();
        for (const offset_t i : group) {
            targets_.push_back(sums_.touched(items[i]) ? key_of(items[i]) : no_candidate);
        }
        sums_.forget(seen);
        candidates_.clear();
        const auto threshold = [] { return -std::numeric_limits<float>::infinity(); };
        sums_.visit(open_, threshold, [&](std::uint64_t bits, index_t first) {
            for (; bits != 0; bits &= bits - 1) {
                candidates_.push_back(key_of(first + std::countr_zero(bits)));
            }
        });
        for (std::size_t t = 0; t < group.size(); ++t) {
            const index_t item = items[group[t]];
            const std::int64_t twice =
                targets_[t] != no_candidate ? twice_before(targets_[t]) : twice_before_untouched(item, seen);
            out[group[t]] = rank_after(ties_, twice);
        }
    }

private:
    rank_key key_of(index_t item) const {
        const float score = sums_.score(item);
        return score == score ? make_key(score, item) : no_candidate;
    }

    std::int64_t twice_before(rank_key target) const {
        const std::int64_t before = std::ranges::count_if(candidates_, [=](rank_key key) { return key > target; });
        if (ties_ == Ties::by_index) {
            return 2 * before;
        }
        // The tied below come before too, or all count half. The upper half of a key is its score.
        const auto tied = [=](rank_key key) { return key >> 32 == target >> 32; };
        const auto above = std::ranges::count_if(candidates_, [=](rank_key key) { return tied(key) && key > target; });
        const auto below = std::ranges::count_if(candidates_, [=](rank_key key) { return tied(key) && key < target; });
        return ties_ == Ties::last ? 2 * (before + below) : 2 * before - above + below;
    }

    std::int64_t twice_before_untouched(index_t item, std::span<const index_t> seen) const {
        const auto touched = static_cast<std::int64_t>(candidates_.size());
        if (ties_ != Ties::by_index) {
            const bool itself = !std::ranges::binary_search(seen, item);
            const auto open = static_cast<std::int64_t>(catalogue_) - std::ssize(seen);
            return 2 * touched + (ties_ == Ties::last ? 2 : 1) * (open - touched - itself);
        }
        const auto before = std::ranges::count_if(candidates_, [=](rank_key key) { return key_index(key) < item; });
        const auto forgotten = std::ranges::lower_bound(seen, item) - seen.begin();
        return 2 * (touched + item - before - forgotten);
    }

    RowSums sums_;
    std::vector<std::uint64_t> open_;
    index_t catalogue_;
    Ties ties_;
    std::vector<rank_key> targets_;
    std::vector<rank_key> candidates_;
};

// Writes the rank of each pair; see SparseRanking.
inline void rank_pairs(const SparseIndex& index, const simd::TopnKernels& kernels, const CsrView& queries,
                       const PairsView& pairs, const CsrView* seen, int threads, std::int64_t* out,
                       Ties ties = Ties::by_index) {
    check_seen(seen, queries.rows, index.catalogue());
    const PairGroups groups(pairs, queries.rows, index.catalogue());
    const auto make = [&] { return SparseRanking(index, kernels, ties); };
    for_each_query(index, queries, threads, make, [&](SparseRanking& ranking, index_t row) {
        if (!groups.of(row).empty()) {
            const auto seen_items = seen != nullptr ? seen->row(row).indices : std::span<const index_t>{};
            ranking.run(queries.row(row), seen_items, groups.of(row), pairs.items, out);
        }
    });
}

}  // namespace tastemaker
