// TableScan: sparse queries on their way through the panels of a TableIndex.
#pragma once

#include <optional>

#include "tastemaker/base/parallel.hpp"
#include "tastemaker/select/table_index.hpp"

namespace tastemaker {

// One worker's pass. Many queries go through a panel together, from a copy of it that lies in one piece: the table's
// own rows are so far apart that each would cost a page and, at some widths, share one set of the cache. Few queries
// read the table in place.
class TableScan {
public:
    explicit TableScan(const TableIndex& index) : index_(index) {}

    // Calls visit(row, panel, bits, sums) for each of the queries [begin, end) and each panel, panels ascending, where
    // a sum reached threshold(row); `bits` are the lanes that did.
    template <class Threshold, class Visit>
    void run(const CsrView& queries, index_t begin, index_t end, Threshold threshold, Visit visit) {
        const offset_t entries = queries.indptr[end] - queries.indptr[begin];
        if (entries < worth_packing * index_.rows()) {
            for (index_t r = begin; r < end; ++r) {
                for (index_t p = 0; p < index_.panels(); ++p) {
                    add_up(queries, r, p, index_.panel(p), index_.stride(), threshold, visit);
                }
            }
            return;
        }
        for (index_t p = 0; p < index_.panels(); ++p) {
            pack(p);
            for (index_t r = begin; r < end; ++r) {
                add_up(queries, r, p, packed_.data(), index_.width(), threshold, visit);
            }
        }
    }

    // Uses of each row of a panel that pay for its copy.
    static constexpr offset_t worth_packing = 2;

private:
    template <class Threshold, class Visit>
    void add_up(const CsrView& queries, index_t r, index_t p, const float* panel, offset_t stride, Threshold threshold,
                Visit visit) {
        const offset_t start = queries.indptr[r];
        const std::uint64_t bits = index_.kernels().table_sums(queries.indices + start, queries.values + start,
                                                               queries.length(r), panel, stride, threshold(r), sums_);
        if (bits != 0) {
            visit(r, p, bits, static_cast<const float*>(sums_));
        }
    }

    void pack(index_t p) {
        const index_t width = index_.width();
        if (packed_.size() == 0) {
            packed_ = AlignedBuffer<float>(checked_mul(index_.rows(), width));
        }
        for (offset_t j = 0; j < index_.rows(); ++j) {
            std::copy_n(index_.panel(p) + j * index_.stride(), width, packed_.data() + j * width);
        }
    }

    const TableIndex& index_;
    AlignedBuffer<float> packed_;
    alignas(64) float sums_[64] = {};
};

// Cuts the queries into blocks of at most `most` rows that suffice every thread, but not into so many that a block
// uses a packed panel too little: packing the whole table takes as long as 16 uses of each of its rows.
inline std::vector<offset_t> table_blocks(const TableIndex& index, const CsrView& queries, int threads, index_t most) {
    const offset_t balanced = queries.nnz() / (offset_t{threads} * 4);
    const offset_t packed = std::min(32 * offset_t{index.rows()}, queries.nnz() / threads);
    const offset_t share = std::max({balanced, packed, offset_t{1}});
    std::vector<offset_t> bounds{0};
    for (index_t r = 1; r <= queries.rows; ++r) {
        const offset_t begin = bounds.back();
        if (r == queries.rows || r - begin == most || queries.indptr[r] - queries.indptr[begin] >= share) {
            bounds.push_back(r);
        }
    }
    return bounds;
}

// Calls fn(worker, begin, end) over blocks of queries; a worker is made by make() and serves one thread at a time.
template <class Make, class Fn>
void for_each_block(const TableIndex& index, const CsrView& queries, int threads, index_t most, Make make, Fn fn) {
    require(queries.cols == index.rows(), "queries must have a column per row of the table");
    require(queries.values != nullptr, "queries must have values");
    const std::vector<offset_t> bounds = table_blocks(index, queries, threads, most);
    std::vector<std::optional<decltype(make())>> workers(static_cast<std::size_t>(threads));
    parallel_chunks(static_cast<offset_t>(bounds.size()) - 1, threads, [&](offset_t block, int id) {
        auto& worker = workers[static_cast<std::size_t>(id)];
        if (!worker) {
            worker.emplace(make());
        }
        const auto b = static_cast<std::size_t>(block);
        fn(*worker, static_cast<index_t>(bounds[b]), static_cast<index_t>(bounds[b + 1]));
    });
}

}  // namespace tastemaker
