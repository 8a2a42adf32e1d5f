// The exact solution of a short row from a system of the size of the row, not of the factors.
//
// In the axes of the Gram matrix A = D + Y_u^T W Y_u with D diagonal, and by Woodbury's identity
//   A^-1 Y_u^T c = D^-1 Y_u^T R (I + Z Z^T)^-1 R^-1 c,   R = W^1/2,  Z = R Y_u D^-1/2.
// Z Z^T is n x n and costs n^2 f instead of n f^2, its factorisation n^3 / 3 instead of f^3 / 3. Since D holds
// w0 Y^T Y, the eigenvalues of I + Z Z^T lie between 1 and 1 + max w / w0.
#pragma once

#include "tastemaker/als/cholesky.hpp"

namespace tastemaker::als {

// Longer rows are solved sooner in all columns: Z Z^T is a sum of dot products, which costs more per flop. Measured.
inline offset_t short_row(offset_t size) {
    return size * 3 / 4;
}

// Scratch of one worker.
struct DualScratch {
    explicit DualScratch(offset_t size)
        : inverse(size), root(size), c(size), w(size), t(size), z(checked_mul(short_row(size) + 16, size)) {}

    AlignedBuffer<float> inverse, root;  // of D
    AlignedBuffer<float> c, w, t;        // by entry
    AlignedBuffer<float> z;
};

// Whether D can be inverted in float without loss.
inline bool invertible(const Shared& shared, float ridge) {
    const auto [least, most] = std::minmax_element(shared.diagonal, shared.diagonal + shared.y.cols);
    return *least + ridge > 1e-5f * (*most + ridge);
}

// Whether D and the weights leave the identity its precision in float.
inline bool dual_is_stable(const Shared& shared, float ridge, const float* w, const float* c, offset_t n, float w0) {
    return invertible(shared, ridge) &&
           std::all_of(w, w + n, [&](float x) { return 1e-3f * w0 <= x && x <= 1e3f * w0; }) &&
           std::all_of(c, c + n, [](float x) { return std::isfinite(x); });
}

// Sets x to the solution of A x = b; false where the row is too long or the identity not stable. Requires
// shared.in_axes.
inline bool solve_dual(const simd::AlsKernels& kernels, const Shared& shared, const Problem& problem,
                       const SparseRow& row, float* x, CholeskyScratch& system, DualScratch& s) {
    const offset_t size = shared.size();
    const offset_t n = row.size();
    const float ridge = problem.ridge(n, shared.y.rows);
    if (n > short_row(size)) {
        return false;
    }
    write_terms(problem, row, s.w.data(), s.c.data());
    if (!dual_is_stable(shared, ridge, s.w.data(), s.c.data(), n, problem.unobserved_weight)) {
        return false;
    }
    write_inverse(shared, ridge, s.inverse.data());
    std::transform(s.inverse.begin(), s.inverse.end(), s.root.begin(), [](float d) { return std::sqrt(d); });
    std::transform(s.w.data(), s.w.data() + n, s.w.data(), [](float w) { return std::sqrt(w); });

    const offset_t padded = round_up(n, simd::als_padding);
    const index_t* columns = row.indices.data();
    kernels.gather(shared.y.data, size, size, columns, n, s.w.data(), s.z.data(), size);
    for (offset_t t = 0; t < n; ++t) {
        kernels.diagonal(s.root.data(), 0, s.z.data() + t * size, s.z.data() + t * size, size);
    }
    std::fill_n(s.z.data() + n * size, (padded - n) * size, 0.0f);
    float* a = system.a.data();
    kernels.row_products(s.z.data(), size, padded, a, system.stride);
    for (offset_t t = 0; t < padded; ++t) {
        a[t * (system.stride + 1)] += 1.0f;
        a[t * system.stride + padded] = t < n ? s.c[t] / s.w[t] : 0.0f;
    }
    const offset_t rows = round_up(n, 4);
    if (kernels.cholesky(a, system.stride, padded, rows, system.inverse.data()) >= 0) {
        return false;
    }
    kernels.back_substitute(a, system.stride, padded, rows, system.inverse.data(), s.t.data());
    std::transform(s.t.data(), s.t.data() + n, s.w.data(), s.t.data(), std::multiplies<>());
    std::fill_n(x, size, 0.0f);
    kernels.axpys(shared.y.data, size, size, columns, n, s.t.data(), x);
    kernels.diagonal(s.inverse.data(), 0, x, x, size);
    return true;
}

}  // namespace tastemaker::als
