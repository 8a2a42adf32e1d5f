// Factors between the host's rows of floats and the device's.
#pragma once

#include "cuda/storage.cuh"

namespace tastemaker::cuda {

// Both tables start at the rows to convert; beyond `factors` the device's rows are zero.
template <class T>
TASTEMAKER_KERNEL(256)
pack(const float* from, std::int64_t rows, int factors, int size, T* to) {
    const std::int64_t at = std::int64_t{block_index()} * block_threads() + thread_index();
    if (at < rows * size) {
        const std::int64_t row = at / size, k = at % size;
        from_float(k < factors ? from[row * factors + k] : 0.0f, to[at]);
    }
}

template <class T>
TASTEMAKER_KERNEL(256)
unpack(const T* from, std::int64_t rows, int factors, int size, float* to) {
    const std::int64_t at = std::int64_t{block_index()} * block_threads() + thread_index();
    if (at < rows * factors) {
        to[at] = to_float(from[at / factors * size + at % factors]);
    }
}

}  // namespace tastemaker::cuda
