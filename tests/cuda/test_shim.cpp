// The simulator itself: what it must notice.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "cuda/runtime.cuh"
#include "tour.hpp"

using namespace tastemaker;
using namespace tastemaker::cuda;
using namespace tastemaker::cuda::test;

namespace {

template <class Fn>
void run_block(int threads, Fn kernel, std::size_t shared = 1024) {
    shim::machine().run(1, threads, shared, kernel);
}

float* shared() {
    return reinterpret_cast<float*>(shared_memory());
}

// Whether a tour in a process of its own ends with other results, an error or not at all.
bool goes_wrong(const std::vector<double>& expected, unsigned seed) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        for (std::FILE* stream : {stdout, stderr}) {
            static_cast<void>(std::freopen("/dev/null", "w", stream));
        }
        std::signal(SIGSEGV, SIG_DFL);
        alarm(30);
        shim::machine().seed(seed);
        int code = 1;
        try {
            code = tour(2100) == expected ? 0 : 1;
        } catch (const std::exception&) {
        }
        _exit(code);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace

TEST_CASE("shim: barriers, shuffles and ballots do what they should") {
    std::vector<float> out(64);
    std::vector<unsigned> votes(64);
    run_block(64, [&] {
        const int t = thread_index();
        shared()[t] = static_cast<float>(t);
        sync_block();
        const float mirrored = shared()[63 - t];
        const auto at = static_cast<std::size_t>(t);
        out[at] = shuffle_xor(mirrored, 1) + shuffle(static_cast<float>(t), 5);
        votes[at] = ballot(t % 2 == 0);
    });
    for (int t = 0; t < 64; ++t) {
        CHECK(out[static_cast<std::size_t>(t)] == static_cast<float>(63 - (t ^ 1) + t / 32 * 32 + 5));
        CHECK(votes[static_cast<std::size_t>(t)] == 0x55555555u);
    }
}

TEST_CASE("shim: threads that part at a barrier are an error") {
    const auto some_leave = [] {
        if (thread_index() < 40) {
            sync_block();
        }
    };
    const auto some_go_elsewhere = [] {
        if (thread_index() % 2 == 0) {
            shuffle(1, 0);
        } else {
            sync_warp();
        }
    };
    CHECK_THROWS_AS(run_block(64, some_leave), shim::KernelError);
    CHECK_THROWS_AS(run_block(32, some_go_elsewhere), shim::KernelError);
    CHECK_THROWS_AS(run_block(40, [] {}), shim::KernelError);
}

TEST_CASE("shim: nobody reads what nobody wrote, or what another lane wrote without a barrier") {
    bool poisoned = true;
    run_block(32, [&] { poisoned = poisoned && std::abs(shared()[thread_index()] + 4.3e8f) < 1e7f; });
    CHECK(poisoned);
    for (const bool with_barrier : {true, false}) {
        int wrong = 0;
        run_block(32, [&] {
            shared()[thread_index()] = 1.0f;
            if (with_barrier) {
                sync_warp();
            }
            wrong += shared()[(thread_index() + 1) % 32] != 1.0f;
        });
        CHECK((wrong == 0) == with_barrier);
    }
}

TEST_CASE("shim: a kernel without one of its barriers is found out") {
    const std::vector<double> expected = tour(2100);
    CHECK_FALSE(goes_wrong(expected, 1));
    std::vector<std::source_location> sites = shim::barriers().all();
    const auto elsewhere = [](const std::source_location& site) {
        return std::string_view(site.file_name()).ends_with(".cpp");  // of these tests, not of a kernel
    };
    sites.erase(std::remove_if(sites.begin(), sites.end(), elsewhere), sites.end());
    CHECK(sites.size() >= 18);
    sites.resize(brief ? 2 : sites.size());
    for (const std::source_location& site : sites) {
        CAPTURE(shim::place(site));
        shim::barriers().take_out(site);
        bool found = false;
        for (unsigned seed = 2; seed < 5 && !found; ++seed) {
            found = goes_wrong(expected, seed);
        }
        shim::barriers().restore();
        CHECK(found);
    }
}

TEST_CASE("shim: the order of warps and lanes changes nothing") {
    const std::vector<double> expected = tour(100);
    for (const unsigned seed : {1u, 2u}) {
        shim::machine().seed(seed);
        CHECK(tour(100) == expected);
    }
}

TEST_CASE("cuda: errors of the runtime are exceptions, and nothing leaks on the way out") {
    shim::Runtime& runtime = shim::runtime();
    const shim::Runtime before = runtime;
    CHECK(before.used == 0);
    const int first = runtime.launches;
    static_cast<void>(tour(100));
    const int launches = runtime.launches - first;
    CHECK(runtime.used == 0);
    for (int k = 0; k < launches; k += brief ? 20 : 5) {
        runtime.fail_launch = runtime.launches + k;
        CHECK_THROWS_AS(tour(100), DeviceError);
        CHECK(runtime.used == 0);
        CHECK(runtime.streams == 0);
    }
    runtime.fail_launch = -1;
    for (const std::size_t memory : {1000, 70'000, 90'000, 120'000}) {
        runtime.memory = memory;
        CHECK_THROWS_WITH_AS(tour(100), doctest::Contains("bytes wanted"), OutOfMemory);
        CHECK(runtime.used == 0);
        CHECK(runtime.streams == 0);
    }
    runtime.memory = before.memory;
}
