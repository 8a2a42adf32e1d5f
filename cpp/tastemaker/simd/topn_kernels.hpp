// Entry points of the topn kernels; one set per ISA level.
#pragma once

#include <cstdint>

namespace tastemaker::simd {

struct TopnKernels {
    int panel_width;  // items side by side in a panel: a panel is factors x panel_width floats; at most 64
    int tile_rows;    // queries that one call scores; at most 8

    // Scores queries[0 .. rows) against a panel: s_r[i] = sum over k of q_r[k] * y_i[k], k ascending, each step
    // rounded once (or twice where the ISA lacks fused multiply-add). The bits of a score therefore do not depend
    // on its place in a tile. Sets bit i of hits[r] where s_r[i] >= thresholds[r], never for NaN, and writes the
    // panel_width scores of row r to scores + r * panel_width if it has a hit. Requires 1 <= rows <= tile_rows.
    void (*score_tile)(const float* const* queries, int rows, const float* panel, int factors, const float* thresholds,
                       float* scores, std::uint64_t* hits);

    // Sets bit i of *greater and *equal by how values[i] compares with x, for i < count <= 64; count is a multiple
    // of panel_width / 3.
    void (*compare)(const float* values, int count, float x, std::uint64_t* greater, std::uint64_t* equal);

    // Returns the bits i < 64 where sums[i] >= threshold and sums[i] is not -0, which marks a sum that nothing
    // was added to.
    std::uint64_t (*touched)(const float* sums, float threshold);

    int table_width;  // columns that one call of table_sums adds up; at most 64

    // Writes s[i] = sum over e < count of weights[e] * table[rows[e] * stride + i], e ascending, rounded as in
    // score_tile, for i < table_width, and returns the bits where s[i] >= threshold, never for NaN. Without a set bit
    // nothing may be written.
    std::uint64_t (*table_sums)(const std::int32_t* rows, const float* weights, std::int64_t count, const float* table,
                                std::int64_t stride, float threshold, float* sums);
};

}  // namespace tastemaker::simd
