// The exact solution of rows by each of its ways, and which of them a row takes, at every SIMD level of this CPU.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "als_tables.hpp"
#include "levels.hpp"
#include "tastemaker/als/half_epoch.hpp"

namespace {

using namespace tastemaker;
using namespace tastemaker::tests;

constexpr index_t columns = 200;

als::Shared shared_of(const InAxes& at, const als::SharedGram& gram) {
    return {at.y.view(), gram.matrix.data(), gram.diagonal.data(), gram.in_axes};
}

}  // namespace

TEST_CASE("als: a short row is solved in its own size only where float is precise enough for that") {
    const float even[] = {1.0f, 1.0f, 1.0f, 1.0f};
    const float uneven[] = {1.0f, 1.0f, 1e-6f, 1.0f};
    const float none[] = {0.0f, 0.0f, 0.0f, 0.0f};
    const float good[] = {2e-3f, 2e3f};
    const float light[] = {1.0f, 1e-3f};
    const float heavy[] = {1e4f, 1.0f};
    const float infinite[] = {1.0f, std::numeric_limits<float>::infinity()};
    const auto stable = [](const float* diagonal, float ridge, const float* w, const float* c) {
        als::Shared shared;
        shared.y.cols = 4;
        shared.diagonal = diagonal;
        return als::dual_is_stable(shared, ridge, w, c, 2, 2.0f);
    };
    CHECK(stable(even, 0.0f, good, good));
    CHECK(stable(uneven, 1e-3f, good, good));
    CHECK_FALSE(stable(uneven, 0.0f, good, good));
    CHECK_FALSE(stable(none, 0.0f, good, good));
    CHECK_FALSE(stable(even, 0.0f, light, good));
    CHECK_FALSE(stable(even, 0.0f, heavy, good));
    CHECK_FALSE(stable(even, 0.0f, good, infinite));
}

TEST_CASE("als: a short row is solved in its own size as well as in all columns") {
    for_each_level([] {
        const als::Problem problem{0.01f, 4.0f, 0.5f, 0.5f};  // confidences from 2: every weight is positive
        for (const index_t factors : {16, 29, 64}) {
            CAPTURE(factors);
            const InAxes at(Table(columns, factors, 19));
            const als::SharedGram gram(at.gram.data(), at.y.size, problem.unobserved_weight);
            REQUIRE(gram.in_axes);
            const als::Shared shared = shared_of(at, gram);
            const auto most = static_cast<index_t>(als::short_row(at.y.size));
            const Csr x({most, 1, 2, 5, most + 1}, columns, 20);  // what the long row leaves must not count
            als::CholeskyScratch system(at.y.size);
            als::DualScratch scratch(at.y.size);
            Table out(x.view().rows, factors, 21);
            for (index_t u = 0; u < x.view().rows; ++u) {
                float* solution = out.mutable_view().row(u);
                const bool is_short = u + 1 < x.view().rows;
                CHECK(als::solve_dual(simd::kernels().als, shared, problem, x.view().row(u), solution, system,
                                      scratch) == is_short);
                if (is_short) {
                    CHECK(relative_residual(x.view().row(u), at.y, solution, problem) <= 16 * factors * eps);
                }
            }
        }
    });
}

TEST_CASE("als: the bound on the steps grows with the spread of the weights and is none where there is no bound") {
    const auto steps = [](float least, float most, float w0) { return als::steps_to_rounding({least, most}, w0); };
    CHECK(steps(0.0f, 0.0f, 1.0f) <= 0.0);  // A = D
    CHECK(steps(2.0f, 2.0f, 1.0f) == doctest::Approx(std::log(2 / als::rounding) / std::log(2 + std::sqrt(3.0))));
    CHECK(steps(2.0f, 2.0f, 1.0f) < steps(2.0f, 4.0f, 1.0f));
    CHECK(steps(2.0f, 4.0f, 1.0f) < steps(-0.5f, 4.0f, 1.0f));
    CHECK(steps(2.0f, 2.0f, 1.0f) == steps(0.5f, 0.5f, 0.25f));
    CHECK_FALSE(steps(-1.0f, 1.0f, 1.0f) <= 1e6);  // confidence zero
    CHECK_FALSE(steps(1.0f, 1.0f, 0.0f) <= 1e6);
    CHECK_FALSE(steps(1.0f, std::numeric_limits<float>::infinity(), 1.0f) <= 1e6);
}

TEST_CASE("als: the range of a row's weights is that of its terms") {
    const Csr x({7}, columns, 31);
    const als::Problem problem{0.1f, 3.0f, 0.5f, 0.5f};
    float w[7], c[7];
    als::write_terms(problem, x.view().row(0), w, c);
    const auto [least, most] = als::weight_range(problem, x.view().row(0));
    CHECK(least == *std::min_element(w, w + 7));
    CHECK(most == *std::max_element(w, w + 7));
    CsrView pattern = x.view();
    pattern.values = nullptr;
    CHECK(als::weight_range(problem, pattern.row(0)) == std::pair(2.5f, 2.5f));
}

TEST_CASE("als: conjugate gradients come to rounding within the bound, from zero, whatever x was") {
    for_each_level([] {
        for (const index_t factors : {16, 29, 64}) {
            CAPTURE(factors);
            const als::Problem problem{0.01f, 1.0f, 1.0f, 0.5f};  // confidences from .5 to 4
            const InAxes at(Table(columns, factors, 32));
            const als::SharedGram gram(at.gram.data(), at.y.size, problem.unobserved_weight);
            const als::Shared shared = shared_of(at, gram);
            const Csr x({columns, 1, 0, 150, 40, 77}, columns, 33);
            std::vector<index_t> rows;
            double bound = 0;
            for (index_t u = 0; u < x.view().rows; ++u) {
                rows.push_back(u);
                if (x.view().length(u) > 0) {
                    const auto weights = als::weight_range(problem, x.view().row(u));
                    bound = std::max(bound, als::steps_to_rounding(weights, problem.unobserved_weight));
                }
            }
            REQUIRE(als::block_rows(x.view(), rows) == rows.size());
            als::CgScratch scratch(at.y.size);
            als::gather_block(x.view(), rows, problem, 64, scratch.entries);
            const auto solve = [&](int steps) {
                std::fill(scratch.x.begin(), scratch.x.end(), 0.0f);
                als::solve_cg(simd::kernels().als, shared, {steps, true, als::rounding}, scratch);
            };
            solve(2);
            CHECK(scratch.squares[0] > 0);  // two steps are too few
            solve(static_cast<int>(std::ceil(bound)));
            for (index_t u = 0; u < x.view().rows; ++u) {
                CHECK(scratch.squares[u] == 0);
                if (x.view().length(u) > 0) {
                    const float* solution = scratch.x.data() + u * at.y.size;
                    CHECK(relative_residual(x.view().row(u), at.y, solution, problem) <= 16 * factors * eps);
                }
            }
        }
    });
}

TEST_CASE("als: each way to the exact solution is taken, leaves equal errors and the same bits at any thread count") {
    for_each_level([] {
        constexpr index_t factors = 64;
        const InAxes at(Table(columns, factors, 35));
        std::vector<index_t> lengths{0, 1, columns};
        for (index_t u = 0; u < 60; ++u) {
            lengths.push_back(1 + (u * 37) % columns);
        }
        const Csr x(lengths, columns, 36);
        const als::Problem near{0.01f, 1.0f, 1.0f, 0.5f};  // confidences from .5 to 4
        const als::Problem far{0.01f, 50.0f, 0.5f, 0.5f};  // up to 400 times w0
        const als::Problem none{0.01f, 1.0f, 0.0f, 0.5f};  // D holds no Gram matrix
        for (const auto& [problem, iterates] : {std::pair(near, true), std::pair(far, false), std::pair(none, false)}) {
            const als::SharedGram gram(at.gram.data(), at.y.size, problem.unobserved_weight);
            const als::Shared shared = shared_of(at, gram);
            CHECK(als::iterates_to_rounding(shared, problem, x.view().row(2)) == iterates);
            CHECK_FALSE(als::iterates_to_rounding(shared, problem, x.view().row(1)));
            Table out(x.view().rows, factors, 37);
            als::half_epoch(x.view(), at.y.view(), at.gram.data(), problem, {}, out.mutable_view(), 1);
            for (index_t u = 1; u < x.view().rows; ++u) {
                CHECK(relative_residual(x.view().row(u), at.y, out.view().row(u), problem) <= 16 * factors * eps);
            }
            for (const int threads : {3, 7}) {
                Table again(x.view().rows, factors, 38);
                als::half_epoch(x.view(), at.y.view(), at.gram.data(), problem, {}, again.mutable_view(), threads);
                CHECK(std::equal(again.data.begin(), again.data.end(), out.data.begin()));
            }
        }
    });
}

TEST_CASE("als: a row on which conjugate gradients fail is solved by its factors") {
    for_each_level([] {
        constexpr index_t factors = 64;
        InAxes at(Table(columns, factors, 39));
        for (double& g : at.gram) {
            g *= 1e-7;  // no longer the Gram matrix of Y, so no bound holds
        }
        for (offset_t k = 0; k < at.y.data.size(); ++k) {
            at.y.data[k] *= std::exp(-static_cast<float>(k % at.y.size) / 6);
        }
        const als::Problem problem{1e-6f, 1.0f, 1.0f, 0.0f};
        const als::SharedGram gram(at.gram.data(), at.y.size, problem.unobserved_weight);
        const als::Shared shared = shared_of(at, gram);
        const Csr x({columns}, columns, 40);
        REQUIRE(als::iterates_to_rounding(shared, problem, x.view().row(0)));
        Table out(1, factors, 41);
        Table want(1, factors, 42);
        als::CholeskyScratch scratch(at.y.size);
        als::half_epoch(x.view(), at.y.view(), at.gram.data(), problem, {}, out.mutable_view(), 1);
        als::solve_cholesky(simd::kernels().als, shared, problem, x.view().row(0), want.mutable_view().row(0), scratch);
        CHECK(std::equal(out.data.begin(), out.data.end(), want.data.begin()));
    });
}
