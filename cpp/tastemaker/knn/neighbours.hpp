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
// What the sums over popular columns are made of depends on the weights: where each is 1, of bits, counted a register
// of columns at a time (simd/counts-inl.hpp); else several popular columns at once add to them (BlockSearch).
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
          layout_(LayoutBuilder<Column>(x, similarity.row_factor, threads, bit_bytes(x, similarity, forced)).build()),
          constants_(column_constants(layout_, similarity, x.rows, round_up(x.cols, simd::knn_vector))),
          search_{simd::kernels().knn, similarity_, layout_, constants_,
                  std::clamp<offset_t>(count, 1, std::max<index_t>(x.cols, 1))},
          blocks_from_(forced || layout_.has_bits() ? x.cols : BlockSearch<Column>::first_column(search_, x.rows)),
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
        const offset_t blocks = (layout_.columns() - blocks_from_) / search_.kernels.lanes;
        parallel_for(
            blocks + blocks_from_, threads_, [&](offset_t k) { return cost(k, blocks); },
            [&](offset_t begin, offset_t end, int w) {
                Worker& worker = workers_[static_cast<std::size_t>(w)];
                for (offset_t k = begin; k < end; ++k) {
                    k < blocks ? search_block(first_of_block(k), worker) : search_row(row_of(k, blocks), worker);
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

    // Where every product of two entries is 1, sums are counts, and bits are counted many columns at a time.
    static int bit_bytes(const CsrView& x, const Similarity& similarity, std::optional<simd::KnnMode> forced) {
        return x.values || similarity.row_factor || forced ? 0 : simd::kernels().knn.bit_bytes;
    }

    struct Worker {
        Exchange::Worker exchange;
        RowSearch<Column> rows;
        BlockSearch<Column> blocks;
    };

    // The tasks, from the most popular columns down: blocks first, then single rows.
    index_t first_of_block(offset_t k) const {
        return layout_.columns() - static_cast<index_t>(k + 1) * search_.kernels.lanes;
    }
    index_t row_of(offset_t k, offset_t blocks) const { return static_cast<index_t>(blocks_from_ - 1 - (k - blocks)); }

    // In additions, about; a scan costs some 50.
    offset_t cost(offset_t k, offset_t blocks) const {
        offset_t sum = 50;
        if (k >= blocks) {
            const index_t rank = row_of(k, blocks);
            const ColumnSummary& summary = search_.summary(rank);
            if (layout_.has_bits()) {
                // Bits of 256 columns take a row about as long as three additions.
                const auto rows = static_cast<offset_t>(layout_.column(rank).size());
                const offset_t counted = std::min<offset_t>(layout_.columns() - rank, 8 * layout_.bit_stride);
                return sum + layout_.columns() / 8 + summary.listed + 3 * rows * (counted / 256 + 1);
            }
            return sum + summary.after + (whole(rank) ? summary.before : 0);
        }
        for (index_t lane = 0; lane < search_.kernels.lanes; ++lane) {
            sum += search_.summary(first_of_block(k) + lane).after / 2;
        }
        return sum;
    }

    // Whether a column adds up the pairs before it too, rather than wait for offers. Its list takes at least `count` of
    // them, and an offer goes through memory twice, so this pays where few entries come before: in the long tail, where
    // later (rarer) columns are often the better neighbours and floors stop little.
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
