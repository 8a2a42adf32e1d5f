// Examples: interactions as an epoch visits them.
#pragma once

#include <vector>

#include "tastemaker/base/rng.hpp"
#include "tastemaker/sgd/likes.hpp"
#include "tastemaker/sgd/problem.hpp"

namespace tastemaker::sgd {

// The interactions of each user in random order. Neighbours stay together for a while (see Shuffle), and in a matrix
// neighbours are items of neighbouring numbers, so often alike: a user who meets them in one go forgets the others.
class Examples {
public:
    // `csr` must outlive this. The order of a row depends on its length alone.
    explicit Examples(const CsrView& csr) : csr_(csr), likes_(csr) {
        user_of_.reserve(static_cast<std::size_t>(csr.nnz()));
        items_.reserve(user_of_.capacity());
        for (index_t user = 0; user < csr.rows; ++user) {
            const SparseRow row = csr.row(user);
            const RandomOrder order(row.size(), 0);
            for (offset_t t = 0; t < row.size(); ++t) {
                const offset_t at = order(t);
                user_of_.push_back(user);
                items_.push_back(row.indices[static_cast<std::size_t>(at)]);
                if (csr.values) {
                    values_.push_back(row.value(at));
                }
            }
        }
    }

    // What an epoch needs; `popularity` must outlive the result as this must.
    Data data(const Popularity* popularity) const {
        const CsrView shuffled{csr_.rows, csr_.cols, csr_.indptr, items_.data(),
                               csr_.values ? values_.data() : nullptr};
        return {shuffled, user_of_.data(), &likes_, popularity};
    }

private:
    CsrView csr_;
    Likes likes_;
    std::vector<index_t> user_of_, items_;
    std::vector<float> values_;
};

}  // namespace tastemaker::sgd
