// Entry points of the als kernels; one set per ISA level.
//
// `size` is the padded number of factors, a multiple of als_padding; padding holds zeros, so no kernel has a tail.
// A dense vector has `size` elements, a table or matrix has rows of `size` elements unless a stride is given.
#pragma once

#include <cstdint>

namespace tastemaker::simd {

inline constexpr std::int64_t als_padding = 16;  // one AVX-512 register, one cache line
inline constexpr std::int64_t als_strip = 48;    // three AVX-512 registers: the widest strip of columns of a product

struct AlsKernels {
    // Sets rows [first, last) of the upper triangle of a to base + s^T y; a and base are size x size and may be the
    // same, s and y are n x size with rows `step` apart, first and last multiples of 4. Below the diagonal, a is
    // scratch.
    void (*syrk)(const float* s, const float* y, std::int64_t step, std::int64_t n, std::int64_t size,
                 std::int64_t first, std::int64_t last, const float* base, std::int64_t base_stride, float* a,
                 std::int64_t stride);

    // Sets out = p g for p (rows x size) and g (size x size). A row of out does not depend on the other rows of p.
    // `strip` is scratch for size x als_strip floats.
    void (*gemm)(const float* p, std::int64_t rows, const float* g, std::int64_t size, float* strip, float* out);

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

    // Sets row t of out to w[t] y_t; its rows are `step` apart.
    void (*gather)(const float* table, std::int64_t stride, std::int64_t size, const std::int32_t* rows, std::int64_t n,
                   const float* w, float* out, std::int64_t step);

    // Sets a[i][j] = z_i . z_j for i <= j < n, a multiple of 4; the rows of z have `size` elements. Below the diagonal,
    // a is scratch.
    void (*row_products)(const float* z, std::int64_t size, std::int64_t n, float* a, std::int64_t stride);

    // Returns x . y.
    float (*dot)(const float* x, const float* y, std::int64_t size);

    // Sets q = (g + ridge) p, element by element.
    void (*diagonal)(const float* g, float ridge, const float* p, float* q, std::int64_t size);

    // Conjugate gradients with the preconditioner m, a diagonal. Start from q = A x - b: r = -q, p = m r.
    // Returns r . m r.
    float (*cg_start)(const float* m, const float* q, float* r, float* p, std::int64_t size);

    // One step: x += step p, r -= step q. Returns r . m r.
    float (*cg_step)(const float* m, const float* p, const float* q, float step, float* x, float* r, std::int64_t size);

    // The next direction: p = m r + beta p.
    void (*cg_turn)(const float* m, const float* r, float beta, float* p, std::int64_t size);

    // Turns the pair of vectors: a = c a - s b, b = s a + c b.
    void (*rotate)(float* a, float* b, float c, float s, std::int64_t size);

    // Adds c x to y.
    void (*axpy)(float c, const float* x, float* y, std::int64_t size);
};

}  // namespace tastemaker::simd
