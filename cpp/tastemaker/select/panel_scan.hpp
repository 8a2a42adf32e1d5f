// PanelScan: a block of queries on its way through the panels of a DenseIndex.
#pragma once

#include <span>

#include "tastemaker/select/seen_masks.hpp"

namespace tastemaker {

// Panels first, first + step, ...: a stripe that a thread of its own scans, when there are fewer queries than threads.
// Interleaved, not cut in runs, so that every stripe begins with items of great norm and can stop early.
struct Stripe {
    index_t first = 0;
    index_t step = 1;
};

// Most rows that a kernel tile and most items that a panel can have, over all SIMD levels.
inline constexpr int max_tile_rows = 8;
inline constexpr int max_panel_width = 64;

// Returns how many queries to scan together: their vectors and `bytes` of state each should fill a quarter of L2,
// and there should be enough blocks to balance the threads.
inline index_t block_rows(const DenseIndex& index, offset_t bytes, offset_t queries, int threads) {
    const offset_t each = index.factors() * offset_t{sizeof(float)} + bytes;
    const offset_t fitting = std::clamp<offset_t>((offset_t{128} << 10) / std::max<offset_t>(each, 1), 16, 512);
    const offset_t share = (queries + 4 * offset_t{threads} - 1) / (4 * offset_t{threads});
    return static_cast<index_t>(round_up(std::clamp<offset_t>(share, 16, fitting), index.kernels().tile_rows));
}

// A panel (6 KB at 64 factors) stays in L1 while the block's queries stream past it from L2, a tile of rows at a time;
// scores live in registers, and in L1 for the rows that have a hit. A query leaves the block when its threshold
// exceeds what the remaining norms allow.
//
// Row is what becomes of a query's scores: `threshold()`, below which it ignores a score, and
// `take(bits, scores, panel)` for the lanes that reached it.
template <class Row>
class PanelScan {
public:
    // `blocked` as from DenseIndex::blocked; both must outlive the scan.
    PanelScan(const DenseIndex& index, const std::vector<std::uint64_t>& blocked)
        : index_(index), blocked_(blocked), seen_(index) {}

    // Feeds rows[r] with the scores of row begin + r of `queries`, for the r in `active`, which must ascend; items in
    // the same row of `seen` (null: none) are left out.
    void run(MatrixView<const float> queries, const CsrView* seen, index_t begin, std::span<Row> rows,
             std::span<const index_t> active, Stripe stripe) {
        scored_ = 0;
        active_.clear();
        for (const index_t r : active) {
            active_.push_back({queries.row(begin + r), reach(queries.row(begin + r)), r});
        }
        seen_.load(seen, begin, begin + static_cast<index_t>(rows.size()));
        const auto tile = static_cast<std::size_t>(index_.kernels().tile_rows);
        for (index_t p = stripe.first; p < index_.panels() && !active_.empty(); p += stripe.step) {
            retire(rows, index_.bound(p));
            if (~blocked_[static_cast<std::size_t>(p)] == 0) {
                continue;
            }
            seen_.set(p);
            scored_ += static_cast<offset_t>(active_.size());
            for (std::size_t t = 0; t < active_.size(); t += tile) {
                score_tile(p, rows, std::span(active_).subspan(t, std::min(tile, active_.size() - t)));
            }
            seen_.clear(p);
        }
    }

    // Of the last run: pairs of a query and a panel that were scored; the others the norms ruled out.
    offset_t scored() const { return scored_; }

private:
    struct Query {
        const float* vector;
        double reach;  // no computed score exceeds reach times the item's norm, but for underflow
        index_t row;
    };

    double reach(const float* query) const {
        const double norm = DenseIndex::norm(query, index_.factors());
        require(std::isfinite(norm), "queries must be finite");
        // A dot product of f terms in floats errs by less than (f + 1) eps |q| |y| (eps = 2^-24); 2 eps to be safe.
        return norm * (1 + (index_.factors() + 2) * 0x1p-23);
    }

    // Drops the queries that no item of norm <= bound can concern. Strict: an equal score may win by its index.
    void retire(std::span<Row> rows, double bound) {
        const double underflow = index_.factors() * 0x1p-149;
        std::erase_if(active_, [&](const Query& query) {
            return static_cast<double>(rows[at(query.row)].threshold()) > query.reach * bound + underflow;
        });
    }

    void score_tile(index_t p, std::span<Row> rows, std::span<const Query> tile) {
        const float* vectors[max_tile_rows];
        float thresholds[max_tile_rows];
        std::uint64_t hits[max_tile_rows];
        for (std::size_t i = 0; i < tile.size(); ++i) {
            vectors[i] = tile[i].vector;
            thresholds[i] = rows[at(tile[i].row)].threshold();
        }
        index_.kernels().score_tile(vectors, static_cast<int>(tile.size()), index_.panel(p), index_.factors(),
                                    thresholds, scores_, hits);
        for (std::size_t i = 0; i < tile.size(); ++i) {
            const std::uint64_t open = hits[i] & ~(blocked_[at(p)] | seen_.mask(tile[i].row));
            if (open != 0) {
                rows[at(tile[i].row)].take(open, scores_ + i * at(index_.width()), p);
            }
        }
    }

    static std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

    const DenseIndex& index_;
    const std::vector<std::uint64_t>& blocked_;
    SeenMasks seen_;
    std::vector<Query> active_;
    offset_t scored_ = 0;
    alignas(64) float scores_[max_tile_rows * max_panel_width] = {};
};

}  // namespace tastemaker
