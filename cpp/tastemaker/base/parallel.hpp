// parallel_for: balanced loops whose result cannot depend on the number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <vector>

#include "tastemaker/base/interrupt.hpp"
#include "tastemaker/base/team.hpp"
#include "tastemaker/base/types.hpp"

namespace tastemaker {

// run_team with a body that may throw: the first exception sets `stop`, which bodies should heed, and is rethrown.
template <class Body>
void run_team_until_error(int threads, std::atomic<bool>& stop, Body body) {
    std::atomic<bool> failed{false};
    std::exception_ptr error;
    run_team(threads, [&](int worker) {
        try {
            body(worker);
        } catch (...) {
            stop = true;
            if (!failed.exchange(true)) {
                error = std::current_exception();
            }
        }
    });
    if (error) {
        std::rethrow_exception(error);
    }
}

// parallel_chunks, with what worker 0 calls between chunks.
template <class Fn, class Between>
void run_chunks(offset_t chunks, int threads, Fn fn, Between between) {
    std::atomic<offset_t> next{0};
    std::atomic<bool> stop{false};
    const auto team = static_cast<int>(std::min<offset_t>(std::max(threads, 1), std::max<offset_t>(chunks, 1)));
    run_team_until_error(team, stop, [&](int worker) {
        while (!stop.load(std::memory_order_relaxed)) {
            const offset_t chunk = next.fetch_add(1, std::memory_order_relaxed);
            if (chunk >= chunks) {
                break;
            }
            fn(chunk, worker);
            if (worker == 0) {
                between();
            }
        }
    });
}

// Calls fn(chunk, worker) once for each chunk in [0, chunks), taken in order by whichever worker is free.
// The first exception stops the rest and is rethrown; worker 0 polls for Ctrl-C between chunks.
// `worker` lies in [0, threads) and indexes scratch space only, so it must not influence a result.
template <class Fn>
void parallel_chunks(offset_t chunks, int threads, Fn fn) {
    run_chunks(chunks, threads, fn, InterruptPoll());
}

// The same for a step that must not be left half done: it does not poll.
template <class Fn>
void uninterrupted_chunks(offset_t chunks, int threads, Fn fn) {
    run_chunks(chunks, threads, fn, [] {});
}

// Below this estimated work a team costs more than it saves (waking a thread takes some 10 us).
inline constexpr double serial_work = 1e5;

// Cuts [0, n) into runs of about equal cost; returns their boundaries. cost(i) is in flops or any unit of about 1 ns.
template <class Cost>
std::vector<offset_t> balanced_runs(offset_t n, int threads, Cost cost) {
    double total = 0;
    for (offset_t i = 0; i < n; ++i) {
        total += static_cast<double>(cost(i));
    }
    const int pieces = total < serial_work ? 1 : 32 * std::max(threads, 1);
    const double share = std::max(total / pieces, 1.0);
    std::vector<offset_t> bounds{0};
    double sum = 0;
    for (offset_t i = 0; i < n; ++i) {
        sum += static_cast<double>(cost(i));
        if (sum >= share && i + 1 < n) {
            bounds.push_back(i + 1);
            sum = 0;
        }
    }
    if (n > 0) {
        bounds.push_back(n);
    }
    return bounds;
}

// Calls fn(begin, end, worker) over runs of about equal cost that cover [0, n); serial when there is little work.
template <class Cost, class Fn>
void parallel_for(offset_t n, int threads, Cost cost, Fn fn) {
    const std::vector<offset_t> bounds = balanced_runs(n, threads, cost);
    parallel_chunks(static_cast<offset_t>(bounds.size()) - 1, threads, [&](offset_t run, int worker) {
        const auto k = static_cast<std::size_t>(run);
        fn(bounds[k], bounds[k + 1], worker);
    });
}

}  // namespace tastemaker
