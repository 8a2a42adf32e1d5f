// Worker: what one thread needs to look at an example: representations, scores and negatives.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/base/prefetch.hpp"
#include "tastemaker/sgd/problem.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::sgd {

inline constexpr int max_draws = 100;  // for an item that is not liked; then nearly everything is

// The factors by which all parameters of a side have grown, see epoch.hpp.
struct Scales {
    double user = 1;
    double item = 1;
};

// A like that was drawn: its place among the user's likes, and what it scores.
struct Scored {
    offset_t place = 0;
    float score = 0;
};

inline constexpr int batch = 8;         // items scored together: their cache misses overlap
inline constexpr int first_batch = 4;   // most examples find a violator among these
inline constexpr int likes_ahead = 12;  // likes that k-OS draws once; by default it draws ten

// An example whose rows, and those of the negatives that it will look at first, are on their way to the cache.
struct Prepared {
    Example example;
    bool empty = false;  // no example
    Draws draws{0};
    index_t likes[likes_ahead] = {};  // places of the first likes that were drawn, for k-OS
    int found = 0;                    // how many negatives there are
    index_t negatives[batch] = {};
};

class Worker {
public:
    // `snapshot_`: all items as they were not long ago, for looking at negatives; or nothing.
    Worker(const Model& model_, const Data& data_, const Sampling& sampling_,
           const MatrixView<const float>& snapshot_ = {})
        : model(model_),
          snapshot(snapshot_),
          data(data_),
          sampling(sampling_),
          kernels(simd::kernels().sgd),
          size(model_.size()),
          user_(size),
          toward_(size),
          slots_(model_.items.features ? (batch + 1) * size : 0) {
        use(user_.data(), toward_.data());
    }

    // Writes the vectors of the next examples to these places.
    void use(float* user, float* toward) {
        user_row = user;
        toward_row = toward;
    }

    // Sets out to what a user or item is made of.
    void represent(const Side& side, index_t i, float* out) {
        if (!side.features) {
            std::copy_n(side.table.row(i), size, out);
            return;
        }
        const SparseRow row = side.features->row(i);
        parts_.resize(row.indices.size());
        std::ranges::transform(row.indices, parts_.begin(), [&](index_t part) { return side.row(part); });
        kernels.combine(parts_.data(), row.values.data(), row.size(), size, out);
    }

    // Sets user_row to the factors of a user and 1, the factor of the items' biases; and user_bias.
    void load_user(index_t user) {
        represent(model.users, user, user_row);
        if (scales.user != 1) {
            const auto scale = static_cast<float>(scales.user);
            std::transform(user_row, user_row + size, user_row, [&](float w) { return w * scale; });
        }
        user_bias = user_row[model.factors];
        user_row[model.factors] = 1.0f;
    }

    // Returns the row of an item, yet to be multiplied by scales.item; for features it is made in a slot <= batch.
    const float* item_row(index_t item, int slot) {
        if (!model.items.features) {
            return model.items.table.row(item);
        }
        float* out = slots_.data() + slot * size;
        represent(model.items, item, out);
        return out;
    }

    // As item_row, or of the snapshot.
    const float* glance_row(index_t item, int slot) {
        return snapshot.data ? snapshot.row(item) : item_row(item, slot);
    }

    // Sets out[t] to the score of rows[t] for the loaded user, but for the user's bias; out has room for a multiple
    // of 4.
    void score(const float* const* rows, int n, float* out) const {
        kernels.scores(rows, n, user_row, size, out);
        if (scales.item != 1) {
            for (int t = 0; t < n; ++t) {
                out[t] *= static_cast<float>(scales.item);
            }
        }
    }

    // Returns the score of an item that scored so when glanced at, of its row as it is now.
    float score_now(const float* row, float glanced) const {
        if (!snapshot.data) {
            return glanced;
        }
        float out[4];
        score(&row, 1, out);
        return out[0];
    }

    // How many negatives to look at together, of `left`. Those made of features are looked at one by one: to make one
    // takes longer than a miss, and any behind the violator would be made for nothing.
    int together(int most, int left) const { return std::min(model.items.features && !snapshot.data ? 1 : most, left); }

    // Draws n items to prepared.negatives.
    void draw(Prepared& prepared, int n) const {
        prepared.found = n;
        for (int t = 0; t < n; ++t) {
            prepared.negatives[t] = next_item(prepared.draws);
        }
    }

    // Starts fetching what the next draw finds.
    void fetch_draw(const Draws& draws) const {
        if (sampling.popularity) {
            data.popularity->fetch(draws);
        }
    }

    index_t next_item(Draws& draws) const {
        return sampling.popularity ? data.popularity->draw(draws)
                                   : static_cast<index_t>(draws.below(model.items.count()));
    }

    // Whether an item may be a negative of a user; and starts fetching what tells so.
    bool eligible(index_t user, index_t item) const { return !sampling.verify || !data.likes->contains(user, item); }
    void fetch_eligible(index_t user, index_t item) const {
        if (sampling.verify) {
            data.likes->fetch(user, item);
        }
    }

    // Starts fetching all of an item, to score and move it; or what score() reads.
    void fetch_item(index_t item) const { fetch(model.items, item, model.items.table.stride); }
    void fetch_weights(index_t item) const {
        if (snapshot.data) {
            prefetch(snapshot.row(item), static_cast<std::size_t>(size) * sizeof(float));
        } else {
            fetch(model.items, item, size);
        }
    }

    // Starts fetching what an example is about: all of its rows, since most examples change them.
    void fetch(const Example& example) const {
        fetch_user(example.user);
        fetch_item(example.item);
    }
    void fetch_user(index_t user) const { fetch(model.users, user, model.users.table.stride); }

    // Sets toward_row to the direction in which the user's score of the choice grows.
    void load_direction(const Choice& choice) {
        const float* from = choice.other < 0 ? zeros() : choice.item_row;
        const float* to = choice.other < 0 ? choice.item_row : choice.other_row;
        kernels.difference(to, from, static_cast<float>(scales.item), size, toward_row);
        toward_row[model.factors] = model.user_bias ? 1.0f : 0.0f;
    }

    const Model model;
    const MatrixView<const float> snapshot;
    const Data& data;
    const Sampling& sampling;
    const simd::SgdKernels& kernels;
    const offset_t size;
    Scales scales;
    float* user_row = nullptr;
    float* toward_row = nullptr;
    float user_bias = 0;
    std::vector<index_t> places;  // of the likes that were drawn, and their scores
    std::vector<float> scores;

private:
    static void fetch(const Side& side, index_t i, offset_t floats) {
        if (!side.features) {
            prefetch(side.table.row(i), static_cast<std::size_t>(floats) * sizeof(float));
        }
    }

    const float* zeros() {
        if (zeros_.size() == 0) {
            zeros_ = AlignedBuffer<float>(size);
        }
        return zeros_.data();
    }

    AlignedBuffer<float> user_, toward_, slots_, zeros_;
    std::vector<const float*> parts_;
};

}  // namespace tastemaker::sgd
