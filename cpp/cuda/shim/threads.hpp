// Threads of a block as real threads, for a race detector: two lanes that touch the same word without a barrier between
// them are a race even where the answer happens to be right.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <thread>

#include "cuda/shim/common.hpp"

namespace tastemaker::cuda::shim {

class Meeting {
public:
    explicit Meeting(int size) : size_(size) {}

    void wait() {
        std::unique_lock lock(mutex_);
        const int round = round_;
        if (++arrived_ == size_) {
            arrived_ = 0;
            ++round_;
            changed_.notify_all();
        } else {
            changed_.wait(lock, [&] { return round_ != round; });
        }
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int size_, arrived_ = 0, round_ = 0;
};

class Machine {
public:
    void run(int blocks, int threads, std::size_t shared_bytes, const std::function<void()>& kernel) {
        if (threads % 32 != 0) {
            throw KernelError("a block must consist of whole warps");
        }
        SharedMemory memory(shared_bytes);
        shared_ = memory.data();
        threads_ = threads;
        all_ = std::make_unique<Meeting>(threads);
        warps_ = std::vector<Warp>(static_cast<std::size_t>(threads / 32));
        for (block_ = 0; block_ < blocks; ++block_) {
            memory.poison();
            std::vector<std::jthread> lanes;
            for (int t = 0; t < threads; ++t) {
                lanes.emplace_back([&kernel, t] {
                    thread_ = t;
                    turn_ = 0;
                    kernel();
                });
            }
        }
    }

    int thread() const { return thread_; }
    int threads() const { return threads_; }
    int block() const { return block_; }
    unsigned char* shared_memory() { return shared_; }

    void wait_for_block(const std::source_location&) { all_->wait(); }
    void wait_for_warp(const std::source_location&) { warp().meeting->wait(); }

    const std::uint64_t* exchange(std::uint64_t value, const std::source_location&) {
        std::uint64_t* slots = warp().values[turn_];
        turn_ ^= 1;
        slots[thread_ % 32] = value;
        warp().meeting->wait();
        return slots;
    }

    void seed(unsigned) {}

private:
    struct Warp {
        std::unique_ptr<Meeting> meeting = std::make_unique<Meeting>(32);
        std::uint64_t values[2][32];
    };

    Warp& warp() { return warps_[static_cast<std::size_t>(thread_ / 32)]; }

    static inline thread_local int thread_ = 0;
    static inline thread_local int turn_ = 0;
    std::unique_ptr<Meeting> all_;
    std::vector<Warp> warps_;
    unsigned char* shared_ = nullptr;
    int threads_ = 0, block_ = 0;
};

inline Machine& machine() {
    static Machine one;
    return one;
}

}  // namespace tastemaker::cuda::shim
