// The Gram matrix of the items, G = X'X, dense, from sparse interactions.
#pragma once

#include <algorithm>

#include "tastemaker/base/parallel.hpp"
#include "tastemaker/base/views.hpp"

namespace tastemaker {

// Writes the upper triangle of G: G_ij = sum over u of x_ui x_uj for j >= i, u ascending; what lies below the diagonal
// is left as it is. `users` is X, `items` its transpose. Row i is the sum of the rows of X of those who have item i: it
// stays in cache while they stream past.
inline void item_gram(const CsrView& users, const CsrView& items, MatrixView<float> G, int threads) {
    require(items.rows == users.cols && items.cols == users.rows, "items must be the transpose of users");
    require(G.rows == items.rows && G.cols == items.rows, "the Gram matrix must be items x items");
    const auto cost = [&](offset_t i) {
        return G.cols - i + items.length(static_cast<index_t>(i)) * (1 + users.nnz() / std::max(users.rows, 1));
    };
    parallel_for(items.rows, threads, cost, [&](offset_t begin, offset_t end, int) {
        for (auto i = static_cast<index_t>(begin); i < static_cast<index_t>(end); ++i) {
            float* sums = G.row(i);
            std::fill(sums + i, sums + G.cols, 0.0f);
            const SparseRow owners = items.row(i);
            for (offset_t k = 0; k < owners.size(); ++k) {
                const SparseRow user = users.row(owners.indices[static_cast<std::size_t>(k)]);
                const float weight = owners.value(k);
                const auto from = std::ranges::lower_bound(user.indices, i) - user.indices.begin();
                for (offset_t e = from; e < user.size(); ++e) {
                    sums[user.indices[static_cast<std::size_t>(e)]] += weight * user.value(e);
                }
            }
        }
    });
}

}  // namespace tastemaker
