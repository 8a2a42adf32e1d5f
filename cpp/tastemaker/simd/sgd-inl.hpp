// Bodies of the sgd kernels, compiled once per level (see isa.cpp).
#pragma once

#include "tastemaker/simd/sgd_kernels.hpp"
#include "tastemaker/simd/tile-inl.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

// Up to four dots at once share the loads of x and hide the latency of FMA.
template <int R>
inline void scores_of(const float* const* rows, const float* x, size_type size, float* out) {
    vf acc[4] = {zero(), zero(), zero(), zero()};
    for (size_type k = 0; k < size; k += vf::width) {
        const vf xk = load(x + k);
        for (int r = 0; r < R; ++r) {
            acc[r] = fma(load(rows[r] + k), xk, acc[r]);
        }
    }
    store_sums(out, acc[0], acc[1], acc[2], acc[3]);
}

inline void scores(const float* const* rows, size_type n, const float* x, size_type size, float* out) {
    for (; n >= 4; n -= 4, rows += 4, out += 4) {
        scores_of<4>(rows, x, size, out);
    }
    switch (n) {
        case 1:
            return scores_of<1>(rows, x, size, out);
        case 2:
            return scores_of<2>(rows, x, size, out);
        case 3:
            return scores_of<3>(rows, x, size, out);
        default:
            return;
    }
}

inline void combine(const float* const* rows, const float* weights, size_type n, size_type size, float* out) {
    for_strips<8>(0, size, [&]<int V>(size_type column, Constant<V>) {
        vf acc[V];
        for (int v = 0; v < V; ++v) {
            acc[v] = zero();
        }
        for (size_type t = 0; t < n; ++t) {
            const float* row = rows[t] + column;
            const vf c = broadcast(weights[t]);
            for (int v = 0; v < V; ++v) {
                acc[v] = fma(c, load(row + v * vf::width), acc[v]);
            }
        }
        for (int v = 0; v < V; ++v) {
            store(out + column + v * vf::width, acc[v]);
        }
    });
}

inline void difference(const float* a, const float* b, float c, size_type size, float* out) {
    const vf scale = broadcast(c);
    for (size_type k = 0; k < size; k += vf::width) {
        store(out + k, mul(scale, sub(load(a + k), load(b + k))));
    }
}

// The rates of the weights at k, zero for padding.
inline vf without_padding(vf rates, size_type k, size_type weights) {
    if (k + vf::width <= weights) {
        return rates;
    }
    float lanes[vf::width];
    store(lanes, rates);
    for (size_type lane = weights > k ? weights - k : 0; lane < vf::width; ++lane) {
        lanes[lane] = 0.0f;
    }
    return load(lanes);
}

// The rate of step t falls with the gradients of steps before t (Duchi et al., 2011):
//   rate = learning_rate / sqrt(G),  w -= rate gradient,  G += gradient^2
template <bool Grow>
inline float adagrad_body(float* row, const float* g, float c, size_type size, const SgdStep& step) {
    const vf scale = broadcast(c);
    const vf learning_rate = broadcast(step.learning_rate);
    const vf growth = broadcast(step.growth);
    vf rates = zero();
    for (size_type k = 0; k < size; k += vf::width) {
        float* w = row + k;
        float* squares = w + size;
        const vf gradient = mul(scale, load(g + k));
        const vf before = load(squares);
        const vf rate = mul(learning_rate, rsqrt(before));
        vf next = sub(load(w), mul(rate, gradient));
        if constexpr (Grow) {
            next = fma(mul(growth, rate), next, next);
            rates = add(rates, without_padding(rate, k, step.weights));
        }
        store(w, next);
        store(squares, fma(gradient, gradient, before));
    }
    return Grow ? sum(rates) : 0.0f;
}

inline float adagrad(float* row, const float* g, float c, size_type size, const SgdStep& step) {
    return step.growth != 0 ? adagrad_body<true>(row, g, c, size, step) : adagrad_body<false>(row, g, c, size, step);
}

// The rate knows the gradient of its own step too, for large and few steps:
//   G += gradient^2,  w -= learning_rate / sqrt(epsilon + G) gradient
inline float adagrad_after(float* row, const float* g, float c, size_type size, const SgdStep& step) {
    const vf scale = broadcast(c);
    const vf learning_rate = broadcast(step.learning_rate);
    const vf epsilon = broadcast(step.epsilon);
    for (size_type k = 0; k < size; k += vf::width) {
        float* w = row + k;
        float* squares = w + size;
        const vf gradient = mul(scale, load(g + k));
        const vf sum = fma(gradient, gradient, load(squares));
        store(squares, sum);
        store(w, sub(load(w), mul(mul(learning_rate, rsqrt(add(sum, epsilon))), gradient)));
    }
    return 0.0f;
}

// Rates from running means of squares of gradients (G) and of steps (M), which make a learning rate needless
// (Zeiler, 2012):
//   G = rho G + (1 - rho) gradient^2,  rate = sqrt(M + epsilon) / sqrt(G + epsilon),
//   step = rate gradient,  M = rho M + (1 - rho) step^2,  w -= step
template <bool Grow>
inline float adadelta_body(float* row, const float* g, float c, size_type size, const SgdStep& step) {
    const vf scale = broadcast(c);
    const vf rho = broadcast(step.rho);
    const vf rest = broadcast(1.0f - step.rho);
    const vf epsilon = broadcast(step.epsilon);
    const vf growth = broadcast(step.growth);
    vf rates = zero();
    for (size_type k = 0; k < size; k += vf::width) {
        float* w = row + k;
        float* squares = w + size;
        float* steps = squares + size;
        const vf gradient = mul(scale, load(g + k));
        const vf mean = fma(rho, load(squares), mul(rest, mul(gradient, gradient)));
        const vf moved = load(steps);
        const vf numerator = add(moved, epsilon);
        // sqrt(x) = x / sqrt(x)
        const vf rate = mul(mul(numerator, rsqrt(numerator)), rsqrt(add(mean, epsilon)));
        const vf by = mul(rate, gradient);
        vf next = sub(load(w), by);
        if constexpr (Grow) {
            next = fma(mul(growth, rate), next, next);
            rates = add(rates, without_padding(rate, k, step.weights));
        }
        store(w, next);
        store(squares, mean);
        store(steps, fma(rho, moved, mul(rest, mul(by, by))));
    }
    return Grow ? sum(rates) : 0.0f;
}

inline float adadelta(float* row, const float* g, float c, size_type size, const SgdStep& step) {
    return step.growth != 0 ? adadelta_body<true>(row, g, c, size, step) : adadelta_body<false>(row, g, c, size, step);
}

inline float descend(float* row, const float* g, float c, size_type size, const SgdStep& step) {
    const vf along = broadcast(-step.learning_rate * c);
    const vf keep = broadcast(1.0f - step.learning_rate * step.decay);
    for (size_type k = 0; k < size; k += vf::width) {
        store(row + k, fma(along, load(g + k), mul(keep, load(row + k))));
    }
    return 0.0f;
}

// x with `value` in lane `lane`, if there is such a lane.
inline vf with_lane(vf x, size_type lane, float value) {
    if (lane < 0 || lane >= vf::width) {
        return x;
    }
    float lanes[vf::width];
    store(lanes, x);
    lanes[lane] = value;
    return load(lanes);
}

// Calls user_step, item_step(weights, gradient) for each register of the three rows.
template <class UserStep, class ItemStep>
inline void compare(const SgdRows& rows, float c, size_type size, UserStep user_step, ItemStep item_step) {
    const vf scale = broadcast(c);
    for (size_type k = 0; k < size; k += vf::width) {
        const vf toward = sub(load(rows.other + k), load(rows.item + k));
        const vf along = mul(scale, load(rows.x + k));
        item_step(rows.item + k, sub(zero(), along));
        item_step(rows.other + k, along);
        user_step(rows.user + k, mul(scale, with_lane(toward, rows.bias - k, rows.user_bias)));
    }
}

inline void adagrad_rows(const SgdRows& rows, float c, size_type size, const SgdStep& user, const SgdStep& item) {
    const auto with_rate = [&](float learning_rate) {
        return [rate = broadcast(learning_rate), size](float* w, vf gradient) {
            const vf before = load(w + size);
            store(w, sub(load(w), mul(mul(rate, rsqrt(before)), gradient)));
            store(w + size, fma(gradient, gradient, before));
        };
    };
    compare(rows, c, size, with_rate(user.learning_rate), with_rate(item.learning_rate));
}

inline void descend_rows(const SgdRows& rows, float c, size_type size, const SgdStep& user, const SgdStep& item) {
    const auto with_rates = [&](const SgdStep& step) {
        return [rate = broadcast(-step.learning_rate), keep = broadcast(1.0f - step.learning_rate * step.decay)](
                   float* w, vf gradient) { store(w, fma(rate, gradient, mul(keep, load(w)))); };
    };
    compare(rows, c, size, with_rates(user), with_rates(item));
}

constexpr SgdKernels sgd_kernels() {
    constexpr size_type padding = vf::width < 8 ? 8 : vf::width;
    return {padding,       scores,   combine, difference,   adagrad,
            adagrad_after, adadelta, descend, adagrad_rows, descend_rows};
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
