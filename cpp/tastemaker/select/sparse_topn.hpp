// Top-N, scores and ranks of sparse queries against a SparseIndex.
#pragma once

#include <optional>

#include "tastemaker/base/parallel.hpp"
#include "tastemaker/select/pairs.hpp"
#include "tastemaker/select/request.hpp"
#include "tastemaker/select/row_sums.hpp"
#include "tastemaker/select/topk.hpp"

namespace tastemaker {

// Calls fn(worker, row) for each row of `queries`; a worker is made by make(), has `sums` and serves one thread at a
// time.
template <class Make, class Fn>
void for_each_query(const SparseIndex& index, const CsrView& queries, int threads, Make make, Fn fn) {
    require(queries.cols == index.rows(), "queries must have a column per row of the table");
    std::vector<std::optional<decltype(make())>> workers(static_cast<std::size_t>(threads));
    const auto cost = [&](offset_t row) {
        return index.work(queries.row(static_cast<index_t>(row))) + index.catalogue() / 8;
    };
    parallel_for(queries.rows, threads, cost, [&](offset_t begin, offset_t end, int id) {
        auto& worker = workers[static_cast<std::size_t>(id)];
        if (!worker) {
            worker.emplace(make());
        }
        for (auto row = static_cast<index_t>(begin); row < static_cast<index_t>(end); ++row) {
            fn(*worker, row);
        }
    });
}

// Items by bits, 64 per word: all, or those with allowed[i] != 0.
inline std::vector<std::uint64_t> open_items(index_t catalogue, const std::uint8_t* allowed) {
    std::vector<std::uint64_t> words(static_cast<std::size_t>(catalogue) / 64 + 1);
    for (index_t i = 0; i < catalogue; ++i) {
        const bool open = allowed == nullptr || allowed[i] != 0;
        words[static_cast<std::size_t>(i / 64)] |= static_cast<std::uint64_t>(open) << (i % 64);
    }
    return words;
}

// Writes the request.n best touched items of each query: those that a stored entry of the table says something about,
// be its score negative or zero.
inline void topn(const SparseIndex& index, const simd::TopnKernels& kernels, const CsrView& queries,
                 const TopnRequest& request, TopnResult out) {
    require(request.n >= 1, "n must be at least 1");
    check_seen(request.seen, queries.rows, index.catalogue());
    const index_t k = std::max(std::min(request.n, index.catalogue()), 1);
    const std::vector<std::uint64_t> open = open_items(index.catalogue(), request.allowed);
    struct Worker {
        RowSums sums;
        std::vector<rank_key> storage;
    };
    const auto make = [&] {
        return Worker{RowSums(index, kernels), std::vector<rank_key>(static_cast<std::size_t>(TopK::capacity(k)))};
    };
    for_each_query(index, queries, request.threads, make, [&](Worker& worker, index_t row) {
        TopK best(worker.storage.data(), k);
        worker.sums.load(queries.row(row));
        if (request.seen != nullptr) {
            worker.sums.forget(request.seen->row(row).indices);
        }
        const auto threshold = [&] { return best.threshold(); };
        worker.sums.visit(open, threshold, [&](std::uint64_t bits, index_t first) {
            for (; bits != 0; bits &= bits - 1) {
                const index_t item = first + std::countr_zero(bits);
                best.push(worker.sums.score(item), item);
            }
            best.tighten();
        });
        const offset_t at = offset_t{row} * request.n;
        write_results(best.finish(), k, request.n, out.ids + at, out.scores + at);
    });
}

}  // namespace tastemaker
