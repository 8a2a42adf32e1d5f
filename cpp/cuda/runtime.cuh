// Streams, memory and launches: owned by objects, every error an exception.
#pragma once

#include <string>
#include <utility>

#include "cuda/device.cuh"
#include "cuda/engine.hpp"

#ifndef __CUDACC__
#include "cuda/shim/runtime.hpp"
#endif

namespace tastemaker::cuda {

inline void check(cudaError_t error, const char* what) {
    if (error != cudaSuccess) {
        throw DeviceError(std::string(what) + " failed: " + cudaGetErrorString(error));
    }
}

class Stream {
public:
    Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creating a stream"); }
    ~Stream() { static_cast<void>(cudaStreamDestroy(stream_)); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    void wait() const { check(cudaStreamSynchronize(stream_), "the work of a stream"); }
    cudaStream_t get() const { return stream_; }

private:
    cudaStream_t stream_ = nullptr;
};

// n elements of device memory, not initialised.
template <class T>
class Memory {
public:
    Memory() = default;
    explicit Memory(offset_t n) : size_(n) {
        const auto bytes = static_cast<std::size_t>(checked_mul(n, sizeof(T)));
        const cudaError_t error = n > 0 ? cudaMalloc(reinterpret_cast<void**>(&data_), bytes) : cudaSuccess;
        if (error == cudaErrorMemoryAllocation) {
            static_cast<void>(cudaGetLastError());  // so that the next launch does not report it
            std::size_t left = 0, all = 0;
            check(cudaMemGetInfo(&left, &all), "asking for the free memory");
            throw OutOfMemory(static_cast<offset_t>(bytes), static_cast<offset_t>(left), static_cast<offset_t>(all));
        }
        check(error, "allocating memory");
    }
    ~Memory() { static_cast<void>(cudaFree(data_)); }
    Memory(Memory&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Memory& operator=(Memory&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }

    T* data() const { return data_; }
    offset_t size() const { return size_; }

    void fill_zero(const Stream& stream) const {
        check(cudaMemsetAsync(data_, 0, static_cast<std::size_t>(size_) * sizeof(T), stream.get()), "clearing memory");
    }
    // Copies n elements from the host. The host's memory must stay until the stream has been waited for.
    void upload(const T* host, offset_t n, const Stream& stream) const {
        copy(data_, host, n, cudaMemcpyHostToDevice, stream);
    }
    // Copies n elements to the host and waits for them.
    void download(T* host, offset_t n, const Stream& stream) const {
        copy(host, data_, n, cudaMemcpyDeviceToHost, stream);
        stream.wait();
    }

private:
    static void copy(T* to, const T* from, offset_t n, cudaMemcpyKind kind, const Stream& stream) {
        if (n > 0) {
            check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(n) * sizeof(T), kind, stream.get()), "a copy");
        }
    }

    T* data_ = nullptr;
    offset_t size_ = 0;
};

struct Shape {
    offset_t blocks;
    int threads;
    offset_t shared_bytes = 0;
};

// Runs kernel(arguments...) on the stream; nothing when there are no blocks.
template <class... Parameters, class... Arguments>
void launch(const char* name, void (*kernel)(Parameters...), const Shape& shape, const Stream& stream,
            const Arguments&... arguments) {
    if (shape.blocks == 0) {
        return;
    }
    require(shape.blocks <= std::numeric_limits<int>::max(), "a launch has more than 2^31 - 1 blocks");
    const auto blocks = static_cast<int>(shape.blocks);
    const auto bytes = static_cast<int>(shape.shared_bytes);
#ifdef __CUDACC__
    if (bytes > 48 * 1024) {  // what a kernel gets without asking
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes), name);
    }
    kernel<<<blocks, shape.threads, bytes, stream.get()>>>(arguments...);
#else
    static_cast<void>(stream);
    shim::machine().run(blocks, shape.threads, static_cast<std::size_t>(bytes), [&] { kernel(arguments...); });
#endif
    check(cudaGetLastError(), name);
}

}  // namespace tastemaker::cuda
