// Entry points of the sgd kernels; one set per ISA level.
//
// `size` is the padded number of weights of a row, a multiple of `padding`. A row of a table holds them and then, at
// row + size and row + 2 size, what the optimiser remembers of each weight. Padding has gradients of zero and so keeps
// weights of zero; no kernel has a tail.
#pragma once

#include <cstdint>

namespace tastemaker::simd {

// What a step does beside following the gradient.
struct SgdStep {
    float learning_rate = 0;
    float rho = 0;
    float epsilon = 0;
    std::int64_t weights = 0;  // of a row, without padding
    float growth = 0;          // w is multiplied by 1 + growth * rate after the step; 0: not at all
    float decay = 0;           // w is shrunk by learning_rate * decay * w in the step
};

// The rows of a comparison: where they are, and the user's before it as a gradient, with 1 for the bias.
struct SgdRows {
    float* user;
    float* item;
    float* other;
    const float* x;
    std::int64_t bias;  // its place in a row
    float user_bias;    // the gradient of the user's bias
};

struct SgdKernels {
    std::int64_t padding;  // a register, and with the state half a cache line at least

    // Sets out[t] = rows[t] . x for t in [0, n); out has room for a multiple of 4.
    void (*scores)(const float* const* rows, std::int64_t n, const float* x, std::int64_t size, float* out);

    // Sets out = sum_t weights[t] rows[t], in the order of t.
    void (*combine)(const float* const* rows, const float* weights, std::int64_t n, std::int64_t size, float* out);

    // Sets out = c (a - b).
    void (*difference)(const float* a, const float* b, float c, std::int64_t size, float* out);

    // The steps of the optimisers, along the gradient c g. They return the sum of the rates of all weights when
    // step.growth is not 0, else 0.
    float (*adagrad)(float* row, const float* g, float c, std::int64_t size, const SgdStep& step);
    float (*adagrad_after)(float* row, const float* g, float c, std::int64_t size, const SgdStep& step);
    float (*adadelta)(float* row, const float* g, float c, std::int64_t size, const SgdStep& step);
    float (*descend)(float* row, const float* g, float c, std::int64_t size, const SgdStep& step);

    // The three steps of a comparison in one pass, for three different rows and no growth: the item along -c x, the
    // other along c x, the user along c (other - item).
    void (*adagrad_rows)(const SgdRows& rows, float c, std::int64_t size, const SgdStep& user, const SgdStep& item);
    void (*descend_rows)(const SgdRows& rows, float c, std::int64_t size, const SgdStep& user, const SgdStep& item);
};

}  // namespace tastemaker::simd
