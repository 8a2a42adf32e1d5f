// What starting a team and drawing chunks costs; serial_work in base/parallel.hpp rests on it.
#include <benchmark/benchmark.h>

#include <numeric>
#include <vector>

#include "tastemaker/base/parallel.hpp"

namespace {

using namespace tastemaker;

void team_start(benchmark::State& state) {
    const auto threads = static_cast<int>(state.range(0));
    std::vector<int> visits(static_cast<std::size_t>(threads));
    parallel_chunks(threads, threads, [&](offset_t chunk, int) { ++visits[static_cast<std::size_t>(chunk)]; });
    if (std::accumulate(visits.begin(), visits.end(), 0) != threads) {
        state.SkipWithError("a chunk was not visited exactly once");
        return;
    }
    for (auto _ : state) {
        parallel_chunks(threads, threads, [](offset_t, int) {});
    }
}
BENCHMARK(team_start)->Arg(1)->Arg(2)->Arg(8)->UseRealTime();

}  // namespace
