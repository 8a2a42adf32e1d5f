// Layout: the interactions arranged so that every pair of columns is met once, in a cache-friendly order.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/base/distinct_sort.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/base/views.hpp"
#include "tastemaker/simd/knn_kernels.hpp"

namespace tastemaker::knn {

using simd::KnnRun;

// What the search must know of a column beforehand. Sums in double, in the order of the rows.
struct ColumnSummary {
    offset_t before = 0;    // entries before this column in its rows
    offset_t after = 0;     // entries after it
    offset_t listed = 0;    // of those, the ones that are not bits
    double sum = 0;         // of its values times the factors of the rows
    double squares = 0;     // of the same
    bool negative = false;  // any of them
};

// Columns are renumbered by ascending popularity ("rank"): popular columns lie side by side at the end, where most
// sums fall. Row u holds its entries by ascending rank, so what comes after rank r in the row are just the pairs
// (r, s) with s > r. Column is the integer that holds a rank.
template <class Column>
struct Layout {
    std::vector<index_t> order;          // rank -> column
    std::vector<offset_t> start;         // the runs of rank r are [start[r], start[r + 1])
    std::unique_ptr<KnnRun[]> runs;      // one per (rank, row), rows ascending
    const offset_t* row_start;           // the rows of X, whose bounds these are too
    std::unique_ptr<Column[]> ranks;     // of the entries, row after row
    std::unique_ptr<float[]> values;     // beside them; null: all 1
    std::vector<ColumnSummary> summary;  // by rank
    // Of a pattern, the most popular columns are bits too; and by row, where the entries of others end.
    const simd::KnnBitSums* bit_sums = nullptr;
    AlignedBuffer<std::uint8_t> bits;
    offset_t bit_stride = 0;
    index_t bits_from = 0;  // their first rank
    std::vector<offset_t> listed_end;

    index_t columns() const { return static_cast<index_t>(order.size()); }
    std::span<const KnnRun> column(offset_t rank) const {
        const auto r = static_cast<std::size_t>(rank);
        return {runs.get() + start[r], runs.get() + start[r + 1]};
    }
    // The first rank from which on columns have `fewest` entries or more.
    index_t first_with(offset_t fewest) const {
        index_t rank = columns();
        while (rank > 0 && static_cast<offset_t>(column(rank - 1).size()) >= fewest) {
            --rank;
        }
        return rank;
    }
    simd::KnnRows<Column> rows() const { return {row_start, row_start + 1, ranks.get(), values.get(), prefetched()}; }
    // Rows beyond the caches are fetched whole: most end before the processor sees that they are read in order. Of rows
    // within, the first line is enough, and more would take longer (measured).
    offset_t prefetched() const {
        constexpr offset_t cached = offset_t{8} << 20;  // bytes
        return start.back() * static_cast<offset_t>(sizeof(Column)) > cached ? columns() : 1;
    }
    bool has_bits() const { return bits.size() > 0; }
    // The rows without what is in bit_rows().
    simd::KnnRows<Column> listed_rows() const {
        return {row_start, listed_end.data(), ranks.get(), nullptr, prefetched()};
    }
    simd::KnnBits bit_rows() const { return {bits.data(), bit_stride}; }
};

// Builds a Layout in two passes over blocks of rows, which run in parallel: one counts, one sorts each row and deals
// its entries out to the columns.
template <class Column>
class LayoutBuilder {
public:
    // `factor`, when not null, multiplies every value of a row. `bits`, when not null, asks for bits to be summed like
    // that; it requires a pattern. The rows of `x` must outlive the layout.
    LayoutBuilder(const CsrView& x, const float* factor, int threads, const simd::KnnBitSums* bits)
        : x_(x), factor_(factor), threads_(threads), blocks_(row_blocks(x, threads)) {
        out_.bit_sums = bits;
    }

    Layout<Column> build() && {
        out_.row_start = x_.indptr;
        // Never initialised as a whole, so that the pages are first touched by the threads that fill them.
        out_.runs = std::make_unique_for_overwrite<KnnRun[]>(static_cast<std::size_t>(x_.nnz() + simd::knn_ahead));
        out_.ranks = std::make_unique_for_overwrite<Column[]>(static_cast<std::size_t>(x_.nnz()));
        if (x_.values) {
            out_.values =
                std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(x_.nnz() + simd::knn_vector));
            std::fill_n(out_.values.get() + x_.nnz(), simd::knn_vector, 0.0f);
        }
        std::fill_n(out_.runs.get() + x_.nnz(), simd::knn_ahead, KnnRun{});
        next_.resize(static_cast<std::size_t>(checked_mul(n_blocks(), x_.cols)));
        for_blocks([this](offset_t b) { count(b); });
        rank_columns();
        choose_bits();
        for_blocks([this](offset_t b) { fill(b); });
        summarise();
        return std::move(out_);
    }

private:
    // Blocks of about equal numbers of entries; not so many that counting per block costs more than the entries.
    static std::vector<index_t> row_blocks(const CsrView& x, int threads) {
        const offset_t wanted = std::clamp<offset_t>(x.nnz() / (2 * std::max<offset_t>(x.cols, 1)), 1, 4 * threads);
        std::vector<index_t> bounds{0};
        for (offset_t b = 1; b <= wanted; ++b) {
            const offset_t* at = std::upper_bound(x.indptr, x.indptr + x.rows, x.nnz() / wanted * b);
            bounds.push_back(b == wanted ? x.rows : std::max(bounds.back(), static_cast<index_t>(at - x.indptr)));
        }
        return bounds;
    }

    offset_t n_blocks() const { return static_cast<offset_t>(blocks_.size()) - 1; }

    template <class Fn>
    void for_blocks(Fn fn) {
        const bool small = static_cast<double>(x_.nnz()) < serial_work;
        parallel_chunks(n_blocks(), small ? 1 : threads_, [&](offset_t b, int) { fn(b); });
    }

    // Where the next entry of a column goes, within the block's share of that column.
    offset_t* next(offset_t block) { return next_.data() + block * x_.cols; }

    void count(offset_t block) {
        offset_t* counts = next(block);
        for (offset_t t = x_.indptr[first_row(block)]; t < x_.indptr[first_row(block + 1)]; ++t) {
            ++counts[x_.indices[t]];
        }
    }

    // Sorts the columns by (count, index) and turns the counts of the blocks into places.
    void rank_columns() {
        const auto columns = static_cast<std::size_t>(x_.cols);
        std::vector<offset_t> total(columns);
        for (offset_t b = 0; b < n_blocks(); ++b) {
            std::transform(total.begin(), total.end(), next(b), total.begin(), std::plus<>());
        }
        std::vector<offset_t> place(static_cast<std::size_t>(x_.rows) + 2);  // by count: a counting sort
        for (const offset_t n : total) {
            ++place[static_cast<std::size_t>(n) + 1];
        }
        std::partial_sum(place.begin(), place.end(), place.begin());
        out_.order.resize(columns);
        rank_of_.resize(columns);
        for (std::size_t j = 0; j < columns; ++j) {
            const offset_t rank = place[static_cast<std::size_t>(total[j])]++;
            rank_of_[j] = static_cast<index_t>(rank);
            out_.order[static_cast<std::size_t>(rank)] = static_cast<index_t>(j);
        }
        out_.start.reserve(columns + 1);
        offset_t at = 0;
        for (const index_t column : out_.order) {
            out_.start.push_back(at);
            for (offset_t b = 0; b < n_blocks(); ++b) {
                at += std::exchange(next(b)[column], at);
            }
        }
        out_.start.push_back(at);
    }

    void choose_bits() {
        if (!out_.bit_sums) {
            return;
        }
        const simd::KnnBitSums& sums = *out_.bit_sums;
        const index_t first = out_.first_with(std::max<index_t>(x_.rows / sums.one_in, 1));
        const offset_t stride = std::min<offset_t>((x_.cols - first) / 8, sums.most / std::max<index_t>(x_.rows, 1));
        out_.bit_stride = stride / sums.unit * sums.unit;
        out_.bits_from = x_.cols - static_cast<index_t>(8 * out_.bit_stride);
        out_.bits = AlignedBuffer<std::uint8_t>(checked_mul(x_.rows, out_.bit_stride));
        out_.listed_end.resize(out_.has_bits() ? static_cast<std::size_t>(x_.rows) : 0);
    }

    void set_bits(index_t u, std::span<const Column> ranks) {
        std::uint8_t* bits = out_.bits.data() + u * out_.bit_stride;
        const auto* popular = std::lower_bound(ranks.data(), ranks.data() + ranks.size(), out_.bits_from);
        out_.listed_end[static_cast<std::size_t>(u)] = x_.indptr[u] + (popular - ranks.data());
        for (; popular != ranks.data() + ranks.size(); ++popular) {
            const offset_t bytes = out_.bit_sums->bytes;
            const offset_t at = *popular - out_.bits_from;
            const offset_t in_register = at % (8 * bytes);
            bits[(at - in_register) / 8 + in_register % bytes] |= static_cast<std::uint8_t>(1 << (in_register / bytes));
        }
    }

    void fill(offset_t block) {
        offset_t* places = next(block);
        DistinctSorter sorter(x_.cols);
        const auto rank_of = [this](index_t column) { return rank_of_[static_cast<std::size_t>(column)]; };
        std::vector<float> value_of(x_.values ? static_cast<std::size_t>(x_.cols) : 0);  // by rank, of one row
        for (index_t u = first_row(block); u < first_row(block + 1); ++u) {
            const SparseRow row = x_.row(u);
            Column* ranks = out_.ranks.get() + x_.indptr[u];
            sorter.sort(row.indices, rank_of, ranks);
            const float factor = factor_ ? factor_[u] : 1.0f;
            float weight = factor * factor;  // of a pattern: the row's factor counts for both columns of a pair
            for (offset_t k = 0; x_.values && k < row.size(); ++k) {
                const index_t rank = rank_of(row.indices[static_cast<std::size_t>(k)]);
                value_of[static_cast<std::size_t>(rank)] = row.value(k) * factor;
            }
            for (index_t k = 0; k < static_cast<index_t>(row.size()); ++k) {
                const auto rank = static_cast<std::size_t>(ranks[k]);
                if (x_.values) {
                    weight = out_.values[static_cast<std::size_t>(x_.indptr[u] + k)] = value_of[rank];
                }
                out_.runs[static_cast<std::size_t>(places[out_.order[rank]]++)] = {u, k, weight};
            }
            if (out_.has_bits()) {
                set_bits(u, {ranks, row.indices.size()});
            }
        }
    }

    void summarise() {
        out_.summary.resize(out_.order.size());
        parallel_for(
            x_.cols, threads_, [this](offset_t rank) { return out_.column(rank).size() + 1; },
            [this](offset_t begin, offset_t end, int) {
                for (offset_t rank = begin; rank < end; ++rank) {
                    out_.summary[static_cast<std::size_t>(rank)] = summary_of(out_.column(rank));
                }
            });
    }

    ColumnSummary summary_of(std::span<const KnnRun> runs) const {
        ColumnSummary s;
        for (const KnnRun& run : runs) {
            const double weight = run.weight;
            const double square = x_.values ? weight * weight : weight;  // a pattern's weight is squared already
            s.before += run.before;
            const offset_t own = x_.indptr[run.row] + run.before + 1;
            s.after += x_.indptr[run.row + 1] - own;
            s.listed +=
                out_.has_bits() ? std::max<offset_t>(out_.listed_end[static_cast<std::size_t>(run.row)] - own, 0) : 0;
            s.sum += weight;
            s.negative |= weight < 0;
            s.squares += square;
        }
        return s;
    }

    index_t first_row(offset_t block) const { return blocks_[static_cast<std::size_t>(block)]; }

    const CsrView x_;
    const float* factor_;
    const int threads_;
    const std::vector<index_t> blocks_;
    std::vector<offset_t> next_;
    std::vector<index_t> rank_of_;  // by column
    Layout<Column> out_;
};

}  // namespace tastemaker::knn
