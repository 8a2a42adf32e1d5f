// Gram matrix Y^T Y, the same bits at any number of threads.
#pragma once

#include <algorithm>
#include <vector>

#include "tastemaker/als/problem.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/simd/level.hpp"

namespace tastemaker::als {

// Wide factors are copied, so many rows at a time that they fit L2, to where a power of two of factors does not put
// them all on a few sets of the cache. At 128 factors the copy costs more than it saves.
struct GramPanel {
    static constexpr offset_t rows = 64;

    explicit GramPanel(offset_t size)
        : stride(size + simd::als_padding), data(size < 256 ? 0 : checked_mul(rows, stride)) {}

    // Adds rows [first, last) of the products of rows [begin, end) of y to `out`.
    void add_products(const Factors& y, offset_t begin, offset_t end, offset_t first, offset_t last, float* out) {
        const simd::AlsKernels& kernels = simd::kernels().als;
        const offset_t size = y.stride;
        if (data.size() == 0) {
            kernels.syrk(y.row(begin), y.row(begin), size, end - begin, size, first, last, out, size, out, size);
            return;
        }
        for (; begin < end; begin += rows) {
            const offset_t n = std::min(rows, end - begin);
            for (offset_t t = 0; t < n; ++t) {
                std::copy(y.row(begin + t) + first, y.row(begin + t) + size, data.data() + t * stride + first);
            }
            kernels.syrk(data.data(), data.data(), stride, n, size, first, last, out, size, out, size);
        }
    }

    offset_t stride;
    AlignedBuffer<float> data;
};

// Writes Y^T Y (stride x stride, symmetric, zero in the padding). fp32 within 256 rows, fp64 beyond: the error of an
// entry stays near 256 eps of the sum of its terms' sizes, however long the table.
inline void write_gram(const Factors& y, double* result, int threads) {
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
    AlignedBuffer<double> partial(checked_mul(chunks - 1, area));  // the first chunk is summed in place
    std::fill_n(result, area, 0.0);
    std::vector<AlignedBuffer<float>> scratch;
    std::vector<GramPanel> panels;
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        scratch.emplace_back(area);
        panels.emplace_back(size);
    }
    parallel_chunks(chunks * bands, threads, [&](offset_t task, int worker) {
        const offset_t chunk = task / bands;
        const offset_t first = task % bands * band;
        const offset_t last = std::min(first + band, size);
        float* part = scratch[static_cast<std::size_t>(worker)].data();
        double* sum = chunk == 0 ? result : partial.data() + (chunk - 1) * area;
        for (offset_t b = chunk * blocks / chunks; b < (chunk + 1) * blocks / chunks; ++b) {
            std::fill(part + first * size, part + last * size, 0.0f);
            panels[static_cast<std::size_t>(worker)].add_products(y, b * block, std::min((b + 1) * block, y.rows),
                                                                  first, last, part);
            std::transform(part + first * size, part + last * size, sum + first * size, sum + first * size,
                           [](float x, double s) { return s + x; });
        }
    });

    for (offset_t chunk = 1; chunk < chunks; ++chunk) {
        const double* sum = partial.data() + (chunk - 1) * area;
        std::transform(sum, sum + area, result, result, std::plus<>());
    }
    for (offset_t i = 0; i < size; ++i) {
        for (offset_t j = 0; j < i; ++j) {
            result[i * size + j] = result[j * size + i];
        }
    }
}

// Returns the same.
inline AlignedBuffer<double> gram(const Factors& y, int threads) {
    AlignedBuffer<double> result(checked_mul(y.stride, y.stride));
    write_gram(y, result.data(), threads);
    return result;
}

}  // namespace tastemaker::als
