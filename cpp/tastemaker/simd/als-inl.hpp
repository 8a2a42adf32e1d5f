// Bodies of the als kernels, compiled once per level (see isa.cpp).
#pragma once

#include "tastemaker/simd/als_kernels.hpp"
#include "tastemaker/simd/cholesky-inl.hpp"
#include "tastemaker/simd/tile-inl.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

// Upper triangle in block rows of four; a strip starts at the vector that holds the diagonal.
inline void syrk(const float* s, const float* y, size_type step, size_type n, size_type size, size_type first,
                 size_type last, const float* base, size_type base_stride, float* a, size_type stride) {
    for (size_type i = first; i < last; i += 4) {
        for_strips<3>(i / vf::width * vf::width, size, [&]<int V>(size_type column, Constant<V>) {
            vf acc[4][V];
            clear(acc);
            tile<4, V>(s + i, step, 1, y + column, step, n, acc);
            for (int r = 0; r < 4; ++r) {
                for (int v = 0; v < V; ++v) {
                    const size_type lane = column + v * vf::width;
                    store(a + (i + r) * stride + lane, add(load(base + (i + r) * base_stride + lane), acc[r][v]));
                }
            }
        });
    }
}

// Columns [column, column + V registers) of out; `strip` holds those columns of g without gaps.
template <int R, int V>
inline void gemm_tile(const float* p, const float* strip, size_type size, float* out) {
    vf acc[R][V];
    clear(acc);
    tile<R, V>(p, 1, size, strip, V * vf::width, size, acc);
    for (int r = 0; r < R; ++r) {
        for (int v = 0; v < V; ++v) {
            store(out + r * size + v * vf::width, acc[r][v]);
        }
    }
}

// A strip is packed once for all rows: at a power of two of factors its rows would fall on a few sets of the cache.
inline void gemm(const float* p, size_type rows, const float* g, size_type size, float* strip, float* out) {
    for_strips<3>(0, size, [&]<int V>(size_type column, Constant<V>) {
        for (size_type k = 0; k < size; ++k) {
            for (int v = 0; v < V; ++v) {
                store(strip + (k * V + v) * vf::width, load(g + k * size + column + v * vf::width));
            }
        }
        size_type u = 0;
        for (; u + 4 <= rows; u += 4) {
            gemm_tile<4, V>(p + u * size, strip, size, out + u * size + column);
        }
        for (; u < rows; ++u) {
            gemm_tile<1, V>(p + u * size, strip, size, out + u * size + column);
        }
    });
}

// Four dots at once share each load of p and hide the latency of FMA. With `fetch`, four other rows are fetched
// meanwhile, a line of each per line read: a burst of prefetches would fill the queue of cache misses.
template <bool fetch>
inline void four_dots(const float* table, size_type stride, size_type size, const size_type (&y)[4],
                      const std::int32_t* others, const float* p, float* d) {
    const float* row[4];
    const float* other[4];
    vf acc[4];
    for (int r = 0; r < 4; ++r) {
        row[r] = table + y[r] * stride;
        other[r] = fetch ? table + others[r] * stride : nullptr;
        acc[r] = zero();
    }
    for (size_type k = 0; k < size; k += als_padding) {
        for (size_type lane = k; lane < k + als_padding; lane += vf::width) {
            const vf pk = load(p + lane);
            for (int r = 0; r < 4; ++r) {
                acc[r] = fma(load(row[r] + lane), pk, acc[r]);
            }
        }
        for (int r = 0; fetch && r < 4; ++r) {
            prefetch(other[r] + k);
        }
    }
    store_sums(d, acc[0], acc[1], acc[2], acc[3]);
}

inline void dots(const float* table, size_type stride, size_type size, const std::int32_t* rows, size_type n,
                 const float* p, float* d, size_type ahead) {
    constexpr size_type distance = 8;  // rows: some 50 ns of work at 64 factors, the latency of L3
    size_type t = 0;
    for (; t + 4 <= n; t += 4) {
        const size_type y[4] = {rows[t], rows[t + 1], rows[t + 2], rows[t + 3]};
        if (t + distance + 4 <= ahead) {
            four_dots<true>(table, stride, size, y, rows + t + distance, p, d + t);
        } else {
            four_dots<false>(table, stride, size, y, nullptr, p, d + t);
        }
    }
    if (t < n) {
        const size_type y[4] = {rows[t], rows[t + 1 < n ? t + 1 : t], rows[t + 2 < n ? t + 2 : t], rows[t]};
        four_dots<false>(table, stride, size, y, nullptr, p, d + t);
    }
}

// out stays in V registers while the rows stream by.
template <int V>
inline void axpys_strip(const float* table, size_type stride, const std::int32_t* rows, size_type n, const float* d,
                        float* out) {
    vf acc[V];
    for (int v = 0; v < V; ++v) {
        acc[v] = load(out + v * vf::width);
    }
    for (size_type t = 0; t < n; ++t) {
        const float* y = table + rows[t] * stride;
        const vf c = broadcast(d[t]);
        for (int v = 0; v < V; ++v) {
            acc[v] = fma(c, load(y + v * vf::width), acc[v]);
        }
    }
    for (int v = 0; v < V; ++v) {
        store(out + v * vf::width, acc[v]);
    }
}

inline void axpys(const float* table, size_type stride, size_type size, const std::int32_t* rows, size_type n,
                  const float* d, float* out) {
    size_type k = 0;
    for (; k + 8 * vf::width <= size; k += 8 * vf::width) {
        axpys_strip<8>(table + k, stride, rows, n, d, out + k);
    }
    if (k + 4 * vf::width <= size) {
        axpys_strip<4>(table + k, stride, rows, n, d, out + k);
        k += 4 * vf::width;
    }
    if (k + 2 * vf::width <= size) {
        axpys_strip<2>(table + k, stride, rows, n, d, out + k);
        k += 2 * vf::width;
    }
    if (k < size) {
        axpys_strip<1>(table + k, stride, rows, n, d, out + k);
    }
}

inline void gather(const float* table, size_type stride, size_type size, const std::int32_t* rows, size_type n,
                   const float* w, float* out, size_type step) {
    for (size_type t = 0; t < n; ++t, out += step) {
        const float* y = table + rows[t] * stride;
        const vf c = broadcast(w[t]);
        for (size_type k = 0; k < size; k += vf::width) {
            store(out + k, mul(c, load(y + k)));
        }
    }
}

// 3 x 4 dots at once: 12 chains, three registers of rows and one of a column fill the 16 of AVX2. The four columns stay
// in L1 while the rows stream by.
inline void row_products(const float* z, size_type size, size_type n, float* a, size_type stride) {
    for (size_type j = 0; j < n; j += 4) {
        for (size_type begin = 0; begin < j + 4; begin += 3) {
            const size_type i = begin < j + 1 ? begin : j + 1;
            vf acc[3][4];
            clear(acc);
            for (size_type k = 0; k < size; k += vf::width) {
                const vf rows[3] = {load(z + i * size + k), load(z + (i + 1) * size + k), load(z + (i + 2) * size + k)};
                for (int c = 0; c < 4; ++c) {
                    const vf column = load(z + (j + c) * size + k);
                    for (int r = 0; r < 3; ++r) {
                        acc[r][c] = fma(rows[r], column, acc[r][c]);
                    }
                }
            }
            for (int r = 0; r < 3; ++r) {
                store_sums(a + (i + r) * stride + j, acc[r][0], acc[r][1], acc[r][2], acc[r][3]);
            }
        }
    }
}

inline float dot(const float* x, const float* y, size_type size) {
    vf acc = zero();
    for (size_type k = 0; k < size; k += vf::width) {
        acc = fma(load(x + k), load(y + k), acc);
    }
    return sum(acc);
}

inline void diagonal(const float* g, float ridge, const float* p, float* q, size_type size) {
    const vf shift = broadcast(ridge);
    for (size_type k = 0; k < size; k += vf::width) {
        store(q + k, mul(add(load(g + k), shift), load(p + k)));
    }
}

inline float cg_start(const float* m, const float* q, float* r, float* p, size_type size) {
    vf acc = zero();
    for (size_type k = 0; k < size; k += vf::width) {
        const vf rk = sub(zero(), load(q + k));
        const vf zk = mul(load(m + k), rk);
        store(r + k, rk);
        store(p + k, zk);
        acc = fma(rk, zk, acc);
    }
    return sum(acc);
}

inline float cg_step(const float* m, const float* p, const float* q, float step, float* x, float* r, size_type size) {
    const vf up = broadcast(step);
    const vf down = broadcast(-step);
    vf acc = zero();
    for (size_type k = 0; k < size; k += vf::width) {
        store(x + k, fma(up, load(p + k), load(x + k)));
        const vf rk = fma(down, load(q + k), load(r + k));
        store(r + k, rk);
        acc = fma(rk, mul(load(m + k), rk), acc);
    }
    return sum(acc);
}

inline void cg_turn(const float* m, const float* r, float beta, float* p, size_type size) {
    const vf scale = broadcast(beta);
    for (size_type k = 0; k < size; k += vf::width) {
        store(p + k, fma(scale, load(p + k), mul(load(m + k), load(r + k))));
    }
}

inline void rotate(float* a, float* b, float c, float s, size_type size) {
    const vf cosine = broadcast(c);
    const vf sine = broadcast(s);
    for (size_type k = 0; k < size; k += vf::width) {
        const vf ak = load(a + k);
        const vf bk = load(b + k);
        store(a + k, sub(mul(cosine, ak), mul(sine, bk)));
        store(b + k, fma(sine, ak, mul(cosine, bk)));
    }
}

inline void axpy(float c, const float* x, float* y, size_type size) {
    const vf scale = broadcast(c);
    for (size_type k = 0; k < size; k += vf::width) {
        store(y + k, fma(scale, load(x + k), load(y + k)));
    }
}

constexpr AlsKernels als_kernels() {
    return {syrk, gemm,     cholesky, back_substitute, dots,    axpys,  gather, row_products,
            dot,  diagonal, cg_start, cg_step,         cg_turn, rotate, axpy};
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
