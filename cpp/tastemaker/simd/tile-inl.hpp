// tile: the one register-blocked product behind the Gram matrix, SYRK, GEMM and Cholesky.
#pragma once

#include "tastemaker/simd/vec-inl.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

using size_type = std::int64_t;

// A compile-time number handed to a generic lambda.
template <int N>
struct Constant {
    static constexpr int value = N;
};

// Adds sum_t s[t * s_step + r * s_row] * b[t * b_step + lane] for t in [0, n) to acc[r][.].
// 4 rows x 3 vectors are 12 independent chains: enough to hide an FMA latency of 4-5 cycles at two per cycle, and with
// 3 vectors of b and one broadcast they fill the 16 registers of AVX2. The sum runs over t in order, whatever R and V.
template <int R, int V>
inline void tile(const float* s, size_type s_step, size_type s_row, const float* b, size_type b_step, size_type n,
                 vf (&acc)[R][V]) {
    for (size_type t = 0; t < n; ++t) {
        vf y[V];
        for (int v = 0; v < V; ++v) {
            y[v] = load(b + t * b_step + v * vf::width);
        }
        for (int r = 0; r < R; ++r) {
            const vf x = broadcast(s[t * s_step + r * s_row]);
            for (int v = 0; v < V; ++v) {
                acc[r][v] = fma(x, y[v], acc[r][v]);
            }
        }
    }
}

template <int R, int V>
inline void clear(vf (&acc)[R][V]) {
    for (int r = 0; r < R; ++r) {
        for (int v = 0; v < V; ++v) {
            acc[r][v] = zero();
        }
    }
}

// Calls fn(column, Constant<V>) for strips of at most Max vectors that cover the columns [first, last).
// Requires whole vectors. A single vector is left over only where there is no other way: a tile of width 1 waits for
// its own sums.
template <int Max, class Fn>
inline void for_strips(size_type first, size_type last, Fn fn) {
    if constexpr (Max == 1) {
        for (; first < last; first += vf::width) {
            fn(first, Constant<1>{});
        }
    } else {
        const auto left = [&] { return (last - first) / vf::width; };
        while (left() >= Max && left() != Max + 1) {
            fn(first, Constant<Max>{});
            first += Max * vf::width;
        }
        for_strips<Max == 3 ? 2 : (Max + 1) / 2>(first, last, fn);
    }
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
