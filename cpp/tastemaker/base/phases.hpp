// parallel_phases: many short steps, each of which needs the whole of the step before.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>

#include "tastemaker/base/parallel.hpp"

namespace tastemaker {

// Calls fn(phase, chunk, worker) for each chunk in [0, chunks(phase)) of the phases [0, phases), one phase after the
// other, and after(phase) between two of them, alone. Requires chunks(phase) >= 1; `worker` is as in parallel_chunks.
//
// A phase ends when its chunks are done, not when all threads have met: a thread that the system put aside holds the
// others up only while it is inside a chunk. On cores with other work to do, a barrier per phase took ten times as
// long.
template <class Chunks, class Fn, class After>
void parallel_phases(offset_t phases, int threads, Chunks chunks, Fn fn, After after) {
    struct alignas(8) Turn {  // or clang calls libatomic
        std::uint32_t phase;
        std::uint32_t chunk;
    };
    static_assert(std::atomic<Turn>::is_always_lock_free);
    std::atomic<Turn> next{Turn{0, 0}};
    std::atomic<offset_t> done{0};
    std::atomic<bool> stop{false};
    run_team_until_error(std::max(threads, 1), stop, [&](int worker) {
        InterruptPoll poll;
        for (Turn turn = next.load(); turn.phase < phases && !stop; turn = next.load()) {
            const offset_t all = chunks(turn.phase);
            if (turn.chunk >= all) {
                std::this_thread::yield();
                continue;
            }
            if (!next.compare_exchange_weak(turn, {turn.phase, turn.chunk + 1})) {
                continue;
            }
            fn(offset_t{turn.phase}, offset_t{turn.chunk}, worker);
            if (done.fetch_add(1) + 1 == all) {
                after(offset_t{turn.phase});
                done = 0;
                next = Turn{turn.phase + 1, 0};
            }
            if (worker == 0) {
                poll();
            }
        }
    });
}

}  // namespace tastemaker
