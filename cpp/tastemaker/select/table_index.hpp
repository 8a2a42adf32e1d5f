// TableIndex: a dense table whose rows a sparse query sums up; immutable, shared between threads.
#pragma once

#include <vector>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/base/views.hpp"
#include "tastemaker/simd/kernels.hpp"

namespace tastemaker {

// Row j of the table holds what an interaction with j says for every item. Its columns fall into panels of as many as
// the kernel adds up at once. So that a panel never reaches past its row, the last one begins early and shares columns
// with the one before it; open() tells which lanes are its own.
class TableIndex {
public:
    // Keeps the view: at item-item size a copy would not fit. A table narrower than a panel is copied and padded.
    TableIndex(MatrixView<const float> table, const simd::TopnKernels& kernels) : kernels_(&kernels), table_(table) {
        require(table.rows <= std::numeric_limits<index_t>::max(), "a table holds fewer than 2^31 rows");
        catalogue_ = table.cols;
        if (catalogue_ > 0 && catalogue_ < width()) {
            padded_ = AlignedBuffer<float>(checked_mul(table.rows, width()));
            for (offset_t j = 0; j < table.rows; ++j) {
                std::copy_n(table.row(j), catalogue_, padded_.data() + j * width());
            }
            table_ = {padded_.data(), table.rows, width(), width()};
        }
    }

    const simd::TopnKernels& kernels() const { return *kernels_; }
    index_t width() const { return kernels_->table_width; }
    index_t rows() const { return static_cast<index_t>(table_.rows); }
    index_t catalogue() const { return catalogue_; }  // items lie in [0, catalogue())
    index_t panels() const { return (catalogue_ + width() - 1) / width(); }

    // The item of lane 0 of panel p.
    index_t first(index_t p) const { return std::min(p * width(), table_.cols - width()); }

    // Lane 0 of row 0 of panel p; rows lie stride() apart.
    const float* panel(index_t p) const { return table_.data + first(p); }
    offset_t stride() const { return table_.stride; }

    // By panel, the bits of the lanes that are its own and whose items `allowed` (null: all) does not forbid.
    std::vector<std::uint64_t> open(const std::uint8_t* allowed) const {
        std::vector<std::uint64_t> bits(static_cast<std::size_t>(panels()), 0);
        for (index_t i = 0; i < catalogue_; ++i) {
            const index_t p = i / width();
            const bool is_open = allowed == nullptr || allowed[i] != 0;
            bits[static_cast<std::size_t>(p)] |= static_cast<std::uint64_t>(is_open) << (i - first(p));
        }
        return bits;
    }

private:
    const simd::TopnKernels* kernels_;
    MatrixView<const float> table_;
    index_t catalogue_ = 0;
    AlignedBuffer<float> padded_;
};

}  // namespace tastemaker
