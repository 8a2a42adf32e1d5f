// Bodies of the topn kernels, compiled once per level (see isa.cpp).
#include "tastemaker/simd/topn_kernels.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

// A tile of Rows x 3 accumulators hides the latency of fma (4 cycles x 2 per cycle = 8 in flight) and, with three
// registers for items and one for a query, just fits the register file: 4 x 3 of 16, 8 x 3 of 32.
constexpr int topn_panel_width = 3 * vf::width;
constexpr int topn_tile_rows = vf::registers >= 32 ? 8 : 4;

template <int Rows>
inline void topn_score_rows(const float* const* queries, const float* panel, int factors, const float* thresholds,
                            float* scores, std::uint64_t* hits) {
    constexpr int W = vf::width;
    const float* q[Rows];
    vf s[Rows][3];
    for (int r = 0; r < Rows; ++r) {
        q[r] = queries[r];
        s[r][0] = s[r][1] = s[r][2] = zero();
    }
    for (int k = 0; k < factors; ++k, panel += topn_panel_width) {
        const vf y0 = load(panel);
        const vf y1 = load(panel + W);
        const vf y2 = load(panel + 2 * W);
        for (int r = 0; r < Rows; ++r) {
            const vf x = broadcast(q[r][k]);
            s[r][0] = fma(x, y0, s[r][0]);
            s[r][1] = fma(x, y1, s[r][1]);
            s[r][2] = fma(x, y2, s[r][2]);
        }
    }
    for (int r = 0; r < Rows; ++r) {
        const vf t = broadcast(thresholds[r]);
        hits[r] = 0;
        for (int v = 0; v < 3; ++v) {
            hits[r] |= static_cast<std::uint64_t>(greater_equal(s[r][v], t)) << (v * W);
        }
        if (hits[r]) {
            for (int v = 0; v < 3; ++v) {
                store(scores + r * topn_panel_width + v * W, s[r][v]);
            }
        }
    }
}

inline void topn_score_tile(const float* const* queries, int rows, const float* panel, int factors,
                            const float* thresholds, float* scores, std::uint64_t* hits) {
    using Body = void (*)(const float* const*, const float*, int, const float*, float*, std::uint64_t*);
    // Capped at the tile's rows: a level with 16 registers has no use for the taller bodies.
    constexpr int R = topn_tile_rows;
    constexpr Body bodies[] = {topn_score_rows<1>,
                               topn_score_rows<2>,
                               topn_score_rows<3>,
                               topn_score_rows<4>,
                               topn_score_rows < R < 5 ? R : 5 >,
                               topn_score_rows < R < 6 ? R : 6 >
                               , topn_score_rows < R < 7 ? R : 7 >, topn_score_rows<R>};
    bodies[rows - 1](queries, panel, factors, thresholds, scores, hits);
}

inline void topn_compare(const float* values, int count, float x, std::uint64_t* greater_bits,
                         std::uint64_t* equal_bits) {
    const vf t = broadcast(x);
    std::uint64_t above = 0;
    std::uint64_t not_below = 0;
    for (int i = 0; i < count; i += vf::width) {
        const vf v = load(values + i);
        above |= static_cast<std::uint64_t>(greater(v, t)) << i;
        not_below |= static_cast<std::uint64_t>(greater_equal(v, t)) << i;
    }
    *greater_bits = above;
    *equal_bits = not_below & ~above;
}

inline std::uint64_t topn_touched(const float* sums, float threshold) {
    const vf t = broadcast(threshold);
    const vf untouched = broadcast(-0.0f);
    std::uint64_t bits = 0;
    for (int i = 0; i < 64; i += vf::width) {
        const vf s = load(sums + i);
        bits |= static_cast<std::uint64_t>(greater_equal(s, t) & ~same_bits(s, untouched)) << i;
    }
    return bits;
}

// Four chains of fma already take as long as L2 takes to deliver their operands, and a narrow panel of the table still
// fits L2 with some thousand rows.
constexpr int topn_table_vectors = 4;

inline std::uint64_t topn_table_sums(const std::int32_t* rows, const float* weights, std::int64_t count,
                                     const float* table, std::int64_t stride, float threshold, float* sums) {
    constexpr int V = topn_table_vectors;
    vf s[V];
    for (int v = 0; v < V; ++v) {
        s[v] = zero();
    }
    for (std::int64_t e = 0; e < count; ++e) {
        const float* row = table + rows[e] * stride;
        const vf x = broadcast(weights[e]);
        for (int v = 0; v < V; ++v) {
            s[v] = fma(x, load(row + v * vf::width), s[v]);
        }
    }
    const vf t = broadcast(threshold);
    std::uint64_t bits = 0;
    for (int v = 0; v < V; ++v) {
        bits |= static_cast<std::uint64_t>(greater_equal(s[v], t)) << (v * vf::width);
    }
    if (bits) {
        for (int v = 0; v < V; ++v) {
            store(sums + v * vf::width, s[v]);
        }
    }
    return bits;
}

constexpr TopnKernels topn_kernels() {
    return {topn_panel_width, topn_tile_rows, topn_score_tile,
            topn_compare,     topn_touched,   topn_table_vectors * vf::width,
            topn_table_sums};
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
