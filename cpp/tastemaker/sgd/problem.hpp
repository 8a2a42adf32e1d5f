// What an epoch of stochastic gradient descent works on.
//
// A pair scores  q_u . p_i + b_u + b_i,  where q_u, b_u are sums over the features of the user, p_i, b_i over those of
// the item (Kula: Metadata Embeddings for User and Item Cold-start Recommendations, 2015). A row of a table holds the
// embedding of one feature and its bias, as simd/sgd_kernels.hpp wants it: the bias is the weight after the factors.
#pragma once

#include "tastemaker/base/rng.hpp"
#include "tastemaker/base/views.hpp"
#include "tastemaker/sgd/likes.hpp"
#include "tastemaker/sgd/popularity.hpp"
#include "tastemaker/simd/kernels.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::sgd {

// One side's parameters, and which of them each of its users or items is made of.
struct Side {
    MatrixView<float> table;
    const CsrView* features = nullptr;  // null: row i of the table is all of i
    simd::SgdStep step;
    bool frozen = false;        // nothing moves; the table needs no room for an optimiser
    float* replicas = nullptr;  // a thread's own rows, see replicas.hpp

    // The parameters of a feature; ~i is row i of the replicas.
    // Without a branch, which nothing could foretell.
    float* row(index_t part) const {
        const offset_t place = part ^ (part >> 31);
        return (part < 0 ? replicas : table.data) + place * table.stride;
    }

    index_t count() const { return features ? features->rows : static_cast<index_t>(table.rows); }
    index_t parts(index_t i) const { return features ? static_cast<index_t>(features->length(i)) : 1; }
};

// Floats of a row of parameters: the factors, the bias and padding.
inline offset_t row_size(index_t factors) {
    return round_up(factors + 1, simd::kernels().sgd.padding);
}

struct Model {
    Side users;
    Side items;
    index_t factors = 0;
    bool user_bias = true;  // whether a comparison of two items moves the user's bias

    offset_t size() const { return users.table.cols; }
    bool regularized() const { return users.step.growth != 0 || items.step.growth != 0; }

    // Whether each user and item is a row that moves, and moves by its gradient alone.
    bool plain() const {
        return !users.features && !items.features && !users.frozen && !items.frozen && !regularized();
    }

    void validate(int state) const {
        require(size() == row_size(factors), "rows of parameters are not padded as they should be");
        for (const Side* side : {&users, &items}) {
            const offset_t width = (side->frozen ? 1 : 1 + state) * size();
            require(factors >= 1 && side->table.stride == width && side->table.cols == size(),
                    "a table of parameters has the wrong width");
            require(!side->features || side->features->cols == side->table.rows,
                    "features need one row of parameters per column");
        }
    }
};

// Interactions; the example at position p is what user_of[p] did with item_of(p).
struct Data {
    CsrView examples;
    const index_t* user_of = nullptr;
    const Likes* likes = nullptr;
    const Popularity* popularity = nullptr;  // where Sampling asks for it
};

// Where the draws of an epoch come from, and how its comparisons are sampled.
struct Sampling {
    std::uint64_t seed = 0;
    offset_t epoch = 0;
    bool popularity = false;  // negatives like the interactions, else uniformly among the items
    bool verify = true;       // never what the user likes

    std::uint64_t key() const { return subkey(seed, static_cast<std::uint64_t>(epoch)); }
};

struct Example {
    index_t user = 0;
    index_t item = 0;
    float value = 1;  // below 0: a dislike
    std::uint64_t key = 0;

    float weight() const { return value < 0 ? -value : value; }
};

// What an example asks for: the score of `item` to move against `gradient`, and that of `other` along it.
struct Choice {
    index_t item = 0;
    index_t other = -1;  // -1: no other
    const float* item_row = nullptr;
    const float* other_row = nullptr;
    float gradient = 0;
};

}  // namespace tastemaker::sgd
