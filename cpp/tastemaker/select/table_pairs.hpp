// Scores and ranks of given (query, item) pairs against a TableIndex.
#pragma once

#include "tastemaker/select/pairs.hpp"
#include "tastemaker/select/rank_targets.hpp"
#include "tastemaker/select/table_topn.hpp"

namespace tastemaker {

// Returns the score of one item with the bits that topn gives it; NaN if the sum overflows to inf - inf.
inline float pair_score(const TableIndex& index, const CsrView& queries, index_t row, index_t item) {
    const index_t p = item / index.width();
    const offset_t start = queries.indptr[row];
    alignas(64) float sums[64];
    const std::uint64_t bits =
        index.kernels().table_sums(queries.indices + start, queries.values + start, queries.length(row), index.panel(p),
                                   index.stride(), -std::numeric_limits<float>::infinity(), sums);
    const index_t lane = item - index.first(p);
    return (bits >> lane & 1) != 0 ? sums[lane] : std::numeric_limits<float>::quiet_NaN();
}

// Writes the score of each pair.
inline void score_pairs(const TableIndex& index, const CsrView& queries, const PairsView& pairs, int threads,
                        float* out) {
    require(queries.cols == index.rows(), "queries must have a column per row of the table");
    require(queries.values != nullptr, "queries must have values");
    pairs.validate(queries.rows, index.catalogue());
    const auto cost = [&](offset_t i) { return 8 * queries.length(pairs.rows[i]) + 8; };
    parallel_for(pairs.count, threads, cost, [&](offset_t begin, offset_t end, int) {
        for (offset_t i = begin; i < end; ++i) {
            out[i] = pair_score(index, queries, pairs.rows[i], pairs.items[i]);
        }
    });
}

// Writes the rank of each pair among the items that its query has not seen; the item itself always counts.
inline void rank_pairs(const TableIndex& index, const CsrView& queries, const PairsView& pairs, const CsrView* seen,
                       int threads, std::int64_t* out, Ties ties = Ties::by_index) {
    check_seen(seen, queries.rows, index.catalogue());
    const PairGroups groups(pairs, queries.rows, index.catalogue());
    struct Row {
        RankTargets targets;
        SeenCursor seen;
    };
    struct Worker {
        TableScan scan;
        std::vector<Row> rows;
    };
    const std::vector<std::uint64_t> open = index.open(nullptr);
    const auto make = [&] { return Worker{TableScan(index), {}}; };
    for_each_block(
        index, queries, threads, table_block_rows(256), make, [&](Worker& worker, index_t begin, index_t end) {
            worker.rows.assign(static_cast<std::size_t>(end - begin), {RankTargets(ties), {}});
            const auto row = [&](index_t r) -> Row& { return worker.rows[static_cast<std::size_t>(r - begin)]; };
            for (index_t r = begin; r < end; ++r) {
                for (const offset_t i : groups.of(r)) {
                    row(r).targets.add(pair_score(index, queries, r, pairs.items[i]), pairs.items[i]);
                }
                row(r).seen = seen != nullptr ? SeenCursor(seen->row(r).indices) : SeenCursor();
            }
            const auto threshold = [&](index_t r) { return row(r).targets.least(); };
            worker.scan.run(queries, begin, end, threshold,
                            [&](index_t r, index_t p, std::uint64_t bits, const float* sums) {
                                const index_t first = index.first(p);
                                bits &= open[static_cast<std::size_t>(p)] & ~row(r).seen.lanes(first, index.width());
                                row(r).targets.count(index.kernels(), bits, sums, index.width(),
                                                     [&](int lane) { return first + lane; });
                            });
            for (index_t r = begin; r < end; ++r) {
                row(r).targets.write(groups.of(r), out);
            }
        });
}

}  // namespace tastemaker
