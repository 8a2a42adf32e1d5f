// RowSearch: one column's similarities at a time, by sums over the rows that it is in.
#pragma once

#include <optional>
#include <span>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/knn/search.hpp"

namespace tastemaker::knn {

// Scratch of one worker.
template <class Column>
class RowSearch {
public:
    RowSearch(const Search<Column>& search, std::optional<simd::KnnMode> forced)
        : search_(&search),
          forced_(forced),
          sums_(search.padded()),
          list_(list_size(search, forced)),
          own_(search.count + own_slack(search.count) + simd::knn_chunk),
          sent_(search.layout.columns() + 1) {
        std::ranges::fill(sums_, simd::knn_untouched);
    }

    // Sums column `rank` over the columns after it, or over all others when `whole`. Returns the column's best
    // candidates among them, and calls offer(KnnOffer) for each later column that may want it.
    template <class Offer>
    std::span<const KnnKey> run(index_t rank, bool whole, const float* floors, Offer offer) {
        const simd::KnnMode how = mode(rank, whole);
        simd::KnnSums sums{sums_.data(), list_.data(), 0};
        add(rank, whole, how, sums);
        const offset_t block = rank / simd::knn_vector * simd::knn_vector;
        simd::KnnScan scan{
            .p = search_->constants.p.data(),
            .q = search_->constants.q.data(),
            .floor = floors,
            .ids = search_->layout.order.data(),
            .shrinkage = search_->similarity.shrinkage,
            .row = rank,
            .begin = how == simd::knn_list || whole ? 0 : block,
            .end = how == simd::knn_list ? sums.listed : search_->padded(),
            .own_floor = BestLists::least_score(0),
            .own = own_.data(),
            .own_size = 0,
            .own_capacity = own_.size(),
            .sent = sent_.data(),
            .sent_size = 0,
        };
        while (scan.end > scan.begin) {
            search_->kernels.scan[search_->similarity.score][how](sums, scan);
            if (scan.own_size >= search_->count) {
                scan.own_floor = simd::knn_score(keep_best(own(scan), search_->count));
                scan.own_size = search_->count;
            }
        }
        std::for_each_n(sent_.data(), scan.sent_size, offer);
        return own(scan);
    }

private:
    // How often add() adds; a whole row reaches the column itself too.
    static offset_t additions(const Search<Column>& search, index_t rank, bool whole) {
        const ColumnSummary& summary = search.summary(rank);
        const auto own = static_cast<offset_t>(search.layout.column(rank).size());
        return summary.after + (whole ? summary.before + own : 0);
    }

    // A list may be as long as there are additions: one that leaves -0.0 lists its column again. Unless it is forced,
    // mode() lists when they are fewer than the columns.
    static offset_t list_size(const Search<Column>& search, std::optional<simd::KnnMode> forced) {
        offset_t most = search.layout.columns();
        for (index_t rank = 0; forced == simd::knn_list && rank < search.layout.columns(); ++rank) {
            most = std::max(most, additions(search, rank, true));
        }
        return most + 1;
    }

    // Few columns reached: list them; else scan all.
    simd::KnnMode mode(index_t rank, bool whole) const {
        if (forced_) {
            return *forced_;
        }
        const offset_t reachable = search_->layout.columns() - (whole ? 0 : rank);
        return additions(*search_, rank, whole) * 2 < reachable ? simd::knn_list : simd::knn_dense;
    }

    void add(index_t rank, bool whole, simd::KnnMode how, simd::KnnSums& sums) const {
        const std::span<const KnnRun> runs = search_->layout.column(rank);
        const simd::KnnAddKernels<Column>& kernels = search_->add_kernels();
        const simd::KnnAdd<Column> kernel = (search_->layout.values ? kernels.weighted : kernels.pattern)[how];
        const auto n = static_cast<offset_t>(runs.size());
        const Layout<Column>& layout = search_->layout;
        const bool counts = how == simd::knn_dense && layout.has_bits();
        if (!counts || whole || rank < layout.bits_from) {  // else only columns with bits come after it
            kernel(sums, counts ? layout.listed_rows() : layout.rows(), runs.data(), n, whole);
        }
        if (counts) {
            const offset_t first = whole ? 0 : std::max<offset_t>(rank + 1 - layout.bits_from, 0);
            layout.bit_sums->sum(layout.bit_rows(), runs.data(), n, first, sums.sums + layout.bits_from);
        }
    }

    static std::span<KnnKey> own(const simd::KnnScan& scan) {
        return {scan.own, static_cast<std::size_t>(scan.own_size)};
    }

    const Search<Column>* search_;
    std::optional<simd::KnnMode> forced_;
    AlignedBuffer<float> sums_;
    AlignedBuffer<index_t> list_;
    AlignedBuffer<KnnKey> own_;
    AlignedBuffer<KnnOffer> sent_;
};

}  // namespace tastemaker::knn
