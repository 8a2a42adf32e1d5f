// Gram matrix, row solves and half epochs; each checks its result against another way to it before it is timed.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <vector>

#include "tastemaker/als/axes.hpp"
#include "tastemaker/als/gram.hpp"
#include "tastemaker/als/half_epoch.hpp"
#include "tastemaker/als/rotate.hpp"
#include "tastemaker/simd/level.hpp"

namespace {

using namespace tastemaker;

struct Table {
    Table(offset_t rows_, index_t factors_) : rows(rows_), factors(factors_), data(rows_ * size()) {
        std::mt19937 random(1);
        std::normal_distribution<float> normal(0.0f, 0.1f);
        for (offset_t i = 0; i < rows; ++i) {
            for (offset_t k = 0; k < factors; ++k) {
                data[i * size() + k] = normal(random);
            }
        }
    }
    offset_t size() const { return round_up(factors, simd::als_padding); }
    als::Factors view() const { return {data.data(), rows, factors, size()}; }
    MatrixView<float> mutable_view() { return {data.data(), rows, factors, size()}; }

    offset_t rows;
    index_t factors;
    AlignedBuffer<float> data;
};

// Rows of `length` entries each on average (geometric, as in real data), columns uniform.
struct Csr {
    Csr(index_t rows, index_t cols_, index_t length) : cols(cols_) {
        std::mt19937 random(2);
        std::geometric_distribution<index_t> lengths(1.0 / length);
        for (index_t u = 0; u < rows; ++u) {
            const index_t n = std::min(lengths(random) + 1, cols / 2);
            std::uniform_int_distribution<index_t> first(0, cols / n - 1);
            for (index_t t = 0; t < n; ++t) {
                indices.push_back(t * (cols / n) + first(random));
            }
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
    }
    CsrView view() const {
        return {static_cast<index_t>(indptr.size() - 1), cols, indptr.data(), indices.data(), nullptr};
    }

    index_t cols;
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
};

const als::Problem problem{0.01f, 1.0f, 0.1f, 1.0f};

void als_gram(benchmark::State& state) {
    const auto factors = static_cast<index_t>(state.range(0));
    const Table y(20'000, factors);
    const AlignedBuffer<double> gram = als::gram(y.view(), 1);
    double corner = 0;
    for (offset_t i = 0; i < y.rows; ++i) {
        corner += static_cast<double>(y.view().row(i)[0]) * static_cast<double>(y.view().row(i)[factors - 1]);
    }
    if (std::abs(gram[factors - 1] - corner) > 1e-2) {
        state.SkipWithError("the Gram matrix is wrong");
        return;
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(als::gram(y.view(), 1));
    }
    const double flops = static_cast<double>(y.rows) * factors * factors;
    state.counters["GFLOP/s"] =
        benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}
BENCHMARK(als_gram)->Arg(64)->Arg(128)->Arg(256);

// Turns y to the axes of its Gram matrix, as conjugate gradients want it.
void to_axes(Table& y, AlignedBuffer<double>& gram) {
    const offset_t size = y.size();
    AlignedBuffer<float> axes(size * size);
    for (offset_t k = 0; k < size; ++k) {
        axes[k * (size + 1)] = 1.0f;
    }
    als::diagonalise(gram.data(), size, y.factors, axes.data(), 1);
    const MatrixView<float> tables[] = {y.mutable_view()};
    als::rotate(tables, axes.data(), size, 1);
}

// Conjugate gradients, run to convergence, and Cholesky must agree.
bool solvers_agree(const Csr& x, const Table& y, const AlignedBuffer<double>& gram) {
    Table exact(x.view().rows, y.factors);
    Table iterated(x.view().rows, y.factors);
    als::half_epoch(x.view(), y.view(), gram.data(), problem, {0}, exact.mutable_view(), 1);
    als::half_epoch(x.view(), y.view(), gram.data(), problem, {200}, iterated.mutable_view(), 1);
    float worst = 0;
    for (offset_t k = 0; k < exact.data.size(); ++k) {
        worst = std::max(worst, std::abs(exact.data[k] - iterated.data[k]));
    }
    return worst < 1e-2f;
}

// Arguments: factors, entries per row, CG steps (0: Cholesky). items_per_second counts entries.
void als_half_epoch(benchmark::State& state) {
    const auto factors = static_cast<index_t>(state.range(0));
    const auto length = static_cast<index_t>(state.range(1));
    const als::Solver solver{static_cast<int>(state.range(2))};
    Table y(20'000, factors);
    AlignedBuffer<double> gram = als::gram(y.view(), 1);
    to_axes(y, gram);
    if (!solvers_agree(Csr(32, static_cast<index_t>(y.rows), length), y, gram)) {
        state.SkipWithError("the solvers disagree");
        return;
    }
    const Csr x(200'000 / length, static_cast<index_t>(y.rows), length);
    Table out(x.view().rows, factors);
    for (auto _ : state) {
        als::half_epoch(x.view(), y.view(), gram.data(), problem, solver, out.mutable_view(), 1);
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * x.view().nnz());
}
BENCHMARK(als_half_epoch)
    ->ArgNames({"factors", "length", "steps"})
    ->ArgsProduct({{64, 128, 256}, {20, 165}, {2}})
    ->ArgsProduct({{16, 64, 128}, {20, 165}, {0}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
