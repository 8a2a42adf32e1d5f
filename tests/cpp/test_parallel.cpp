#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tastemaker/base/interrupt.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/base/phases.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#endif

using namespace tastemaker;

namespace {

constexpr int thread_counts[] = {1, 3, 7};

// Cost of one index that makes even short loops worth a team.
constexpr auto heavy = [](offset_t) { return serial_work; };

// Puts the hook back when a test ends, also by failure.
class InterruptHook {
public:
    explicit InterruptHook(InterruptCheck check) : before_(interrupt_check.exchange(check)) {}
    ~InterruptHook() { interrupt_check = before_; }
    InterruptHook(const InterruptHook&) = delete;
    InterruptHook& operator=(const InterruptHook&) = delete;

private:
    InterruptCheck before_;
};

// Returns how often parallel_for visited each index.
std::vector<int> visits(offset_t n, int threads) {
    std::vector<int> count(static_cast<std::size_t>(n));
    parallel_for(n, threads, heavy, [&](offset_t begin, offset_t end, int) {
        for (offset_t i = begin; i < end; ++i) {
            ++count[static_cast<std::size_t>(i)];
        }
    });
    return count;
}

}  // namespace

TEST_CASE("parallel: each index is visited once, whatever the number of threads") {
    for (const int threads : thread_counts) {
        for (const offset_t n : {0, 1, 2, 6, 7, 8, 100, 5000}) {
            CAPTURE(threads);
            CAPTURE(n);
            CHECK(visits(n, threads) == std::vector<int>(static_cast<std::size_t>(n), 1));
        }
    }
}

TEST_CASE("parallel: each chunk is visited once and workers lie in [0, threads)") {
    for (const int threads : thread_counts) {
        std::vector<int> count(1000);
        std::atomic<bool> in_range{true};
        parallel_chunks(1000, threads, [&](offset_t chunk, int worker) {
            ++count[static_cast<std::size_t>(chunk)];
            if (worker < 0 || worker >= threads) {
                in_range = false;
            }
        });
        CHECK(count == std::vector<int>(1000, 1));
        CHECK(in_range);
    }
}

TEST_CASE("phases: each chunk of a phase is visited once, after the whole of the phase before") {
    for (const int threads : thread_counts) {
        constexpr offset_t phases = 200;
        std::atomic<offset_t> visited{0};
        offset_t ended = 0;
        std::atomic<bool> sound{true};
        parallel_phases(
            phases, threads, [](offset_t phase) { return 1 + phase % 5; },
            [&](offset_t phase, offset_t chunk, int worker) {
                sound = sound && phase == ended && chunk <= phase % 5 && worker >= 0 && worker < threads;
                ++visited;
            },
            [&](offset_t phase) { sound = sound && phase == ended++ && visited.exchange(0) == 1 + phase % 5; });
        CHECK(sound);
        CHECK(ended == phases);
    }
}

TEST_CASE("phases: an exception ends all threads and reaches the caller") {
    for (const int threads : thread_counts) {
        const auto fail = [](offset_t phase, offset_t, int) {
            if (phase == 3) {
                throw std::runtime_error("phase 3");
            }
        };
        CHECK_THROWS_AS(
            parallel_phases(10, threads, [](offset_t) { return 4; }, fail, [](offset_t) {}), std::runtime_error);
    }
}

TEST_CASE("parallel: worker 0 is the calling thread and no two workers share a number at one time") {
    std::atomic<bool> sound{true};
    const auto caller = std::this_thread::get_id();
    std::vector<std::atomic<int>> busy(7);
    parallel_chunks(500, 7, [&](offset_t, int worker) {
        auto& mine = busy[static_cast<std::size_t>(worker)];
        if (mine.fetch_add(1) != 0 || (worker == 0) != (std::this_thread::get_id() == caller)) {
            sound = false;
        }
        mine.fetch_sub(1);
    });
    CHECK(sound);
}

TEST_CASE("parallel: nonsense thread counts run serially") {
    CHECK(visits(10, 0) == std::vector<int>(10, 1));
    CHECK(visits(10, -3) == std::vector<int>(10, 1));
}

TEST_CASE("parallel: the first exception stops the rest and reaches the caller") {
    for (const int threads : thread_counts) {
        CAPTURE(threads);
        std::atomic<int> after{0};
        std::string message;
        try {
            parallel_chunks(100000, threads, [&](offset_t chunk, int) {
                if (chunk == 5) {
                    throw std::runtime_error("chunk 5");
                }
                after += chunk > 5;
                std::this_thread::sleep_for(std::chrono::microseconds(chunk > 5 ? 100 : 0));
            });
        } catch (const std::runtime_error& error) {
            message = error.what();
        }
        CHECK(message == "chunk 5");
        CHECK(after < 50000);
    }
}

TEST_CASE("parallel: an exception from every worker is reported once") {
    for (const int threads : thread_counts) {
        CHECK_THROWS_AS(parallel_chunks(100, threads, [](offset_t, int) { throw NumericalError("all fail"); }),
                        NumericalError);
    }
    CHECK(visits(100, 3) == std::vector<int>(100, 1));  // the team is usable afterwards
}

TEST_CASE("parallel: the interrupt hook ends a long loop within a second") {
    const InterruptHook hook([] { return true; });
    for (const int threads : thread_counts) {
        CAPTURE(threads);
        const auto start = std::chrono::steady_clock::now();
        CHECK_THROWS_AS(
            parallel_chunks(100000, threads,
                            [](offset_t, int) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }),
            Interrupted);
        CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
    }
}

TEST_CASE("parallel: a hook that says no, or none, changes nothing") {
    for (const InterruptCheck check : {InterruptCheck{nullptr}, InterruptCheck{[] { return false; }}}) {
        const InterruptHook hook(check);
        std::atomic<int> done{0};
        parallel_chunks(120, 1, [&](offset_t, int) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            ++done;
        });
        CHECK(done == 120);
    }
}

TEST_CASE("parallel: balanced_runs cuts [0, n) at ascending places, evenly by cost") {
    std::vector<double> cost(1000, 1e4);
    cost[10] = 5e6;  // one index as heavy as half of the rest
    const double total = std::accumulate(cost.begin(), cost.end(), 0.0);
    const auto of = [&](offset_t i) { return cost[static_cast<std::size_t>(i)]; };
    for (const int threads : thread_counts) {
        const std::vector<offset_t> bounds = balanced_runs(1000, threads, of);
        CHECK(bounds.front() == 0);
        CHECK(bounds.back() == 1000);
        const double share = total / (32 * threads);
        for (std::size_t k = 0; k + 1 < bounds.size(); ++k) {
            REQUIRE(bounds[k] < bounds[k + 1]);
            double sum = 0;
            for (offset_t i = bounds[k]; i < bounds[k + 1]; ++i) {
                sum += of(i);
            }
            CHECK(sum - of(bounds[k + 1] - 1) < share);  // a run ends with the index that fills it
        }
    }
}

TEST_CASE("parallel: balanced_runs at the edges") {
    CHECK(balanced_runs(0, 4, heavy) == std::vector<offset_t>{0});
    CHECK(balanced_runs(1, 4, heavy) == std::vector<offset_t>{0, 1});
    const auto light = [](offset_t) { return 1; };
    CHECK(balanced_runs(1000, 4, light) == std::vector<offset_t>{0, 1000});  // too little work for a team
    const auto nothing = [](offset_t) { return 0; };
    CHECK(balanced_runs(1000, 4, nothing) == std::vector<offset_t>{0, 1000});
}

#if defined(__unix__) || defined(__APPLE__)
// multiprocessing forks after the parent has used its threads; the child must neither hang nor lose work.
TEST_CASE("parallel: a forked child runs its own team") {
    // At full size: threads leaving a shrinking pool may hold a lock of the sanitizer, which its child never gets back.
    REQUIRE(visits(1000, thread_counts[2]) == std::vector<int>(1000, 1));
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        alarm(20);  // a hang ends the child by SIGALRM
        _exit(visits(1000, 3) == std::vector<int>(1000, 1) ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(visits(1000, 3) == std::vector<int>(1000, 1));  // and the parent goes on
}
#endif
