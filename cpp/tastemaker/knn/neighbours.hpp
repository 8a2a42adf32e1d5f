// neighbours: exact k nearest neighbours of the columns of a sparse matrix.
#pragma once

#include <optional>
#include <vector>

#include "tastemaker/base/parallel.hpp"
#include "tastemaker/knn/block_search.hpp"
#include "tastemaker/knn/row_search.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::knn {

// CSR, columns x columns: row i holds the neighbours of i by ascending index.
struct NeighbourTable {
    std::vector<offset_t> indptr;
    std::vector<index_t> indices;
    std::vector<float> scores;

    bool operator==(const NeighbourTable&) const = default;
};

// Upper-triangle Gustavson. Row i of X^T X is summed over the columns j more popular than i only; one scan then offers
// each sum to both lists, i's and j's. The most popular columns come first: when the long tail arrives their lists are
// full and their floors high, and the scan rejects most of it at eight comparisons a step.
//
// The sums over popular columns come a register of columns at a time where the rows are a pattern, from bits: counted
// where each row weighs 1 (simd/counts-inl.hpp), else weighted (simd/bit_weights-inl.hpp). Elsewhere, but for counts,
// several popular columns at once add to them (BlockSearch).
//
// A list holds the best of what it was offered in any order, and each sum is formed by one thread in the order of the
// rows of X: the result has the same bits for any number of threads.
template <class Column>
class NeighbourSearch {
public:
    NeighbourSearch(const CsrView& x, const Similarity& similarity, offset_t count, int threads,
                    std::optional<simd::KnnMode> forced)
        : threads_(threads),
          similarity_(similarity),
          layout_(LayoutBuilder<Column>(x, similarity.row_factor, threads, bit_sums(x, similarity, forced)).build()),
          constants_(column_constants(layout_, similarity, x.rows, round_up(x.cols, simd::knn_vector))),
          search_{simd::kernels().knn, similarity_, layout_, constants_,
                  std::clamp<offset_t>(count, 1, std::max<index_t>(x.cols, 1))},
          blocks_end_(BlockSearch<Column>::end_column(search_)),
          blocks_from_(forced || counts() ? blocks_end_ : BlockSearch<Column>::first_column(search_, x.rows)),
          lists_(x.cols, search_.count),
          exchange_(lists_, threads) {
        for (index_t rank = 0; rank < x.cols; ++rank) {
            if (whole(rank)) {
                lists_.close(rank);
            }
        }
        for (int w = 0; w < threads; ++w) {
            workers_.push_back({Exchange::Worker(exchange_, search_.padded()), RowSearch<Column>(search_, forced),
                                BlockSearch<Column>(search_, x.rows, blocks_from_)});
        }
    }

    NeighbourSearch(const NeighbourSearch&) = delete;  // its members refer to each other
    NeighbourSearch& operator=(const NeighbourSearch&) = delete;

    NeighbourTable run() {
        parallel_for(
            after_blocks() + blocks_from_, threads_, [this](offset_t k) { return cost(k); },
            [this](offset_t begin, offset_t end, int w) {
                Worker& worker = workers_[static_cast<std::size_t>(w)];
                for (offset_t k = begin; k < end; ++k) {
                    is_block(k) ? search_block(first_of_block(k), worker) : search_row(row_of(k), worker);
                }
            });
        for (Worker& worker : workers_) {
            worker.exchange.hand_over_all();
        }
        workers_.clear();  // collect() needs scratch of that size
        return collect();
    }

private:
    static constexpr offset_t offer_cost = 100;  // in additions

    static const simd::KnnBitSums* bit_sums(const CsrView& x, const Similarity& similarity,
                                            std::optional<simd::KnnMode> forced) {
        const float* factor = similarity.row_factor;
        const auto finite = [](float f) { return std::isfinite(f * f); };
        if (x.values || forced || (factor && !std::all_of(factor, factor + x.rows, finite))) {
            return nullptr;
        }
        return factor ? &simd::kernels().knn.weights : &simd::kernels().knn.count;
    }

    // Whether every product of two entries is 1.
    bool counts() const { return layout_.has_bits() && !similarity_.row_factor; }

    struct Worker {
        Exchange::Worker exchange;
        RowSearch<Column> rows;
        BlockSearch<Column> blocks;
    };

    // The tasks, from the most popular columns down: single rows, blocks, single rows.
    offset_t before_blocks() const { return layout_.columns() - blocks_end_; }
    offset_t after_blocks() const { return before_blocks() + (blocks_end_ - blocks_from_) / search_.kernels.lanes; }
    bool is_block(offset_t k) const { return k >= before_blocks() && k < after_blocks(); }
    index_t first_of_block(offset_t k) const {
        return blocks_end_ - static_cast<index_t>(k - before_blocks() + 1) * search_.kernels.lanes;
    }
    index_t row_of(offset_t k) const {
        const offset_t rank = k < before_blocks() ? layout_.columns() - 1 - k : blocks_from_ - 1 - (k - after_blocks());
        return static_cast<index_t>(rank);
    }

    // In additions, about; a scan costs some 50.
    offset_t cost(offset_t k) const {
        offset_t sum = 50;
        if (!is_block(k)) {
            const index_t rank = row_of(k);
            const ColumnSummary& summary = search_.summary(rank);
            if (layout_.has_bits()) {
                return sum + layout_.columns() / 8 + summary.listed + bits_cost(rank);
            }
            return sum + summary.after + (whole(rank) ? summary.before : 0);
        }
        for (index_t lane = 0; lane < search_.kernels.lanes; ++lane) {
            const index_t rank = first_of_block(k) + lane;
            const ColumnSummary& summary = search_.summary(rank);
            sum += layout_.has_bits() ? summary.listed / 2 + bits_cost(rank) : summary.after / 2;
        }
        return sum;
    }

    offset_t bits_cost(index_t rank) const {
        const auto rows = static_cast<offset_t>(layout_.column(rank).size());
        const offset_t columns = std::min<offset_t>(layout_.columns() - rank, 8 * layout_.bit_stride);
        return rows * (columns / layout_.bit_sums->per_addition + 3);
    }

    // Whether a column adds up the pairs before it too, rather than wait for offers. Its list takes at least `count` of
    // them, and an offer goes through memory twice, so this pays where few entries come before: in the long tail, where
    // later (rarer) columns are often the better neighbours and floors stop little. Not among columns that are bits or
    // go in blocks (measured: at 100 neighbours it would take a tenth longer).
    bool whole(index_t rank) const {
        return rank < blocks_from_ && search_.summary(rank).before <= offer_cost * search_.count;
    }

    void search_row(index_t rank, Worker& worker) {
        const auto offer = [&](const KnnOffer& o) { worker.exchange.offer(o); };
        const std::span<const KnnKey> own = worker.rows.run(rank, whole(rank), worker.exchange.least_scores(), offer);
        if (whole(rank)) {
            lists_.settle(rank, own);
        } else {
            worker.exchange.offer_own(rank, own);
        }
    }

    void search_block(index_t first, Worker& worker) {
        worker.blocks.run(
            first, worker.exchange.least_scores(),
            [&](index_t rank, std::span<const KnnKey> own) { worker.exchange.offer_own(rank, own); },
            [&](const KnnOffer& o) { worker.exchange.offer(o); });
    }

    NeighbourTable collect() {
        const auto columns = static_cast<std::size_t>(layout_.columns());
        std::vector<index_t> rank_of(columns);
        for (std::size_t rank = 0; rank < columns; ++rank) {
            rank_of[static_cast<std::size_t>(layout_.order[rank])] = static_cast<index_t>(rank);
        }
        NeighbourTable table;
        table.indptr.reserve(columns + 1);
        table.indptr.push_back(0);
        for (const index_t rank : rank_of) {
            table.indptr.push_back(table.indptr.back() + lists_.length(rank));
        }
        table.indices.resize(static_cast<std::size_t>(table.indptr.back()));
        table.scores.resize(table.indices.size());
        struct Scratch {
            DistinctSorter sorter;
            std::vector<float> score_of;  // by column, of one list
        };
        std::vector<Scratch> scratch(static_cast<std::size_t>(threads_),
                                     {DistinctSorter(layout_.columns()), std::vector<float>(columns)});
        parallel_for(
            layout_.columns(), threads_, [&](offset_t) { return 20 * std::min<offset_t>(search_.count, 1000); },
            [&](offset_t begin, offset_t end, int w) {
                auto& [sorter, score_of] = scratch[static_cast<std::size_t>(w)];
                for (auto column = static_cast<std::size_t>(begin); column < static_cast<std::size_t>(end); ++column) {
                    const std::span<const KnnKey> keys = lists_.finish(rank_of[column]);
                    const auto at = static_cast<std::size_t>(table.indptr[column]);
                    sorter.sort(keys, simd::knn_index, table.indices.data() + at);
                    for (const KnnKey key : keys) {
                        score_of[static_cast<std::size_t>(simd::knn_index(key))] = simd::knn_score(key);
                    }
                    for (std::size_t k = at; k < at + keys.size(); ++k) {
                        table.scores[k] = score_of[static_cast<std::size_t>(table.indices[k])];
                    }
                }
            });
        return table;
    }

    const int threads_;
    const Similarity similarity_;
    const Layout<Column> layout_;
    const Constants constants_;
    const Search<Column> search_;
    const index_t blocks_end_;
    const index_t blocks_from_;
    BestLists lists_;
    Exchange exchange_;
    std::vector<Worker> workers_;
};

// Returns for each column of x its `count` most similar columns among those that share a row with it.
// Requires a validated x and count >= 1. `forced` makes every column a single row that keeps track of what it reaches
// in this way (for tests).
inline NeighbourTable neighbours(const CsrView& x, const Similarity& similarity, offset_t count, int threads,
                                 std::optional<simd::KnnMode> forced = std::nullopt) {
    if (x.cols <= 1 << 16) {
        return NeighbourSearch<std::uint16_t>(x, similarity, count, threads, forced).run();
    }
    return NeighbourSearch<index_t>(x, similarity, count, threads, forced).run();
}

}  // namespace tastemaker::knn
