// The als kernels and the steps built on them against plain fp64 loops, at every SIMD level of this CPU.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "als_tables.hpp"
#include "levels.hpp"
#include "tastemaker/als/gram.hpp"
#include "tastemaker/als/half_epoch.hpp"
#include "tastemaker/als/objective.hpp"
#include "tastemaker/base/aligned.hpp"

namespace {

using namespace tastemaker;
using namespace tastemaker::tests;

const std::vector<index_t> row_lengths{0, 1, 31, 32, 33, 1000};
constexpr index_t columns = 1000;

}  // namespace

TEST_CASE("als: the Gram matrix agrees with fp64, with the same bits at any thread count") {
    for_each_level([] {
        for (const index_t factors : {1, 7, 16, 33, 64, 100}) {
            CAPTURE(factors);
            const Table y(1111, factors, 1);
            const AlignedBuffer<double> gram = als::gram(y.view(), 1);
            for (index_t a = 0; a < y.size; ++a) {
                for (index_t b = 0; b < y.size; ++b) {
                    double exact = 0;
                    double size = 0;
                    for (offset_t i = 0; i < y.rows; ++i) {
                        exact += y.at(i, a) * y.at(i, b);
                        size += std::abs(y.at(i, a) * y.at(i, b));
                    }
                    // 256 fp32 additions, each off by at most eps / 2 of a partial sum.
                    CHECK(std::abs(gram[a * y.size + b] - exact) <= 128 * eps * size);
                }
            }
            for (const int threads : {3, 7}) {
                const AlignedBuffer<double> again = als::gram(y.view(), threads);
                CHECK(std::equal(gram.data(), gram.data() + gram.size(), again.data()));
            }
        }
    });
}

TEST_CASE("als: the exact solver leaves a residual of rounding size for every row length") {
    for_each_level([] {
        const Csr x(row_lengths, columns, 2);
        const als::Problem problem{0.01f, 2.0f, 0.5f, 0.5f};
        for (const index_t factors : {1, 7, 13, 16, 17, 64, 100}) {
            CAPTURE(factors);
            const Table y(columns, factors, 3);
            Table out(x.view().rows, factors, 4);
            const AlignedBuffer<double> gram = als::gram(y.view(), 1);
            als::half_epoch(x.view(), y.view(), gram.data(), problem, {0}, out.mutable_view(), 1);
            CHECK(std::all_of(out.data.data(), out.data.data() + out.size, [](float f) { return f == 0.0f; }));
            for (index_t u = 1; u < x.view().rows; ++u) {
                // A backward stable solver: factors * eps times a small constant.
                CHECK(relative_residual(x.view().row(u), y, out.view().row(u), problem) <= 4 * factors * eps);
            }
        }
    });
}

TEST_CASE("als: conjugate gradients reach the exact solution, block or no block, at any thread count") {
    for_each_level([] {
        std::vector<index_t> lengths;
        for (index_t u = 0; u < 70; ++u) {
            lengths.push_back(u % 7 == 0 ? 0 : u);
        }
        const Csr x(lengths, columns, 5);
        const als::Problem problem{0.05f, 1.0f, 0.1f, 1.0f};
        const Table y(columns, 24, 6);
        const AlignedBuffer<double> gram = als::gram(y.view(), 1);
        const InAxes turned(Table(columns, 24, 6));
        Table exact(x.view().rows, 24, 8);
        als::half_epoch(x.view(), y.view(), gram.data(), problem, {0}, exact.mutable_view(), 1);
        const auto iterate = [&](int threads) {
            Table out(x.view().rows, 24, 7);
            turned.turn(out);
            als::half_epoch(x.view(), turned.y.view(), turned.gram.data(), problem, {60}, out.mutable_view(), threads);
            return out;
        };
        Table iterated = iterate(1);
        Table back(x.view().rows, 24, 10);
        std::copy(iterated.data.begin(), iterated.data.end(), back.data.begin());
        turned.turn_back(back);
        for (offset_t k = 0; k < exact.data.size(); ++k) {
            CHECK(back.data[k] == doctest::Approx(exact.data[k]).epsilon(1e-4).scale(0.1));
        }
        for (const int threads : {3, 7}) {
            Table again = iterate(threads);
            CHECK(std::equal(again.data.begin(), again.data.end(), iterated.data.begin()));
        }
    });
}

TEST_CASE("als: sweeps over blocks of columns reach the exact solution, in the same bits by 1 and 3 threads") {
    for_each_level([] {
        const Csr x({0, 3, 40, 17, 1, 65}, 90, 25);
        const als::Problem problem{0.5f, 1.0f, 0.1f, 1.0f};
        const Table y(90, 40, 26);  // 3 blocks of 16, the last half padding
        const AlignedBuffer<double> gram = als::gram(y.view(), 1);
        Table exact(6, 40, 27);
        Table swept(6, 40, 28);
        als::half_epoch(x.view(), y.view(), gram.data(), problem, {}, exact.mutable_view(), 1);
        for (int sweep = 0; sweep < 60; ++sweep) {
            Table again(6, 40, 30);
            std::copy(swept.data.begin(), swept.data.end(), again.data.begin());
            als::half_epoch(x.view(), y.view(), gram.data(), problem, {0, 16}, swept.mutable_view(), 1);
            als::half_epoch(x.view(), y.view(), gram.data(), problem, {0, 16}, again.mutable_view(), 3);
            CHECK(std::equal(again.data.begin(), again.data.end(), swept.data.begin()));
        }
        for (offset_t k = 0; k < exact.data.size(); ++k) {
            CHECK(swept.data[k] == doctest::Approx(exact.data[k]).epsilon(1e-3).scale(0.1));
        }
    });
}

TEST_CASE("als: a row of a product does not depend on the other rows") {
    for_each_level([] {
        const Table p(7, 40, 11);
        const Table g(48, 40, 12);
        AlignedBuffer<float> all(7 * 48);
        AlignedBuffer<float> one(48);
        AlignedBuffer<float> strip(48 * simd::als_strip);
        const simd::AlsKernels& kernels = simd::kernels().als;
        kernels.gemm(p.data.data(), 7, g.data.data(), 48, strip.data(), all.data());
        for (offset_t u = 0; u < 7; ++u) {
            kernels.gemm(p.view().row(u), 1, g.data.data(), 48, strip.data(), one.data());
            CHECK(std::equal(one.begin(), one.end(), all.data() + u * 48));
        }
    });
}

TEST_CASE("als: a system that is not positive definite is an error, one that is nearly so is not") {
    for_each_level([] {
        const Csr x({3}, 3, 13);
        Table y(3, 20, 14);
        Table out(1, 20, 15);
        AlignedBuffer<double> gram = als::gram(y.view(), 1);
        const als::Problem no_ridge{0.0f, 1.0f, 1.0f, 1.0f};  // 3 rows cannot span 20 factors
        als::half_epoch(x.view(), y.view(), gram.data(), no_ridge, {0}, out.mutable_view(), 1);
        CHECK(std::isfinite(out.data[0]));
        gram[0] = -1e6;
        CHECK_THROWS_AS(als::half_epoch(x.view(), y.view(), gram.data(), no_ridge, {0}, out.mutable_view(), 1),
                        NumericalError);
    });
}

TEST_CASE("als: factors that are not finite are an error, and their rows stay as they were, the others not") {
    for_each_level([] {
        const Csr x({8, 1}, 8, 16);
        REQUIRE(x.view().row(1).indices[0] != 3);
        InAxes at(Table(8, 20, 17));
        at.y.data[3 * at.y.size] = std::numeric_limits<float>::infinity();
        const als::Problem near{0.1f, 1.0f, 1.0f, 1.0f}, far{0.1f, 1e4f, 1.0f, 1.0f};
        for (const als::Problem& problem : {near, far}) {
            for (const als::Solver& solver : {als::Solver{}, als::Solver{3}, als::Solver{0, 16}}) {
                const Table before(2, 20, 18);
                Table out(2, 20, 18);
                CHECK_THROWS_AS(
                    als::half_epoch(x.view(), at.y.view(), at.gram.data(), problem, solver, out.mutable_view(), 1),
                    NumericalError);
                CHECK(std::equal(before.view().row(0), before.view().row(1), out.view().row(0)));
                CHECK_FALSE(std::equal(before.view().row(1), before.view().row(2), out.view().row(1)));
                CHECK(std::isfinite(out.at(1, 0)));
            }
        }
    });
}

TEST_CASE("als: shapes that do not fit are refused") {
    const Csr x({1, 2}, 4, 19);
    const Table y(4, 5, 20);
    const AlignedBuffer<double> gram = als::gram(y.view(), 1);
    Table out(2, 5, 21);
    const auto solve = [&](const als::Factors& other, MatrixView<float> own) {
        als::half_epoch(x.view(), other, gram.data(), {}, {0}, own, 1);
    };
    const Table more(5, 5, 20);
    CHECK_THROWS_AS(solve(more.view(), out.mutable_view()), std::invalid_argument);
    const als::Factors unpadded{y.data.data(), 4, 5, 5};
    CHECK_THROWS_AS(solve(unpadded, out.mutable_view()), std::invalid_argument);
    Table rows(3, 5, 21), narrow(2, 4, 21), wide(2, 17, 21);
    for (Table* wrong : {&rows, &narrow, &wide}) {
        CHECK_THROWS_AS(solve(y.view(), wrong->mutable_view()), std::invalid_argument);
    }
}

TEST_CASE("als: the objective agrees with the sum over all pairs") {
    for_each_level([] {
        const Csr csr(row_lengths, columns, 22);
        std::vector<offset_t> counts(columns);
        for (const index_t i : csr.indices) {
            ++counts[static_cast<std::size_t>(i)];
        }
        std::vector<offset_t> indptr{0};
        for (const offset_t n : counts) {
            indptr.push_back(indptr.back() + n);
        }
        const CsrView transposed{columns, csr.view().rows, indptr.data(), nullptr, nullptr};
        const als::Problem problem{0.1f, 3.0f, 0.2f, 0.7f};
        const Table x(csr.view().rows, 9, 23);
        const Table y(columns, 9, 24);
        double exact = 0;
        double size = 0;
        for (index_t u = 0; u < csr.view().rows; ++u) {
            std::vector<float> values(columns, 0.0f);
            const SparseRow row = csr.view().row(u);
            for (offset_t t = 0; t < row.size(); ++t) {
                values[static_cast<std::size_t>(row.indices[static_cast<std::size_t>(t)])] = row.value(t);
            }
            for (index_t i = 0; i < columns; ++i) {
                const double v = static_cast<double>(values[static_cast<std::size_t>(i)]);
                double s = 0;
                for (index_t k = 0; k < 9; ++k) {
                    s += x.at(u, k) * y.at(i, k);
                }
                const double c = v != 0 ? 3.0 * std::abs(v) : static_cast<double>(problem.unobserved_weight);
                const double miss = (v > 0 ? 1.0 : 0.0) - s;
                exact += c * miss * miss;
                size += c * (1 + s * s);
            }
        }
        const auto ridges = [&](const Table& t, const CsrView& lengths, offset_t others) {
            for (index_t i = 0; i < lengths.rows; ++i) {
                for (index_t k = 0; k < 9; ++k) {
                    exact += static_cast<double>(problem.ridge(lengths.length(i), others)) * t.at(i, k) * t.at(i, k);
                }
            }
        };
        ridges(x, csr.view(), columns);
        ridges(y, transposed, csr.view().rows);
        const AlignedBuffer<double> gram_x = als::gram(x.view(), 1);
        const AlignedBuffer<double> gram_y = als::gram(y.view(), 1);
        const auto loss = [&](int threads) {
            return als::objective(csr.view(), transposed, x.view(), y.view(), gram_x.data(), gram_y.data(), problem,
                                  threads);
        };
        CHECK(std::abs(loss(1) - exact) <= 100 * eps * (size + exact));
        CHECK(loss(3) == loss(1));
        CHECK(loss(7) == loss(1));
    });
}
