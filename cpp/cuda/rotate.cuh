// Factors in other axes.
#pragma once

#include "cuda/storage.cuh"

namespace tastemaker::cuda {

inline constexpr int rotate_together = 8;  // rows that share a thread's read of an axis

// Rows that a block turns: as many as 32 KB of shared memory hold.
TASTEMAKER_BOTH int rotate_rows(int size) {
    return size <= 256 ? 32 : 8192 / size;
}

// Sets rows of `out` to those of y times `axes` (size x size); `out` may be y, for a block owns its rows.
template <class T>
TASTEMAKER_KERNEL(256)
rotate(const T* y, std::int64_t rows, int size, const float* axes, T* out) {
    float* panel = reinterpret_cast<float*>(shared_memory());
    const int most = rotate_rows(size);
    const std::int64_t first = std::int64_t{block_index()} * most;
    const int here = rows - first < most ? static_cast<int>(rows - first) : most;
    for (int i = thread_index(); i < most * size; i += block_threads()) {
        panel[i] = i < here * size ? to_float(y[first * size + i]) : 0.0f;
        tally_bytes(i < here * size ? std::int64_t{sizeof(T)} : 0);
    }
    sync_block();
    for (int item = thread_index(); item < most / rotate_together * size; item += block_threads()) {
        const int column = item % size, from = item / size * rotate_together;
        float sums[rotate_together] = {};
        for (int k = 0; k < size; ++k) {
            const float axis = axes[std::int64_t{k} * size + column];
            TASTEMAKER_UNROLL
            for (int r = 0; r < rotate_together; ++r) {
                sums[r] += panel[(from + r) * size + k] * axis;
            }
        }
        tally_flops(std::int64_t{2} * rotate_together * size);
        for (int r = 0; r < rotate_together && from + r < here; ++r) {
            from_float(sums[r], out[(first + from + r) * size + column]);
            tally_bytes(sizeof(T));
        }
    }
}

}  // namespace tastemaker::cuda
