// What kernels are written in: threads, barriers, shuffles, atomics and shared memory, by CUDA's compiler as thin names
// of its intrinsics, by any other as calls of a simulator (shim/), so that the same source is tested without a GPU.
#pragma once

#include <cstdint>

#ifdef __CUDACC__

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

// Threads of a block and, where it should have registers to spare, blocks that a processor needs room for.
#define TASTEMAKER_KERNEL(...) __global__ void __launch_bounds__(__VA_ARGS__)
#define TASTEMAKER_DEVICE __device__ __forceinline__
#define TASTEMAKER_BOTH __host__ __device__ constexpr
#define TASTEMAKER_UNROLL _Pragma("unroll")

namespace tastemaker::cuda {

TASTEMAKER_DEVICE int thread_index() {
    return static_cast<int>(threadIdx.x);
}
TASTEMAKER_DEVICE int block_threads() {
    return static_cast<int>(blockDim.x);
}
TASTEMAKER_DEVICE int block_index() {
    return static_cast<int>(blockIdx.x);
}

TASTEMAKER_DEVICE void sync_block() {
    __syncthreads();
}
TASTEMAKER_DEVICE void sync_warp() {
    __syncwarp();
}

// All 32 lanes take part in these, always.
template <class N>
TASTEMAKER_DEVICE N shuffle(N value, int lane) {
    return __shfl_sync(0xffffffffu, value, lane);
}
template <class N>
TASTEMAKER_DEVICE N shuffle_xor(N value, int mask) {
    return __shfl_xor_sync(0xffffffffu, value, mask);
}
TASTEMAKER_DEVICE unsigned ballot(bool value) {
    return __ballot_sync(0xffffffffu, value);
}

// Returns what was there before.
TASTEMAKER_DEVICE int atomic_add(int* where, int what) {
    return atomicAdd(where, what);
}
TASTEMAKER_DEVICE void atomic_set(int* where) {
    atomicOr(where, 1);
}

// The block's dynamic shared memory, from 16-byte boundaries on.
TASTEMAKER_DEVICE unsigned char* shared_memory() {
    extern __shared__ uint4 block_memory[];
    return reinterpret_cast<unsigned char*>(block_memory);
}

// Whether there are kernels for rows of 32 V numbers of so many bytes.
template <int bytes, int V>
inline constexpr bool built = true;

// For the roofline: the simulator counts, a device does not.
TASTEMAKER_DEVICE void tally_bytes(std::int64_t) {}
TASTEMAKER_DEVICE void tally_flops(std::int64_t) {}

}  // namespace tastemaker::cuda

#else

#define TASTEMAKER_KERNEL(...) inline void
#define TASTEMAKER_DEVICE inline
#define TASTEMAKER_BOTH constexpr
#define TASTEMAKER_UNROLL

#include "cuda/shim/lanes.hpp"

#endif

namespace tastemaker::cuda {

inline constexpr int warp_size = 32;

TASTEMAKER_DEVICE int lane_index() {
    return thread_index() % warp_size;
}
TASTEMAKER_DEVICE int warp_index() {
    return thread_index() / warp_size;
}

}  // namespace tastemaker::cuda
