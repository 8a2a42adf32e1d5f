// Epochs of stochastic gradient descent: each loss at 64 factors, and the same epoch with a fixed result.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "tastemaker/sgd/examples.hpp"
#include "tastemaker/sgd/synchronous.hpp"

namespace {

using namespace tastemaker;

constexpr index_t users = 4000;
constexpr index_t items = 3000;
constexpr index_t factors = 64;

// Some 60 likes a user, most of popular items.
struct Likes {
    Likes() {
        std::mt19937 random(1);
        std::uniform_real_distribution<double> uniform;
        for (index_t user = 0; user < users; ++user) {
            for (index_t item = 0; item < items; ++item) {
                if (uniform(random) < 12.0 / (100.0 + item)) {
                    indices.push_back(item);
                }
            }
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
    }
    CsrView view() const { return {users, items, indptr.data(), indices.data(), nullptr}; }

    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
};

struct Side {
    explicit Side(index_t rows) : size(round_up(factors + 1, simd::sgd_padding)), data(rows * 2 * size) {
        std::mt19937 random(2);
        std::uniform_real_distribution<float> uniform(-0.5f / factors, 0.5f / factors);
        for (index_t row = 0; row < rows; ++row) {
            float* weights = data.data() + row * 2 * size;
            std::generate_n(weights, factors, [&] { return uniform(random); });
            std::fill_n(weights + size, size, 1.0f);
        }
    }
    sgd::Side view() {
        sgd::Side side;
        side.table = {data.data(), data.size() / (2 * size), static_cast<index_t>(size), 2 * size};
        side.step = {0.05f, 0.0f, 0.0f, factors + 1, 0.0f, 0.0f};
        return side;
    }

    offset_t size;
    AlignedBuffer<float> data;
};

// Arguments: threads, whether the result is the same at any number of them. items_per_second counts examples.
template <class Loss>
void sgd_epoch(benchmark::State& state, const Loss& loss, bool popularity) {
    const auto threads = static_cast<int>(state.range(0));
    const Likes likes;
    const sgd::Examples examples(likes.view());
    const sgd::Popularity popular(likes.indices, items);
    const sgd::Data data = examples.data(&popular);
    Side user(users);
    Side item(items);
    const sgd::Model model{user.view(), item.view(), factors, true};
    const auto run = [&](offset_t number) {
        const sgd::Sampling sampling{1, number, popularity, true};
        return state.range(1) ? sgd::synchronous_epoch<sgd::Adagrad>(model, data, sampling, loss, threads)
                              : sgd::epoch<sgd::Adagrad>(model, data, sampling, loss, threads);
    };
    offset_t number = 0;
    if (run(number) == 0) {
        state.SkipWithError("an epoch moved nothing");
        return;
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(run(++number));
    }
    state.SetItemsProcessed(state.iterations() * likes.view().nnz());
}

void shapes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"threads", "fixed"})
        ->ArgsProduct({{1, 2}, {0, 1}})
        ->Unit(benchmark::kMillisecond)
        ->MeasureProcessCPUTime()
        ->UseRealTime();
}

BENCHMARK_CAPTURE(sgd_epoch, logistic, sgd::Logistic{}, false)->Apply(shapes);
BENCHMARK_CAPTURE(sgd_epoch, bpr, sgd::Bpr{}, true)->Apply(shapes);
BENCHMARK_CAPTURE(sgd_epoch, warp, sgd::Warp(10, items), false)->Apply(shapes);
BENCHMARK_CAPTURE(sgd_epoch, warp_kos, sgd::WarpKos(5, 10, 10, items), false)->Apply(shapes);

}  // namespace
