// The part of CUDA's runtime that runtime.cuh calls, over the host's memory: everything happens at once, in the order
// of the calls. It has a size, so that it can run out, counts what is alive, and fails on request.
#pragma once

#include <cstdlib>
#include <cstring>

#include "cuda/shim/lanes.hpp"

namespace tastemaker::cuda::shim {

struct Runtime {
    std::size_t memory = std::size_t{1} << 32, used = 0;
    int streams = 0;
    int fail_launch = -1;  // the launch, counted from 0, that reports an error
    int launches = 0;
};

inline Runtime& runtime() {
    static Runtime one;
    return one;
}

}  // namespace tastemaker::cuda::shim

using cudaError_t = int;
using cudaStream_t = int*;
enum { cudaSuccess = 0, cudaErrorMemoryAllocation = 2, cudaErrorNoDevice = 100, cudaErrorLaunchFailure = 719 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
inline constexpr unsigned cudaStreamNonBlocking = 1;

inline const char* cudaGetErrorString(cudaError_t error) {
    return error == cudaErrorMemoryAllocation ? "out of memory" : "unspecified launch failure";
}
inline cudaError_t cudaMemGetInfo(std::size_t* left, std::size_t* all) {
    *left = tastemaker::cuda::shim::runtime().memory - tastemaker::cuda::shim::runtime().used;
    *all = tastemaker::cuda::shim::runtime().memory;
    return cudaSuccess;
}
// The size stands before the block, which keeps the 256-byte boundaries of the real one.
inline cudaError_t cudaMalloc(void** out, std::size_t bytes) {
    auto& runtime = tastemaker::cuda::shim::runtime();
    if (bytes > runtime.memory - runtime.used) {
        return cudaErrorMemoryAllocation;
    }
    auto* block = static_cast<unsigned char*>(std::aligned_alloc(256, 256 + (bytes + 255) / 256 * 256));
    std::memset(block + 256, 0xCD, bytes);
    std::memcpy(block, &bytes, sizeof bytes);
    runtime.used += bytes;
    *out = block + 256;
    return cudaSuccess;
}
inline cudaError_t cudaFree(void* memory) {
    if (memory) {
        auto* block = static_cast<unsigned char*>(memory) - 256;
        std::size_t bytes = 0;
        std::memcpy(&bytes, block, sizeof bytes);
        tastemaker::cuda::shim::runtime().used -= bytes;
        std::free(block);
    }
    return cudaSuccess;
}
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    *stream = &tastemaker::cuda::shim::runtime().streams;
    ++**stream;
    return cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    --*stream;
    return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t) {
    return cudaSuccess;
}
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t) {
    std::memcpy(to, from, bytes);
    return cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t) {
    std::memset(to, value, bytes);
    return cudaSuccess;
}
inline cudaError_t cudaGetLastError() {
    auto& runtime = tastemaker::cuda::shim::runtime();
    return runtime.launches++ == runtime.fail_launch ? cudaErrorLaunchFailure : cudaSuccess;
}
