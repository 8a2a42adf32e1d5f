// Top-N of sparse queries against a TableIndex.
#pragma once

#include "tastemaker/select/request.hpp"
#include "tastemaker/select/table_scan.hpp"
#include "tastemaker/select/topk.hpp"

namespace tastemaker {

// Which lanes of ascending panels a query has seen: a cursor into its row, since both ascend.
class SeenCursor {
public:
    SeenCursor() = default;
    explicit SeenCursor(std::span<const index_t> seen) : next_(seen.data()), end_(seen.data() + seen.size()) {}

    // Requires that `first` does not fall from call to call, by more than the lanes that open() closes.
    std::uint64_t lanes(index_t first, index_t width) {
        std::uint64_t bits = 0;
        for (; next_ != end_ && *next_ < first + width; ++next_) {
            bits |= static_cast<std::uint64_t>(*next_ >= first) << ((*next_ - first) & 63);
        }
        return bits;
    }

private:
    const index_t* next_ = nullptr;
    const index_t* end_ = nullptr;
};

// Rows of a block whose lists are built together: so many that they fill some megabytes beside a packed panel.
inline index_t table_block_rows(offset_t bytes) {
    return static_cast<index_t>(std::clamp<offset_t>((offset_t{16} << 20) / bytes, 64, 1 << 16));
}

// Writes the request.n best items of each query; one without entries gets nothing, since it prefers nothing.
inline void topn(const TableIndex& index, const CsrView& queries, const TopnRequest& request, TopnResult out) {
    require(request.n >= 1, "n must be at least 1");
    check_seen(request.seen, queries.rows, index.catalogue());
    struct Row {
        TopK best;
        SeenCursor seen;
    };
    struct Worker {
        TableScan scan;
        std::vector<Row> rows;
        std::vector<rank_key> storage;
    };
    const index_t k = std::max(std::min(request.n, index.catalogue()), 1);
    const offset_t capacity = TopK::capacity(k);
    const std::vector<std::uint64_t> open = index.open(request.allowed);
    const index_t most = table_block_rows(capacity * offset_t{sizeof(rank_key)});
    const auto make = [&] { return Worker{TableScan(index), {}, {}}; };
    for_each_block(index, queries, request.threads, most, make, [&](Worker& worker, index_t begin, index_t end) {
        worker.storage.resize(static_cast<std::size_t>(checked_mul(end - begin, capacity)));
        worker.rows.clear();
        for (index_t r = begin; r < end; ++r) {
            worker.rows.push_back({TopK(worker.storage.data() + (r - begin) * capacity, k),
                                   request.seen != nullptr ? SeenCursor(request.seen->row(r).indices) : SeenCursor()});
        }
        const auto row = [&](index_t r) -> Row& { return worker.rows[static_cast<std::size_t>(r - begin)]; };
        const auto threshold = [&](index_t r) {
            return queries.length(r) > 0 ? row(r).best.threshold() : std::numeric_limits<float>::infinity();
        };
        worker.scan.run(queries, begin, end, threshold,
                        [&](index_t r, index_t p, std::uint64_t bits, const float* sums) {
                            Row& list = row(r);
                            bits &= open[static_cast<std::size_t>(p)] & ~list.seen.lanes(index.first(p), index.width());
                            for (; bits != 0; bits &= bits - 1) {
                                const int lane = std::countr_zero(bits);
                                list.best.push(sums[lane], index.first(p) + lane);
                            }
                            list.best.tighten();
                        });
        for (index_t r = begin; r < end; ++r) {
            const offset_t at = offset_t{r} * request.n;
            write_results(row(r).best.finish(), k, request.n, out.ids + at, out.scores + at);
        }
    });
}

}  // namespace tastemaker
