// Scores and ranks of given (query, item) pairs against a DenseIndex.
#pragma once

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

    // Writes to out[i], for each pair i of rows [begin, end), 1 + the number of unseen items that come before its item
    // in the total order.
    void run(MatrixView<const float> queries, const CsrView* seen, const PairGroups& groups, const index_t* items,
             index_t begin, index_t end, std::int64_t* out) {
        rows_.resize(static_cast<std::size_t>(end - begin));
        active_.clear();
        for (index_t r = 0; r < end - begin; ++r) {
            Row& row = rows_[static_cast<std::size_t>(r)];
            row = {&index_, RankTargets(ties_)};
            for (const offset_t i : groups.of(begin + r)) {
                row.targets.add(pair_score(index_, queries.row(begin + r), items[i]), items[i]);
            }
            if (!row.targets.empty()) {
                active_.push_back(r);
            }
        }
        scan_.run(queries, seen, begin, std::span(rows_), active_, {});
        for (index_t r = 0; r < end - begin; ++r) {
            rows_[static_cast<std::size_t>(r)].targets.write(groups.of(begin + r), out);
        }
    }

private:
    struct Row {
        const DenseIndex* index = nullptr;
        RankTargets targets;

        float threshold() const { return targets.least(); }

        void take(std::uint64_t lanes, const float* scores, index_t panel) {
            targets.count(index->kernels(), lanes, scores, index->width(),
                          [&](int lane) { return index->ids(panel)[lane]; });
        }
    };

    const DenseIndex& index_;
    Ties ties_;
    PanelScan<Row> scan_;
    std::vector<Row> rows_;
    std::vector<index_t> active_;
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
    const index_t block = block_rows(index, 0, rows, threads);
    std::vector<DenseRanking> workers(static_cast<std::size_t>(threads), DenseRanking(index, blocked, ties));
    parallel_chunks((offset_t{rows} + block - 1) / block, threads, [&](offset_t chunk, int worker) {
        const auto begin = static_cast<index_t>(chunk * block);
        workers[static_cast<std::size_t>(worker)].run(queries, seen, groups, pairs.items, begin,
                                                      begin + std::min(block, rows - begin), out);
    });
}

}  // namespace tastemaker
