// Threads of a block as fibers of one CPU thread: reproducible, fast to switch, and adversarial. A warp runs as far as
// it can, in a random order of warps, and a lane as far as it can, in a random order of lanes, so whoever relies on a
// barrier that is not there meets stale or poisoned memory. Barriers that not all threads reach are errors.
#pragma once

#include <ucontext.h>

#include <functional>
#include <memory>
#include <numeric>
#include <random>

#include "cuda/shim/common.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace tastemaker::cuda::shim {

// A stack and what runs on it. ASan must hear of every change of stack.
class Context {
public:
    explicit Context(void (*entry)()) : stack_(std::make_unique<char[]>(size)) {
        getcontext(&state_);
        state_.uc_stack.ss_sp = stack_.get();
        state_.uc_stack.ss_size = size;
        state_.uc_link = nullptr;
        makecontext(&state_, entry, 0);
    }
    Context() = default;  // whoever runs already

    void switch_to(Context& other) {
#if defined(__SANITIZE_ADDRESS__)
        void* fake = nullptr;
        __sanitizer_start_switch_fiber(&fake, other.bottom_, other.bytes_);
        swapcontext(&state_, &other.state_);
        arrived(fake, other);
#else
        swapcontext(&state_, &other.state_);
#endif
    }
    // The first thing on a new stack.
    static void begin([[maybe_unused]] Context& from) {
#if defined(__SANITIZE_ADDRESS__)
        arrived(nullptr, from);
#endif
    }

private:
    static constexpr std::size_t size = 128 * 1024;

#if defined(__SANITIZE_ADDRESS__)
    static void arrived(void* fake, Context& from) {
        __sanitizer_finish_switch_fiber(fake, &from.bottom_, &from.bytes_);
    }
    const void* bottom_ = nullptr;
    std::size_t bytes_ = 0;
#endif
    ucontext_t state_{};
    std::unique_ptr<char[]> stack_;
};

class Machine {
public:
    // Runs the kernel in every block of the grid; requires threads to be a multiple of 32.
    void run(int blocks, int threads, std::size_t shared_bytes, const std::function<void()>& kernel) {
        if (threads % 32 != 0) {
            throw KernelError("a block must consist of whole warps");
        }
        prepare(threads);
        SharedMemory memory(shared_bytes);
        shared_ = memory.data();
        kernel_ = &kernel;
        for (block_ = 0; block_ < blocks; ++block_) {
            memory.poison();
            run_block();
        }
    }

    int thread() const { return current_; }
    int threads() const { return static_cast<int>(used_); }
    int block() const { return block_; }
    unsigned char* shared_memory() { return shared_; }

    void wait_for_block(const std::source_location& site) { park(State::at_block, site); }
    void wait_for_warp(const std::source_location& site) { park(State::at_warp, site); }

    // Returns what all lanes of the warp brought, by lane; valid until the lane's next exchange but one.
    const std::uint64_t* exchange(std::uint64_t value, const std::source_location& site) {
        Fiber& fiber = self();
        std::uint64_t* slots = slots_[static_cast<std::size_t>(current_ / 32)].values[fiber.turn];
        fiber.turn ^= 1;
        slots[current_ % 32] = value;
        park(State::at_warp, site);
        return slots;
    }

    // A kernel's result must not depend on it.
    void seed(unsigned seed) { random_.seed(seed); }

private:
    enum class State { ready, at_warp, at_block, done };
    struct Fiber {
        Context context;
        State state = State::done;
        std::source_location site;
        int turn = 0;
    };
    struct Slots {
        std::uint64_t values[2][32];
    };

    Fiber& self() { return *fibers_[static_cast<std::size_t>(current_)]; }

    void prepare(int threads) {
        used_ = static_cast<std::size_t>(threads);
        while (fibers_.size() < used_) {
            fibers_.push_back(std::make_unique<Fiber>(Fiber{Context(&Machine::enter), State::done, {}, 0}));
        }
        slots_.resize(used_ / 32);
        lanes_.resize(32);
        std::iota(lanes_.begin(), lanes_.end(), 0);
        warps_.resize(used_ / 32);
        std::iota(warps_.begin(), warps_.end(), 0);
    }

    static void enter();

    // The life of a fiber: one kernel after another.
    void live() {
        Context::begin(scheduler_);
        for (;;) {
            (*kernel_)();
            park(State::done, {});
        }
    }

    void park(State state, const std::source_location& site) {
        Fiber& fiber = self();
        fiber.state = state;
        fiber.site = site;
        fiber.context.switch_to(scheduler_);
    }

    void run_block() {
        for (std::size_t t = 0; t < used_; ++t) {
            fibers_[t]->state = State::ready;
            fibers_[t]->turn = 0;
        }
        while (true) {
            std::shuffle(warps_.begin(), warps_.end(), random_);
            for (const int warp : warps_) {
                run_warp(warp);
            }
            if (!all_at_one_barrier(0, threads())) {
                return;
            }
            release(0, threads());
        }
    }

    // Runs a warp until its lanes wait for the block or are done.
    void run_warp(int warp) {
        const int first = warp * 32;
        while (true) {
            std::shuffle(lanes_.begin(), lanes_.end(), random_);
            for (const int lane : lanes_) {
                current_ = first + lane;
                if (self().state == State::ready) {
                    scheduler_.switch_to(self().context);
                }
            }
            if (!all_at_one_barrier(first, first + 32) ||
                fibers_[static_cast<std::size_t>(first)]->state != State::at_warp) {
                return;
            }
            release(first, first + 32);
        }
    }

    // False when all are done; throws when some wait elsewhere than the others.
    bool all_at_one_barrier(int begin, int end) {
        const Fiber& first = *fibers_[static_cast<std::size_t>(begin)];
        for (int t = begin; t < end; ++t) {
            const Fiber& fiber = *fibers_[static_cast<std::size_t>(t)];
            if (fiber.state != first.state || !same_place(fiber.site, first.site)) {
                const std::string message =
                    "threads diverge in block " + std::to_string(block_) + ": " + where(first) + ", " + where(fiber);
                fibers_.clear();  // their stacks are in the middle of something
                throw KernelError(message);
            }
        }
        return first.state != State::done;
    }

    static std::string where(const Fiber& fiber) {
        return fiber.state == State::done ? "one has ended" : "one waits at " + place(fiber.site);
    }

    void release(int begin, int end) {
        for (int t = begin; t < end; ++t) {
            fibers_[static_cast<std::size_t>(t)]->state = State::ready;
        }
    }

    std::vector<std::unique_ptr<Fiber>> fibers_;
    std::size_t used_ = 0;
    std::vector<Slots> slots_;
    std::vector<int> warps_, lanes_;
    Context scheduler_;
    const std::function<void()>* kernel_ = nullptr;
    unsigned char* shared_ = nullptr;
    int current_ = 0, block_ = 0;
    std::mt19937 random_;
};

inline Machine& machine() {
    static Machine one;
    return one;
}

inline void Machine::enter() {
    machine().live();
}

}  // namespace tastemaker::cuda::shim
