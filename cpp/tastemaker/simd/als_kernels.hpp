// Entry points of the als kernels; one set per ISA level.
//
// `size` is the padded number of factors, a multiple of als_padding; padding holds zeros, so no kernel has a tail.
// A dense vector has `size` elements, a table or matrix has rows of `size` elements unless a stride is given.
#pragma once

#include <cstdint>

namespace tastemaker::simd {

inline constexpr std::int64_t als_padding = 16;  // one AVX-512 register, one cache line

struct AlsKernels {
    // Adds rows [first, last) of s^T y to the upper triangle of a (size x size); s and y are n x size, first and last
    // multiples of 4. Below the diagonal, a is scratch.
    void (*syrk)(const float* s, const float* y, std::int64_t n, std::int64_t size, std::int64_t first,
                 std::int64_t last, float* a, std::int64_t stride);

    // Sets out = p g for p (rows x size) and g (size x size). A row of out does not depend on the other rows of p.
    void (*gemm)(const float* p, std::int64_t rows, const float* g, std::int64_t size, float* out);

    // Factors the upper triangle of a into U^T U in place and turns the columns b, which start at a[.][size], into
    // U^-T b; inverse[i] = 1 / u_ii. Handles the first `rows` rows, a multiple of 4; stride >= size + als_padding.
    // Returns -1, or the first row whose pivot is not positive; then a is spoilt.
    std::int64_t (*cholesky)(float* a, std::int64_t stride, std::int64_t size, std::int64_t rows, float* inverse);

    // Solves U x = z after `cholesky`, where z is the column a[.][size]; sets x[0 .. size).
    void (*back_substitute)(const float* a, std::int64_t stride, std::int64_t size, std::int64_t rows,
                            const float* inverse, float* x);

    // The rows y_t of the next three are `size` columns of the rows rows[t] of a table: y_t = table + rows[t] stride.

    // Sets d[t] = y_t . p for t in [0, n). `d` has room for n rounded up to a multiple of 4. Meanwhile fetches y_t into
    // the cache for t < ahead, where `rows` holds at least `ahead` entries.
    void (*dots)(const float* table, std::int64_t stride, std::int64_t size, const std::int32_t* rows, std::int64_t n,
                 const float* p, float* d, std::int64_t ahead);

    // Adds sum_t d[t] y_t to out, in the order of t.
    void (*axpys)(const float* table, std::int64_t stride, std::int64_t size, const std::int32_t* rows, std::int64_t n,
                  const float* d, float* out);

    // Copies y_t to raw[t] and w[t] y_t to scaled[t].
    void (*gather)(const float* table, std::int64_t stride, std::int64_t size, const std::int32_t* rows, std::int64_t n,
                   const float* w, float* raw, float* scaled);

    // Returns x . y.
    float (*dot)(const float* x, const float* y, std::int64_t size);

    // One conjugate gradient step: x += step p, r -= step q. Returns r . r.
    float (*cg_step)(float* x, float* r, const float* p, const float* q, float step, std::int64_t size);

    // Adds c x to y.
    void (*axpy)(float c, const float* x, float* y, std::int64_t size);

    // Sets y = x + c y.
    void (*xpay)(const float* x, float c, float* y, std::int64_t size);
};

}  // namespace tastemaker::simd
