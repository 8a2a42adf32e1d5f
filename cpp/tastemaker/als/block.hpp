// A block of rows whose conjugate gradients run together.
#pragma once

#include <span>
#include <vector>

#include "tastemaker/als/problem.hpp"

namespace tastemaker::als {

inline constexpr offset_t panel_most = 64;

// A run of entries of one row, in consecutive columns.
struct Segment {
    offset_t row = 0;  // within the block
    offset_t begin = 0, end = 0;

    offset_t size() const { return end - begin; }
};

// The observed entries of a block, tile of columns by tile and within a tile row by row: rows that share columns then
// find them in L2. Each row keeps the order of its entries, so its sums do not depend on its block.
struct BlockEntries {
    std::vector<index_t> columns;  // which y_t
    std::vector<float> w, c;
    std::vector<Segment> segments;
    std::vector<float> ridges;
    std::vector<offset_t> next;  // first entry of each row that is not placed yet

    static constexpr offset_t most_rows = 32;

    offset_t size() const { return static_cast<offset_t>(columns.size()); }
    offset_t rows() const { return static_cast<offset_t>(ridges.size()); }
};

// Returns how many of the first rows make a block.
inline std::size_t block_rows(const CsrView& x, std::span<const index_t> rows) {
    constexpr offset_t most = 16 * 1024;  // entries, 200 KB of scratch; beside more, the GEMM is small
    offset_t entries = 0;
    std::size_t n = 0;
    for (; n < std::min<std::size_t>(rows.size(), BlockEntries::most_rows); ++n) {
        entries += x.length(rows[n]);
        if (n > 0 && entries > most) {
            break;
        }
    }
    return n;
}

// Entries of a row that are handled together: their rows of Y fill half of a 32 KB L1.
inline offset_t panel_entries(offset_t size) {
    return std::clamp<offset_t>(16 * 1024 / (4 * size), 4, panel_most);
}

// Returns how many columns make a tile: their rows of Y fill half of a 512 KB L2, or as many as it takes for a row to
// have a panel of entries in a tile, where shorter segments would cost more than L2 saves.
inline offset_t tile_columns(const CsrView& x, offset_t size) {
    const double panel = static_cast<double>(panel_entries(size));
    const double sparse = panel * x.rows * x.cols / static_cast<double>(std::max<offset_t>(x.nnz(), 1));
    return std::max(256 * 1024 / (4 * size), static_cast<offset_t>(std::min<double>(sparse, x.cols)) + 1);
}

// Sets `block` to those rows of x, cut into tiles of that many columns.
inline void gather_block(const CsrView& x, std::span<const index_t> rows, const Problem& problem, offset_t tile,
                         BlockEntries& block) {
    std::size_t entries = 0;
    block.segments.clear();
    block.ridges.clear();
    block.next.assign(rows.size(), 0);
    for (const index_t u : rows) {
        entries += static_cast<std::size_t>(x.length(u));
        block.ridges.push_back(problem.ridge(x.length(u), x.cols));
    }
    block.columns.resize(entries);
    block.w.resize(entries);
    block.c.resize(entries);
    offset_t at = 0;
    for (offset_t last = tile; at < block.size(); last += tile) {
        for (std::size_t u = 0; u < rows.size(); ++u) {
            const SparseRow row = x.row(rows[u]);
            offset_t& from = block.next[u];
            offset_t to = from;
            while (to < row.size() && row.indices[static_cast<std::size_t>(to)] < last) {
                ++to;
            }
            if (to > from) {
                const SparseRow part = row.part(from, to);
                write_terms(problem, part, block.w.data() + at, block.c.data() + at);
                std::copy(part.indices.begin(), part.indices.end(), block.columns.begin() + at);
                block.segments.push_back({static_cast<offset_t>(u), at, at + part.size()});
                at += part.size();
                from = to;
            }
        }
    }
}

}  // namespace tastemaker::als
