// Scores and ranks of given (query, item) pairs against a DenseIndex.
#pragma once

#include <limits>
#include <utility>

#include "tastemaker/select/pairs.hpp"
#include "tastemaker/select/panel_scan.hpp"
#include "tastemaker/select/rank_targets.hpp"
#include "tastemaker/select/request.hpp"

namespace tastemaker {

// Returns the score of one item with the bits that topn gives it; NaN if the sum overflows to inf - inf.
inline float pair_score(const DenseIndex& index, const float* query, index_t id) {
    const index_t place = index.place(id);
    alignas(64) float scores[64];
    std::uint64_t hits = 0;
    const float threshold = -std::numeric_limits<float>::infinity();
    // One row leaves the kernel waiting for its adds, so the other lanes of the panel come for nothing.
    index.kernels().score_tile(&query, 1, index.panel(place >> 6), index.factors(), &threshold, scores, &hits);
    const index_t lane = place & 63;
    return (hits >> lane & 1) != 0 ? scores[lane] + 0.0f : std::numeric_limits<float>::quiet_NaN();
}

// Writes the score of each pair; requires an index that holds its whole catalogue.
inline void score_pairs(const DenseIndex& index, MatrixView<const float> queries, const PairsView& pairs, int threads,
                        float* out) {
    require(queries.cols == index.factors(), "queries and items must have the same number of factors");
    pairs.validate(queries.rows, index.catalogue());
    const auto cost = [&](offset_t) { return 4 * index.factors(); };
    parallel_for(pairs.count, threads, cost, [&](offset_t begin, offset_t end, int) {
        for (offset_t i = begin; i < end; ++i) {
            out[i] = pair_score(index, queries.row(pairs.rows[i]), pairs.items[i]);
        }
    });
}

// One worker's ranking of the pairs of a block of queries.
class DenseRanking {
public:
    DenseRanking(const DenseIndex& index, const std::vector<std::uint64_t>& blocked, Ties ties)
        : index_(index), ties_(ties), scan_(index, blocked) {}

    // Whether it takes less to keep a query's scores of all items until they are known than to compute those of so
    // many of its pairs apart: a pair takes as long as three panels, and keeping makes the count cheaper too.
    static bool keeps_all(const DenseIndex& index, std::size_t pairs) {
        return RankTargets::many(pairs) && 10 * pairs > static_cast<std::size_t>(index.panels());
    }

    // Writes to out[i], for each pair i of rows [begin, end), 1 + the number of unseen items that come before its item
    // in the total order.
    void run(MatrixView<const float> queries, const CsrView* seen, const PairGroups& groups, const index_t* items,
             index_t begin, index_t end, std::int64_t* out) {
        start(queries, groups, items, begin, end);
        scan_.run(queries, seen, begin, std::span(rows_), active_, {});
        for (index_t r = begin; r < end; ++r) {
            Row& row = rows_[static_cast<std::size_t>(r - begin)];
            if (row.all != nullptr) {
                rank_kept(row, queries.row(r), groups.of(r), items);
            }
            row.targets.write(groups.of(r), out);
        }
    }

private:
    struct Row {
        const DenseIndex* index = nullptr;
        RankTargets targets;
        float* all = nullptr;  // the scores of the items by their places in the index, NaN where an item is left out

        float threshold() const { return all != nullptr ? -std::numeric_limits<float>::infinity() : targets.least(); }

        void take(std::uint64_t lanes, const float* scores, index_t panel) {
            if (all == nullptr) {
                targets.count(index->kernels(), lanes, scores, index->width(),
                              [&](int lane) { return index->ids(panel)[lane]; });
                return;
            }
            float* const to = all + offset_t{panel} * index->width();
            if (lanes == ~std::uint64_t{0} >> (64 - index->width())) {
                std::copy_n(scores, index->width(), to);
                return;
            }
            for (; lanes != 0; lanes &= lanes - 1) {
                to[std::countr_zero(lanes)] = scores[std::countr_zero(lanes)];
            }
        }
    };

    // Sets the rows up for their scan.
    void start(MatrixView<const float> queries, const PairGroups& groups, const index_t* items, index_t begin,
               index_t end) {
        const offset_t width = offset_t{index_.panels()} * index_.width();
        const auto keeps = [&](index_t r) { return keeps_all(index_, groups.of(r).size()); };
        offset_t kept = 0;
        for (index_t r = begin; r < end; ++r) {
            kept += keeps(r);
        }
        all_.assign(static_cast<std::size_t>(kept * width), std::numeric_limits<float>::quiet_NaN());
        rows_.clear();
        active_.clear();
        for (index_t r = begin; r < end; ++r) {
            rows_.push_back({&index_, RankTargets(ties_)});
            Row& row = rows_.back();
            if (keeps(r)) {
                row.all = all_.data() + --kept * width;
            } else {
                for (const offset_t i : groups.of(r)) {
                    row.targets.add(pair_score(index_, queries.row(r), items[i]), items[i]);
                }
            }
            if (!groups.of(r).empty()) {
                active_.push_back(r - begin);
            }
        }
    }

    // Ranks the pairs of a row that keeps all. Their own scores are counted apart from the others': equal to a target
    // as they are, they would surprise the branch that looks for ties.
    void rank_kept(Row& row, const float* query, std::span<const offset_t> group, const index_t* items) {
        own_.clear();
        own_ids_.clear();
        for (const offset_t i : group) {
            const index_t place = index_.place(items[i]);
            float& kept = row.all[offset_t{place >> 6} * index_.width() + (place & 63)];
            const float score = std::exchange(kept, std::numeric_limits<float>::quiet_NaN());
            if (std::isnan(score)) {  // left out, or met before
                row.targets.add(pair_score(index_, query, items[i]), items[i]);
                continue;
            }
            row.targets.add(score, items[i]);
            own_.push_back(score);
            own_ids_.push_back(items[i]);
        }
        row.targets.count_all({row.all, static_cast<std::size_t>(index_.size())}, index_.ids(0));
        row.targets.count_all(own_, own_ids_.data());
    }

    const DenseIndex& index_;
    Ties ties_;
    PanelScan<Row> scan_;
    std::vector<Row> rows_;
    std::vector<index_t> active_;
    std::vector<float> all_, own_;
    std::vector<index_t> own_ids_;
};

// Writes the rank of each pair among the items that its query has not seen; the item itself always counts.
inline void rank_pairs(const DenseIndex& index, MatrixView<const float> queries, const PairsView& pairs,
                       const CsrView* seen, int threads, std::int64_t* out, Ties ties = Ties::by_index) {
    require(queries.cols == index.factors(), "queries and items must have the same number of factors");
    require(queries.rows <= std::numeric_limits<index_t>::max(), "a call takes fewer than 2^31 queries");
    check_seen(seen, queries.rows, index.catalogue());
    const PairGroups groups(pairs, queries.rows, index.catalogue());
    const auto rows = static_cast<index_t>(queries.rows);
    const std::vector<std::uint64_t> blocked = index.blocked(nullptr);
    const bool keeps = DenseRanking::keeps_all(index, groups.most());
    const index_t block = block_rows(index, keeps ? index.size() * offset_t{sizeof(float)} : 0, rows, threads);
    std::vector<DenseRanking> workers(static_cast<std::size_t>(threads), DenseRanking(index, blocked, ties));
    parallel_chunks((offset_t{rows} + block - 1) / block, threads, [&](offset_t chunk, int worker) {
        const auto begin = static_cast<index_t>(chunk * block);
        workers[static_cast<std::size_t>(worker)].run(queries, seen, groups, pairs.items, begin,
                                                      begin + std::min(block, rows - begin), out);
    });
}

}  // namespace tastemaker
