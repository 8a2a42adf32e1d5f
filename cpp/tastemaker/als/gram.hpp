// Gram matrix Y^T Y, the same bits at any number of threads.
#pragma once

#include <algorithm>
#include <vector>

#include "tastemaker/als/problem.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::als {

// Returns Y^T Y (stride x stride, symmetric, zero in the padding). fp32 within 256 rows, fp64 beyond: the error of an
// entry stays near 256 eps of the sum of its terms' sizes, however long the table.
inline AlignedBuffer<double> gram(const Factors& y, int threads) {
    constexpr offset_t block = 256;
    constexpr offset_t tasks = 16;
    constexpr offset_t memory = 512 * 1024;  // for partial sums
    const offset_t size = y.stride;
    const offset_t area = checked_mul(size, size);
    const offset_t blocks = std::max<offset_t>(round_up(y.rows, block) / block, 1);

    // A task is a chunk of rows of Y times a band of rows of the result; wide factors, whose partial sums are large,
    // get few chunks and many bands. Chunks depend on the table only and are summed in their order.
    const offset_t chunks = std::min({blocks, tasks, std::max<offset_t>(memory / (8 * area), 1)});
    const offset_t band = std::min(round_up(size * chunks / tasks, simd::als_padding), size);
    const offset_t bands = (size + band - 1) / band;
    AlignedBuffer<double> partial(checked_mul(chunks, area));
    std::vector<AlignedBuffer<float>> scratch;
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        scratch.emplace_back(area);
    }
    const simd::AlsKernels& kernels = simd::kernels().als;
    parallel_chunks(chunks * bands, threads, [&](offset_t task, int worker) {
        const offset_t chunk = task / bands;
        const offset_t first = task % bands * band;
        const offset_t last = std::min(first + band, size);
        float* part = scratch[static_cast<std::size_t>(worker)].data();
        double* sum = partial.data() + chunk * area;
        for (offset_t b = chunk * blocks / chunks; b < (chunk + 1) * blocks / chunks; ++b) {
            std::fill(part + first * size, part + last * size, 0.0f);
            const float* rows = y.row(b * block);
            kernels.syrk(rows, rows, size, std::min(block, y.rows - b * block), size, first, last, part, size, part,
                         size);
            std::transform(part + first * size, part + last * size, sum + first * size, sum + first * size,
                           [](float x, double s) { return s + x; });
        }
    });

    AlignedBuffer<double> result(area);
    for (offset_t chunk = 0; chunk < chunks; ++chunk) {
        const double* sum = partial.data() + chunk * area;
        std::transform(sum, sum + area, result.begin(), result.begin(), std::plus<>());
    }
    for (offset_t i = 0; i < size; ++i) {
        for (offset_t j = 0; j < i; ++j) {
            result[i * size + j] = result[j * size + i];
        }
    }
    return result;
}

}  // namespace tastemaker::als
