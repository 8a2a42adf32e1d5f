// Top-N of dense queries against a DenseIndex: scoring, filtering and selection in one pass over the panels.
#pragma once

#include <optional>

#include "tastemaker/select/panel_scan.hpp"
#include "tastemaker/select/request.hpp"
#include "tastemaker/select/topk.hpp"

namespace tastemaker {

// One worker's search: the k best items of a block of queries.
class DenseSearch {
public:
    DenseSearch(const DenseIndex& index, const std::vector<std::uint64_t>& blocked, index_t k)
        : index_(index), k_(k), scan_(index, blocked) {}

    static offset_t bytes_per_query(index_t k) { return TopK::capacity(k) * offset_t{sizeof(rank_key)}; }

    // Searches for rows [begin, end) of `queries`; a row of zeros gets nothing, since it prefers nothing.
    void run(MatrixView<const float> queries, const CsrView* seen, index_t begin, index_t end, Stripe stripe) {
        const offset_t capacity = TopK::capacity(k_);
        storage_.resize(static_cast<std::size_t>(checked_mul(end - begin, capacity)));
        rows_.clear();
        active_.clear();
        for (index_t r = 0; r < end - begin; ++r) {
            rows_.push_back({TopK(storage_.data() + r * capacity, k_), &index_});
            const float* query = queries.row(begin + r);
            if (std::any_of(query, query + queries.cols, [](float x) { return x != 0; })) {
                active_.push_back(r);
            }
        }
        scan_.run(queries, seen, begin, std::span(rows_), active_, stripe);
    }

    // After run: the k keys of row begin + r, best first, padded with no_candidate.
    const rank_key* keys(index_t r) { return rows_[static_cast<std::size_t>(r)].best.finish(); }

    // As PanelScan has it.
    offset_t scored() const { return scan_.scored(); }

private:
    struct Row {
        TopK best;
        const DenseIndex* index;

        float threshold() const { return best.threshold(); }

        void take(std::uint64_t lanes, const float* scores, index_t panel) {
            for (; lanes != 0; lanes &= lanes - 1) {
                const int lane = std::countr_zero(lanes);
                best.push(scores[lane], index->ids(panel)[lane]);
            }
            best.tighten();
        }
    };

    const DenseIndex& index_;
    index_t k_;
    PanelScan<Row> scan_;
    std::vector<Row> rows_;
    std::vector<rank_key> storage_;
    std::vector<index_t> active_;
};

// Below this much work in flops (about 50 us) a thread costs more to wake than it saves.
inline constexpr double least_flops = 4e6;

// How work is cut: blocks of queries, and stripes of panels when threads would idle otherwise.
struct DensePlan {
    index_t block = 1;
    index_t stripes = 1;
    int threads = 1;

    DensePlan(const DenseIndex& index, index_t k, offset_t queries, int available)
        : block(block_rows(index, DenseSearch::bytes_per_query(k), queries, available)) {
        const double flops = 2.0 * static_cast<double>(queries) * index.size() * index.factors();
        threads = static_cast<int>(std::clamp(flops / least_flops, 1.0, static_cast<double>(available)));
        const offset_t spare = threads / std::max<offset_t>(blocks(queries), 1);
        stripes = static_cast<index_t>(std::clamp<offset_t>(spare, 1, index.panels()));
    }

    offset_t blocks(offset_t queries) const { return (queries + block - 1) / block; }
};

// topn without the choice of an index; `allowed` as in TopnRequest. Requires index.size() > 0.
inline void scan_topn(const DenseIndex& index, MatrixView<const float> queries, const std::uint8_t* allowed,
                      const TopnRequest& request, TopnResult out) {
    const auto rows = static_cast<index_t>(queries.rows);
    const index_t k = std::min(request.n, index.size());
    const DensePlan plan(index, k, rows, request.threads);
    const index_t stripes = plan.stripes;
    const std::vector<std::uint64_t> blocked = index.blocked(allowed);
    const auto write = [&](index_t row, const rank_key* keys) {
        const offset_t at = offset_t{row} * request.n;
        write_results(keys, k, request.n, out.ids + at, out.scores + at);
    };

    const offset_t candidates = offset_t{stripes} * k;
    std::vector<rank_key> partial(stripes > 1 ? static_cast<std::size_t>(checked_mul(rows, candidates)) : 0);
    std::vector<std::optional<DenseSearch>> searches(static_cast<std::size_t>(plan.threads));
    parallel_chunks(plan.blocks(rows) * stripes, plan.threads, [&](offset_t chunk, int worker) {
        std::optional<DenseSearch>& search = searches[static_cast<std::size_t>(worker)];
        if (!search) {
            search.emplace(index, blocked, k);
        }
        const auto begin = static_cast<index_t>(chunk / stripes * plan.block);
        const index_t end = begin + std::min(plan.block, rows - begin);
        const auto stripe = static_cast<index_t>(chunk % stripes);
        search->run(queries, request.seen, begin, end, {stripe, stripes});
        for (index_t row = begin; row < end; ++row) {
            const rank_key* keys = search->keys(row - begin);
            if (stripes == 1) {
                write(row, keys);
            } else {
                std::copy_n(keys, k, partial.data() + row * candidates + offset_t{stripe} * k);
            }
        }
    });
    for (index_t row = 0; stripes > 1 && row < rows; ++row) {
        rank_key* keys = partial.data() + row * candidates;
        std::partial_sort(keys, keys + k, keys + candidates, std::greater<>());
        write(row, keys);
    }
}

// Whether to pack the allowed items into an index of their own: copying an item costs what scoring ten queries costs.
inline bool worth_subset(const DenseIndex& index, offset_t queries, const std::uint8_t* allowed) {
    const auto count = index.catalogue() - std::count(allowed, allowed + index.catalogue(), std::uint8_t{0});
    return static_cast<double>(count) * static_cast<double>(queries + 10) <
           static_cast<double>(index.catalogue()) * static_cast<double>(queries);
}

// Writes the request.n best items of each query. Results depend on nothing but the query, its seen row, the allowed
// items and the SIMD level. Requires queries.cols == index.factors(), and of request.seen a row per query.
inline void topn(const DenseIndex& index, MatrixView<const float> queries, const TopnRequest& request, TopnResult out) {
    require(queries.cols == index.factors(), "queries and items must have the same number of factors");
    require(queries.rows <= std::numeric_limits<index_t>::max(), "a call takes fewer than 2^31 queries");
    require(request.n >= 1, "n must be at least 1");
    check_seen(request.seen, queries.rows, index.catalogue());
    std::optional<DenseIndex> part;
    if (request.allowed != nullptr && worth_subset(index, queries.rows, request.allowed)) {
        part = index.subset(request.allowed);
    }
    const DenseIndex& used = part ? *part : index;
    if (used.size() == 0) {
        for (offset_t row = 0; row < queries.rows; ++row) {
            write_results(nullptr, 0, request.n, out.ids + row * request.n, out.scores + row * request.n);
        }
        return;
    }
    scan_topn(used, queries, part ? nullptr : request.allowed, request, out);
}

}  // namespace tastemaker
