// Search: what the searches of single rows and of blocks of rows share.
#pragma once

#include "tastemaker/knn/exchange.hpp"
#include "tastemaker/knn/layout.hpp"
#include "tastemaker/knn/similarity.hpp"
#include "tastemaker/simd/kernels.hpp"

namespace tastemaker::knn {

// A row's own list takes this many more finds than it is to keep before it is cut back.
inline offset_t own_slack(offset_t count) {
    return std::max<offset_t>(count, 32);
}

// Read-only while workers run.
template <class Column>
struct Search {
    const simd::KnnKernels& kernels;
    const Similarity& similarity;
    const Layout<Column>& layout;
    const Constants& constants;
    offset_t count;  // neighbours to keep

    const simd::KnnAddKernels<Column>& add_kernels() const {
        if constexpr (sizeof(Column) == 2) {
            return kernels.add16;
        } else {
            return kernels.add32;
        }
    }

    const ColumnSummary& summary(offset_t rank) const { return layout.summary[static_cast<std::size_t>(rank)]; }
    offset_t padded() const { return constants.p.size(); }
};

}  // namespace tastemaker::knn
