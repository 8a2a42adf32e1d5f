// What the tests of stochastic gradient descent work on.
#pragma once

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/sgd/problem.hpp"

namespace tastemaker {

inline std::vector<float> random_floats(offset_t n, float low, float high, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(low, high);
    std::vector<float> values(static_cast<std::size_t>(n));
    std::ranges::generate(values, [&] { return uniform(random); });
    return values;
}

// Interactions of users with every third item or so; user 0 likes all.
struct Interactions {
    explicit Interactions(index_t users, index_t items_) : items(items_) {
        std::mt19937 random(1);
        for (index_t user = 0; user < users; ++user) {
            for (index_t item = 0; item < items; ++item) {
                if (user == 0 || random() % 3 == 0) {
                    indices.push_back(item);
                }
            }
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
    }
    CsrView view() const {
        return {static_cast<index_t>(indptr.size() - 1), items, indptr.data(), indices.data(), nullptr};
    }

    index_t items;
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
};

// Parameters of both sides for Adagrad.
struct Tables {
    Tables(index_t users, index_t items, index_t factors_)
        : factors(factors_), size(sgd::row_size(factors)), user(side(users, 1)), item(side(items, 2)) {}

    sgd::Model model(float growth) {
        sgd::Model made;
        made.factors = factors;
        for (auto [side, data] : {std::pair{&made.users, &user}, std::pair{&made.items, &item}}) {
            side->table = {data->data(), data->size() / (2 * size), static_cast<index_t>(size), 2 * size};
            side->step = {0.05f, 0.0f, 0.0f, factors + 1, growth, 0.0f};
        }
        return made;
    }

    AlignedBuffer<float> side(index_t rows, unsigned seed) const {
        AlignedBuffer<float> data(rows * 2 * size);
        const std::vector<float> start = random_floats(rows * size, -0.1f, 0.1f, seed);
        for (offset_t i = 0; i < rows; ++i) {
            std::fill_n(data.data() + i * 2 * size + size, size, 1.0f);
            std::copy_n(start.data() + i * size, factors, data.data() + i * 2 * size);
        }
        return data;
    }

    index_t factors;
    offset_t size;
    AlignedBuffer<float> user, item;
};

}  // namespace tastemaker
