// Factors in other axes.
#pragma once

#include <algorithm>
#include <vector>

#include "tastemaker/als/problem.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::als {

// Sets each row of out to the row of y times `axes` (stride x stride, zero in the padding); out may be y.
inline void rotate(const Factors& y, const float* axes, MatrixView<float> out, int threads) {
    require_padded(y.stride, y.cols);
    require(out.rows == y.rows && out.stride == y.stride, "factors and their rotation must have the same shape");
    constexpr offset_t block = 128;
    const offset_t size = y.stride;
    std::vector<AlignedBuffer<float>> products;
    std::vector<AlignedBuffer<float>> strips;
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        products.emplace_back(checked_mul(block, size));
        strips.emplace_back(checked_mul(simd::als_strip, size));
    }
    const simd::AlsKernels& kernels = simd::kernels().als;
    parallel_chunks(round_up(y.rows, block) / block, threads, [&](offset_t chunk, int worker) {
        const offset_t begin = chunk * block;
        const offset_t rows = std::min<offset_t>(block, y.rows - begin);
        AlignedBuffer<float>& product = products[static_cast<std::size_t>(worker)];
        kernels.gemm(y.row(begin), rows, axes, size, strips[static_cast<std::size_t>(worker)].data(), product.data());
        std::copy_n(product.data(), rows * size, out.row(begin));
    });
}

}  // namespace tastemaker::als
