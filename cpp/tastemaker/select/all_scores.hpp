// The scores of every item for a block of queries, with the bits that topn gives them; where lists are made of several
// models' scores, nothing less will do.
#pragma once

#include "tastemaker/select/panel_scan.hpp"
#include "tastemaker/select/sparse_topn.hpp"
#include "tastemaker/select/table_scan.hpp"

namespace tastemaker {

template <class Index>
void check_scores(const Index& index, offset_t queries, MatrixView<float> out) {
    require(out.rows == queries && out.cols == index.catalogue(), "scores must be queries x items");
}

// Writes out[r][i], the score of item i for query r; NaN where the sum overflows to inf - inf.
inline void score_all(const DenseIndex& index, MatrixView<const float> queries, int threads, MatrixView<float> out) {
    require(queries.cols == index.factors(), "queries and items must have the same number of factors");
    require(queries.rows <= std::numeric_limits<index_t>::max(), "a call takes fewer than 2^31 queries");
    check_scores(index, queries.rows, out);
    struct Row {
        const DenseIndex* index;
        float* scores;

        float threshold() const { return -std::numeric_limits<float>::infinity(); }

        void take(std::uint64_t lanes, const float* panel_scores, index_t panel) {
            for (; lanes != 0; lanes &= lanes - 1) {
                const int lane = std::countr_zero(lanes);
                scores[index->ids(panel)[lane]] = panel_scores[lane] + 0.0f;
            }
        }
    };
    struct Worker {
        PanelScan<Row> scan;
        std::vector<Row> rows;
        std::vector<index_t> active;
    };
    const std::vector<std::uint64_t> blocked = index.blocked(nullptr);
    const auto rows = static_cast<index_t>(queries.rows);
    const index_t block = block_rows(index, 0, rows, threads);
    std::vector<Worker> workers(static_cast<std::size_t>(threads), Worker{PanelScan<Row>(index, blocked), {}, {}});
    parallel_chunks((offset_t{rows} + block - 1) / block, threads, [&](offset_t chunk, int id) {
        Worker& worker = workers[static_cast<std::size_t>(id)];
        worker.rows.clear();
        worker.active.clear();
        const auto begin = static_cast<index_t>(chunk * block);
        for (index_t r = begin; r < begin + std::min(block, rows - begin); ++r) {
            std::fill_n(out.row(r), out.cols, std::numeric_limits<float>::quiet_NaN());
            worker.rows.push_back({&index, out.row(r)});
            worker.active.push_back(r - begin);
        }
        worker.scan.run(queries, nullptr, begin, std::span(worker.rows), worker.active, {});
    });
}

// The same; 0 for an item that the query does not touch.
inline void score_all(const SparseIndex& index, const simd::TopnKernels& kernels, const CsrView& queries, int threads,
                      MatrixView<float> out) {
    check_scores(index, queries.rows, out);
    const auto make = [&] { return RowSums(index, kernels); };
    for_each_query(index, queries, threads, make, [&](RowSums& sums, index_t row) {
        sums.load(queries.row(row));
        for (index_t i = 0; i < out.cols; ++i) {
            out.row(row)[i] = sums.score(i);
        }
    });
}

// The same.
inline void score_all(const TableIndex& index, const CsrView& queries, int threads, MatrixView<float> out) {
    check_scores(index, queries.rows, out);
    const std::vector<std::uint64_t> open = index.open(nullptr);
    const auto make = [&] { return TableScan(index); };
    for_each_block(index, queries, threads, queries.rows, make, [&](TableScan& scan, index_t begin, index_t end) {
        for (index_t r = begin; r < end; ++r) {
            std::fill_n(out.row(r), out.cols, std::numeric_limits<float>::quiet_NaN());
        }
        scan.run(
            queries, begin, end, [](index_t) { return -std::numeric_limits<float>::infinity(); },
            [&](index_t r, index_t p, std::uint64_t bits, const float* sums) {
                for (bits &= open[static_cast<std::size_t>(p)]; bits != 0; bits &= bits - 1) {
                    const int lane = std::countr_zero(bits);
                    out.row(r)[index.first(p) + lane] = sums[lane];
                }
            });
    });
}

}  // namespace tastemaker
