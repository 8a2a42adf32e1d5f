// The vocabulary of device.cuh on a CPU. Blocks run one after another; how the threads of one run is up to the machine:
// as fibers, or with TASTEMAKER_SHIM_THREADS as real threads for a race detector.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <source_location>

#ifdef TASTEMAKER_SHIM_THREADS
#include "cuda/shim/threads.hpp"
#else
#include "cuda/shim/fibers.hpp"
#endif

namespace tastemaker::cuda {

inline int thread_index() {
    return shim::machine().thread();
}
inline int block_threads() {
    return shim::machine().threads();
}
inline int block_index() {
    return shim::machine().block();
}

inline void sync_block(std::source_location site = std::source_location::current()) {
    if (shim::barriers().reached(site)) {
        shim::machine().wait_for_block(site);
    }
}
inline void sync_warp(std::source_location site = std::source_location::current()) {
    if (shim::barriers().reached(site)) {
        shim::machine().wait_for_warp(site);
    }
}

template <class N>
N shuffle(N value, int lane, std::source_location site = std::source_location::current()) {
    static_assert(sizeof(N) <= sizeof(std::uint64_t));
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(N));
    bits = shim::machine().exchange(bits, site)[lane % 32];
    std::memcpy(&value, &bits, sizeof(N));
    return value;
}
template <class N>
N shuffle_xor(N value, int mask, std::source_location site = std::source_location::current()) {
    return shuffle(value, (thread_index() % 32) ^ mask, site);
}
inline unsigned ballot(bool value, std::source_location site = std::source_location::current()) {
    const std::uint64_t* all = shim::machine().exchange(value, site);
    unsigned mask = 0;
    for (unsigned lane = 0; lane < 32; ++lane) {
        mask |= static_cast<unsigned>(all[lane]) << lane;
    }
    return mask;
}

inline int atomic_add(int* where, int what) {
    return std::atomic_ref<int>(*where).fetch_add(what, std::memory_order_relaxed);
}
inline void atomic_set(int* where) {
    std::atomic_ref<int>(*where).store(1, std::memory_order_relaxed);
}

inline unsigned char* shared_memory() {
    return shim::machine().shared_memory();
}

// Under a sanitizer all kernels take minutes to compile. Real threads are there for the barriers, which all widths
// share; how 16-bit factors are read depends on no width.
template <int bytes, int V>
#if defined(TASTEMAKER_SHIM_THREADS)
inline constexpr bool built = bytes == 4 && V == 1;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr bool built = bytes == 4 || V == 2;
#else
inline constexpr bool built = true;
#endif

inline void tally_bytes(std::int64_t n) {
    shim::tally().bytes.fetch_add(n, std::memory_order_relaxed);
}
inline void tally_flops(std::int64_t n) {
    shim::tally().flops.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace tastemaker::cuda
