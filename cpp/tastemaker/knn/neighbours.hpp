// neighbours: exact k nearest neighbours of the columns of a sparse matrix.
#pragma once

#include <optional>
#include <vector>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/knn/exchange.hpp"
#include "tastemaker/knn/layout.hpp"
#include "tastemaker/knn/similarity.hpp"
#include "tastemaker/simd/kernels.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::knn {

// CSR, columns x columns: row i holds the neighbours of i by ascending index.
struct NeighbourTable {
    std::vector<offset_t> indptr;
    std::vector<index_t> indices;
    std::vector<float> scores;
};

// Upper-triangle Gustavson. Row i of X^T X is summed over the columns j more popular than i only; one scan then offers
// each sum to both lists, i's and j's. The most popular columns come first: when the long tail arrives their lists are
// full and their floors high, and the scan rejects most of it at eight comparisons a step.
//
// A list holds the best of what it was offered in any order, and each sum is formed by one thread in the order of the
// rows of X: the result has the same bits for any number of threads.
template <class Column>
class NeighbourSearch {
public:
    NeighbourSearch(const CsrView& x, const Similarity& similarity, offset_t count, int threads,
                    std::optional<simd::KnnMode> forced)
        : kernels_(simd::kernels().knn),
          count_(std::clamp<offset_t>(count, 1, std::max<index_t>(x.cols, 1))),
          threads_(threads),
          forced_(forced),
          layout_(LayoutBuilder<Column>(x, similarity.row_factor, threads).build()),
          padded_(round_up(x.cols, simd::knn_vector)),
          similarity_(similarity),
          constants_(column_constants(layout_, similarity, x.rows, padded_)),
          lists_(x.cols, count_),
          exchange_(lists_, threads) {
        for (index_t rank = 0; rank < x.cols; ++rank) {
            if (whole(rank)) {
                lists_.close(rank);
            }
        }
        for (int w = 0; w < threads; ++w) {
            workers_.emplace_back(exchange_, padded_, x.cols, count_);
        }
    }

    NeighbourTable run() && {
        const index_t last = layout_.columns() - 1;
        parallel_for(
            layout_.columns(), threads_, [&](offset_t k) { return work(last - k) + 50; },
            [&](offset_t begin, offset_t end, int w) {
                for (offset_t k = begin; k < end; ++k) {
                    search_row(static_cast<index_t>(last - k), workers_[static_cast<std::size_t>(w)]);
                }
            });
        for (Worker& worker : workers_) {
            worker.exchange.hand_over_all();
        }
        return collect();
    }

private:
    static constexpr offset_t own_slack = 32;     // finds between two cuts of a row's own list
    static constexpr offset_t whole_work = 2048;  // entries before a column that it rather adds up itself

    struct Worker {
        Exchange::Worker exchange;
        AlignedBuffer<float> sums;
        AlignedBuffer<index_t> list;
        AlignedBuffer<KnnKey> own;
        AlignedBuffer<KnnOffer> sent;
        std::size_t n_sent = 0;

        Worker(Exchange& shared, offset_t padded, offset_t columns, offset_t count)
            : exchange(shared, padded),
              sums(padded),
              list(columns + 1),
              own(count + std::max<offset_t>(count, own_slack) + simd::knn_chunk),
              sent(columns + 1) {
            std::ranges::fill(sums, simd::knn_untouched);
        }
    };

    // Whether a column adds up the pairs before it too, rather than wait for offers. An offer goes through memory twice
    // and costs as much as a hundred additions, so this pays where few entries come before: in the long tail, where
    // later (rarer) columns are often the better neighbours and floors stop little.
    bool whole(offset_t rank) const { return summary(rank).before <= whole_work; }

    const ColumnSummary& summary(offset_t rank) const { return layout_.summary[static_cast<std::size_t>(rank)]; }

    offset_t work(offset_t rank) const { return summary(rank).after + (whole(rank) ? summary(rank).before : 0); }

    simd::KnnMode mode(index_t rank) const {
        if (forced_) {
            return *forced_;
        }
        const offset_t reachable = whole(rank) ? layout_.columns() : layout_.columns() - rank;
        return work(rank) * 2 < reachable ? simd::knn_list : simd::knn_dense;
    }

    void search_row(index_t rank, Worker& worker) {
        const std::span<const KnnKey> own = scan_row(rank, worker);
        if (whole(rank)) {
            lists_.settle(rank, own);
        } else {
            worker.exchange.offer_own(rank, own);
        }
        for (const KnnOffer& offer : std::span(worker.sent.data(), worker.n_sent)) {
            worker.exchange.offer(offer);
        }
    }

    // Returns the best candidates of a row and leaves in `sent` those columns for which the row is one.
    std::span<const KnnKey> scan_row(index_t rank, Worker& worker) {
        const simd::KnnMode how = mode(rank);
        simd::KnnSums sums{worker.sums.data(), worker.list.data(), 0};
        add_row(rank, how, sums);
        simd::KnnScan scan{
            .p = constants_.p.data(),
            .q = constants_.q.data(),
            .floor = worker.exchange.least_scores(),
            .ids = layout_.order.data(),
            .shrinkage = similarity_.shrinkage,
            .row = rank,
            .begin = how == simd::knn_list || whole(rank) ? 0 : rank / simd::knn_vector * simd::knn_vector,
            .end = how == simd::knn_list ? sums.listed : padded_,
            .own_floor = BestLists::least_score(0),
            .own = worker.own.data(),
            .own_size = 0,
            .own_capacity = worker.own.size(),
            .sent = worker.sent.data(),
            .sent_size = 0,
        };
        while (scan.end > scan.begin) {
            kernels_.scan[similarity_.score][how](sums, scan);
            if (scan.own_size >= count_) {
                scan.own_floor =
                    simd::knn_score(keep_best({scan.own, static_cast<std::size_t>(scan.own_size)}, count_));
                scan.own_size = count_;
            }
        }
        worker.n_sent = static_cast<std::size_t>(scan.sent_size);
        return {scan.own, static_cast<std::size_t>(scan.own_size)};
    }

    void add_row(index_t rank, simd::KnnMode how, simd::KnnSums& sums) const {
        const std::span<const KnnRun> runs = layout_.column(rank);
        const simd::KnnAddKernels<Column>& kernels = add_kernels();
        const simd::KnnAdd<Column> add = layout_.values ? kernels.weighted[how] : kernels.pattern[how];
        add(sums, layout_.ranks.get(), layout_.values.get(), runs.data(), static_cast<offset_t>(runs.size()),
            whole(rank));
    }

    const simd::KnnAddKernels<Column>& add_kernels() const {
        if constexpr (sizeof(Column) == 2) {
            return kernels_.add16;
        } else {
            return kernels_.add32;
        }
    }

    NeighbourTable collect() {
        const auto columns = static_cast<std::size_t>(layout_.columns());
        std::vector<std::span<const KnnKey>> best(columns);
        parallel_for(
            layout_.columns(), threads_, [&](offset_t) { return 20 * std::min<offset_t>(count_, 1000); },
            [&](offset_t begin, offset_t end, int) {
                for (offset_t rank = begin; rank < end; ++rank) {
                    const auto column = static_cast<std::size_t>(layout_.order[static_cast<std::size_t>(rank)]);
                    best[column] = lists_.finish(static_cast<index_t>(rank));
                }
            });
        NeighbourTable table;
        table.indptr.reserve(columns + 1);
        table.indptr.push_back(0);
        for (const auto& list : best) {
            table.indptr.push_back(table.indptr.back() + static_cast<offset_t>(list.size()));
        }
        table.indices.reserve(static_cast<std::size_t>(table.indptr.back()));
        table.scores.reserve(static_cast<std::size_t>(table.indptr.back()));
        for (const auto& list : best) {
            for (const KnnKey key : list) {
                table.indices.push_back(simd::knn_index(key));
                table.scores.push_back(simd::knn_score(key));
            }
        }
        return table;
    }

    const simd::KnnKernels& kernels_;
    const offset_t count_;
    const int threads_;
    const std::optional<simd::KnnMode> forced_;
    const Layout<Column> layout_;
    const offset_t padded_;
    const Similarity similarity_;
    const Constants constants_;
    BestLists lists_;
    Exchange exchange_;
    std::vector<Worker> workers_;
};

// Returns for each column of x its `count` most similar columns among those that share a row with it.
// Requires a validated x and count >= 1. `forced` fixes how rows keep track of what they reach (for tests).
inline NeighbourTable neighbours(const CsrView& x, const Similarity& similarity, offset_t count, int threads,
                                 std::optional<simd::KnnMode> forced = std::nullopt) {
    if (x.cols <= 1 << 16) {
        return NeighbourSearch<std::uint16_t>(x, similarity, count, threads, forced).run();
    }
    return NeighbourSearch<index_t>(x, similarity, count, threads, forced).run();
}

}  // namespace tastemaker::knn
