// A hook through which long loops ask whether to stop; the core does not know who asks.
#pragma once

#include <atomic>
#include <chrono>

#include "tastemaker/base/error.hpp"

namespace tastemaker {

using InterruptCheck = bool (*)();

inline std::atomic<InterruptCheck> interrupt_check{nullptr};

// Polls the hook at most every 50 ms, so that a check costs nothing in a loop of short steps.
class InterruptPoll {
public:
    void operator()() {
        const auto now = std::chrono::steady_clock::now();
        if (now < next_) {
            return;
        }
        next_ = now + std::chrono::milliseconds(50);
        if (const InterruptCheck check = interrupt_check.load(std::memory_order_relaxed); check && check()) {
            throw Interrupted();
        }
    }

private:
    std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
};

}  // namespace tastemaker
