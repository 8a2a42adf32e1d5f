#include "tastemaker/base/team.hpp"

#include <atomic>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

namespace tastemaker {
namespace {

void run_std_threads(int threads, const std::function<void(int)>& body) {
    std::vector<std::thread> others;
    others.reserve(static_cast<std::size_t>(threads - 1));
    try {
        for (int worker = 1; worker < threads; ++worker) {
            others.emplace_back(body, worker);
        }
    } catch (...) {
        // The system refuses more threads: bodies draw their work from a shared cursor, so fewer workers suffice.
    }
    body(0);
    for (std::thread& other : others) {
        other.join();
    }
}

#ifdef _OPENMP
// An OpenMP pool does not survive fork(): its threads are gone and the next region waits for them for ever.
bool forked_child() {
    static std::atomic<bool> forked{false};
#if defined(__unix__) || defined(__APPLE__)
    static const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });
    (void)registered;
#endif
    return forked;
}
#endif

}  // namespace

void run_team(int threads, const std::function<void(int)>& body) {
    if (threads <= 1) {
        body(0);
        return;
    }
#ifdef _OPENMP
    if (!forked_child()) {
#pragma omp parallel num_threads(threads)
        body(omp_get_thread_num());
        return;
    }
#endif
    run_std_threads(threads, body);
}

}  // namespace tastemaker
