// Left-looking Cholesky factorisation in register tiles.
#pragma once

#include "tastemaker/simd/tile-inl.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

// Factors the 4 x 4 block at `a` (row-major, upper triangle) into U^T U in place; inverse[r] = 1 / u_rr.
// Returns the first row whose pivot is not positive (or NaN), else 4.
inline int factor_block(float* a, size_type stride, float* inverse) {
    for (int r = 0; r < 4; ++r) {
        float pivot = a[r * stride + r];
        for (int q = 0; q < r; ++q) {
            pivot -= a[q * stride + r] * a[q * stride + r];
        }
        if (!(pivot > 0.0f)) {
            return r;
        }
        inverse[r] = 1.0f / __builtin_sqrtf(pivot);
        for (int c = r + 1; c < 4; ++c) {
            float u = a[r * stride + c];
            for (int q = 0; q < r; ++q) {
                u -= a[q * stride + r] * a[q * stride + c];
            }
            a[r * stride + c] = u * inverse[r];
        }
        a[r * stride + r] = pivot * inverse[r];
    }
    return 4;
}

// Sets u to rows i .. i+3 of A minus what the rows above explain, on V vectors of columns.
template <int V>
inline void load_remainder(const float* a, size_type stride, size_type i, size_type column, vf (&u)[4][V]) {
    clear(u);
    tile<4, V>(a + i, stride, 1, a + column, stride, i, u);
    for (int r = 0; r < 4; ++r) {
        for (int v = 0; v < V; ++v) {
            u[r][v] = sub(load(a + (i + r) * stride + column + v * vf::width), u[r][v]);
        }
    }
}

template <int V>
inline void store_rows(float* a, size_type stride, size_type i, size_type column, const vf (&u)[4][V]) {
    for (int r = 0; r < 4; ++r) {
        for (int v = 0; v < V; ++v) {
            store(a + (i + r) * stride + column + v * vf::width, u[r][v]);
        }
    }
}

// Solves U_ii^T u = u, where U_ii is the factored 4 x 4 block at `diagonal`.
template <int V>
inline void solve_rows(const float* diagonal, size_type stride, const float* inverse, vf (&u)[4][V]) {
    for (int r = 0; r < 4; ++r) {
        for (int q = 0; q < r; ++q) {
            const vf c = broadcast(-diagonal[q * stride + r]);
            for (int v = 0; v < V; ++v) {
                u[r][v] = fma(c, u[q][v], u[r][v]);
            }
        }
        for (int v = 0; v < V; ++v) {
            u[r][v] = mul(broadcast(inverse[r]), u[r][v]);
        }
    }
}

// Left-looking: the tile of a block row stays in registers over all rows above it, is then solved against its diagonal
// block and stored once. The column b rides along, so the forward substitution costs one more vector.
inline size_type cholesky(float* a, size_type stride, size_type size, size_type rows, float* inverse) {
    for (size_type i = 0; i < rows; i += 4) {
        // Strips start at a whole vector: entries left of the diagonal are computed and never used.
        const size_type first = i / vf::width * vf::width;
        float* diagonal = a + i * stride + i;
        int good = 4;
        for_strips<3>(first, size + vf::width, [&]<int V>(size_type column, Constant<V>) {
            vf u[4][V];
            load_remainder<V>(a, stride, i, column, u);
            if (column == first) {
                store_rows<V>(a, stride, i, column, u);
                good = factor_block(diagonal, stride, inverse + i);
            }
            solve_rows<V>(diagonal, stride, inverse + i, u);
            store_rows<V>(a, stride, i, column, u);
        });
        if (good < 4) {
            return i + good;
        }
    }
    return -1;
}

// Block rows from the last to the first: four dots with the part of x that is known, then a 4 x 4 triangle.
inline void back_substitute(const float* a, size_type stride, size_type size, size_type rows, const float* inverse,
                            float* x) {
    for (size_type j = 0; j < size; ++j) {
        x[j] = 0.0f;
    }
    for (size_type i = rows - 4; i >= 0; i -= 4) {
        vf acc[4] = {zero(), zero(), zero(), zero()};
        // x is still zero in this block, so the vector that holds the diagonal adds only its known right part.
        for (size_type j = i / vf::width * vf::width; j < size; j += vf::width) {
            const vf xj = load(x + j);
            for (int r = 0; r < 4; ++r) {
                acc[r] = fma(load(a + (i + r) * stride + j), xj, acc[r]);
            }
        }
        float known[4];
        store_sums(known, acc[0], acc[1], acc[2], acc[3]);
        for (int r = 3; r >= 0; --r) {
            float rest = a[(i + r) * stride + size] - known[r];
            for (int q = r + 1; q < 4; ++q) {
                rest -= a[(i + r) * stride + i + q] * x[i + q];
            }
            x[i + r] = rest * inverse[i + r];
        }
    }
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
