// SparseIndex: a sparse table whose rows a sparse query sums up; built once, immutable, shared between threads.
#pragma once

#include <span>
#include <vector>

#include "tastemaker/base/views.hpp"

namespace tastemaker {

// Row j of the table holds what an interaction with j says for each item: for item-based kNN the neighbours of j,
// for user-based kNN the items of user j. Item and value lie side by side: a row is one stream from memory.
class SparseIndex {
public:
    struct Entry {
        index_t item;
        float value;
    };

    // Copies the table; requires a validated view.
    explicit SparseIndex(const CsrView& table)
        : catalogue_(table.cols), starts_(table.indptr, table.indptr + table.rows + 1) {
        entries_.reserve(static_cast<std::size_t>(table.nnz()));
        for (index_t j = 0; j < table.rows; ++j) {
            const SparseRow row = table.row(j);
            for (offset_t k = 0; k < row.size(); ++k) {
                entries_.push_back({row.indices[static_cast<std::size_t>(k)], row.value(k)});
            }
        }
    }

    index_t rows() const { return static_cast<index_t>(starts_.size() - 1); }
    index_t catalogue() const { return catalogue_; }  // items lie in [0, catalogue())

    std::span<const Entry> row(index_t j) const {
        const auto first = static_cast<std::size_t>(starts_[static_cast<std::size_t>(j)]);
        return std::span(entries_).subspan(first,
                                           static_cast<std::size_t>(starts_[static_cast<std::size_t>(j) + 1]) - first);
    }

    // Number of additions that a query takes.
    offset_t work(const SparseRow& query) const {
        offset_t sum = 0;
        for (const index_t j : query.indices) {
            sum += static_cast<offset_t>(row(j).size());
        }
        return sum;
    }

private:
    index_t catalogue_;
    std::vector<offset_t> starts_;
    std::vector<Entry> entries_;
};

}  // namespace tastemaker
