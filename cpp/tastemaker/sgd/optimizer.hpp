// Optimisers: how a row follows a gradient, and what the regularisation of its parameters sees of that.
#pragma once

#include "tastemaker/sgd/worker.hpp"

namespace tastemaker::sgd {

// `state`: how many vectors a row holds beside the weights. `rows`: a comparison in one pass; null: there is none.
struct Adagrad {
    static constexpr int state = 1;
    static constexpr int summed = 1;  // of them, sums over what was seen
    static constexpr auto step = &simd::SgdKernels::adagrad;
    static constexpr auto rows = &simd::SgdKernels::adagrad_rows;
};

struct Adadelta {
    static constexpr int state = 2;
    static constexpr int summed = 0;  // of them, sums over what was seen
    static constexpr auto step = &simd::SgdKernels::adadelta;
    static constexpr auto rows = nullptr;
};

struct Descent {
    static constexpr int state = 0;
    static constexpr int summed = 0;  // of them, sums over what was seen
    static constexpr auto step = &simd::SgdKernels::descend;
    static constexpr auto rows = &simd::SgdKernels::descend_rows;
};

struct Anyone {
    bool operator()(index_t) const { return true; }
};

// Moves those parameters of i whose row the caller owns along -c g; returns the sum of their rates, see SgdKernels.
template <class Optimizer, class Owns = Anyone>
float follow(const simd::SgdKernels& kernels, const Side& side, index_t i, const float* g, float c, offset_t size,
             Owns owns = {}) {
    const auto step = kernels.*Optimizer::step;
    if (side.frozen) {
        return 0.0f;
    }
    if (!side.features) {
        return owns(i) ? step(side.row(i), g, c, size, side.step) : 0.0f;
    }
    float rates = 0;
    const SparseRow row = side.features->row(i);
    for (offset_t t = 0; t < row.size(); ++t) {
        const index_t part = row.indices[static_cast<std::size_t>(t)];
        if (owns(part)) {
            rates += step(side.row(part), g, c * row.value(t), size, side.step);
        }
    }
    return rates;
}

// Moves what a choice touches and the caller owns; returns the sum of the rates. A comparison raises the item and
// lowers the other. `user_row` and `toward_row` are the worker's, of before.
template <class Optimizer, class Owns = Anyone>
float apply(const simd::SgdKernels& kernels, const Model& model, index_t user, const Choice& choice,
            const float* user_row, const float* toward_row, Owns owns = {}) {
    const auto move = [&](const Side& side, index_t i, const float* g, float c) {
        return follow<Optimizer>(kernels, side, i, g, c, model.size(), owns);
    };
    float rates = 0;
    if (choice.other < 0) {
        rates += move(model.items, choice.item, user_row, choice.gradient);
    } else {
        rates += move(model.items, choice.item, user_row, -choice.gradient);
        rates += move(model.items, choice.other, user_row, choice.gradient);
    }
    return rates + move(model.users, user, toward_row, choice.gradient);
}

// Moves what a choice touches from what the worker has loaded; returns the sum of the rates.
template <class Optimizer>
float move(Worker& worker, index_t user, const Choice& choice) {
    const Model& model = worker.model;
    if constexpr (Optimizer::rows != nullptr) {
        if (model.plain() && choice.other >= 0 && choice.other != choice.item) {
            const simd::SgdRows rows{model.users.table.row(user),
                                     model.items.table.row(choice.item),
                                     model.items.table.row(choice.other),
                                     worker.user_row,
                                     model.factors,
                                     model.user_bias ? 1.0f : 0.0f};
            (worker.kernels.*Optimizer::rows)(rows, choice.gradient, model.size(), model.users.step, model.items.step);
            return 0.0f;
        }
    }
    worker.load_direction(choice);
    return apply<Optimizer>(worker.kernels, model, user, choice, worker.user_row, worker.toward_row);
}

// Regularisation is lazy: instead of shrinking every parameter at every example, those that an example touches grow,
// and at the end of the epoch all are divided by what a parameter with the average rate would have grown to.
inline void grow(const Model& model, index_t user, const Choice& choice, double rates, Scales& scales) {
    const index_t parts = model.users.parts(user) + model.items.parts(choice.item) +
                          (choice.other < 0 ? 0 : model.items.parts(choice.other));
    const double rate = rates / std::max(static_cast<double>(model.factors + 1) * parts, 1.0);
    scales.item *= 1.0 + static_cast<double>(model.items.step.growth) * rate;
    scales.user *= 1.0 + static_cast<double>(model.users.step.growth) * rate;
}

}  // namespace tastemaker::sgd
