// Factors in other axes.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "tastemaker/als/problem.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::als {

// Multiplies each row of the tables, which all have `size` columns, by `axes` (size x size, zero in the padding).
// Ctrl-C does not part the tables: what needs memory comes first, and nothing polls.
inline void rotate(std::span<const MatrixView<float>> tables, const float* axes, offset_t size, int threads) {
    constexpr offset_t block = 128;
    std::vector<MatrixView<float>> blocks;
    for (const MatrixView<float>& table : tables) {
        require(table.stride == size, "factors and their axes must be as wide as each other");
        for (offset_t begin = 0; begin < table.rows; begin += block) {
            blocks.push_back({table.row(begin), std::min(block, table.rows - begin), table.cols, size});
        }
    }
    std::vector<AlignedBuffer<float>> products;
    std::vector<AlignedBuffer<float>> strips;
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        products.emplace_back(checked_mul(block, size));
        strips.emplace_back(checked_mul(simd::als_strip, size));
    }
    const simd::AlsKernels& kernels = simd::kernels().als;
    uninterrupted_chunks(static_cast<offset_t>(blocks.size()), threads, [&](offset_t chunk, int worker) {
        const MatrixView<float>& rows = blocks[static_cast<std::size_t>(chunk)];
        AlignedBuffer<float>& product = products[static_cast<std::size_t>(worker)];
        kernels.gemm(rows.data, rows.rows, axes, size, strips[static_cast<std::size_t>(worker)].data(), product.data());
        std::copy_n(product.data(), rows.rows * size, rows.data);
    });
}

}  // namespace tastemaker::als
