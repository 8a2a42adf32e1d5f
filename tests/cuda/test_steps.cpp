// The other steps of an epoch on the simulated device against fp64.
#include <doctest/doctest.h>

#include "problems.hpp"

using namespace tastemaker;
using namespace tastemaker::cuda;
using namespace tastemaker::cuda::test;

namespace {

constexpr offset_t plenty = 1 << 30;

// |A x - b| relative to what its terms could lose.
double relative_residual(const System& system, const std::vector<double>& x) {
    const std::vector<double> ax = system.apply(x), b = system.right_side();
    double worst = 0, scale = 1e-30;
    for (std::size_t k = 0; k < b.size(); ++k) {
        worst = std::max(worst, std::abs(ax[k] - b[k]));
        scale = std::max({scale, std::abs(b[k]), std::abs(ax[k])});
    }
    return worst / scale;
}

}  // namespace

TEST_CASE("cuda: tables come back as they went, rounded to what they hold") {
    const Factors x(37, 100, 1);
    CHECK(from_device(x.on_device()).data == x.data);
    for (const auto& [storage, unit] : {std::pair{Storage::float16, 1.0 / 2048}, {Storage::bfloat16, 1.0 / 256}}) {
        const Factors back = from_device(x.on_device(storage));
        for (offset_t i = 0; i < 3700; ++i) {
            CHECK(std::abs(back.at(0, i) - x.at(0, i)) <= unit * std::abs(x.at(0, i)) + 1e-7);
        }
        CHECK(from_device(back.on_device(storage)).data == back.data);
    }
    Factors limits(1, 4, 0);
    limits.data = {1e-7f, -65504.0f, 1e9f, std::numeric_limits<float>::quiet_NaN()};
    const Factors back = from_device(limits.on_device(Storage::float16));
    CHECK(back.at(0, 0) == doctest::Approx(1.192e-7).epsilon(1e-3));
    CHECK(back.at(0, 1) == -65504);
    CHECK(std::isinf(back.at(0, 2)));
    CHECK(std::isnan(back.at(0, 3)));
    CHECK_THROWS_AS(Table(3, 1025, Storage::float32), std::invalid_argument);
}

TEST_CASE("cuda: the Gram matrix agrees with fp64") {
    for (const index_t factors : {1, 7, 64, 100, 200}) {
        CAPTURE(factors);
        const Factors y(1111, factors, 2);
        const std::vector<double> exact = exact_gram(y);
        std::vector<double> computed(exact.size());
        gram(y.on_device(), computed.data());
        for (std::size_t k = 0; k < exact.size(); ++k) {
            CHECK(std::abs(computed[k] - exact[k]) <= 128 * eps * 1111);  // 256 fp32 additions of terms of size 1
        }
    }
}

TEST_CASE("cuda: rotating is a product with the axes, in place too") {
    for (const index_t factors : {1, 33, 600}) {
        const Factors y(45, factors, 3), axes(factors, factors, 4);
        Table table = y.on_device();
        rotate(table, axes.data.data(), table);
        const Factors turned = from_device(table);
        for (offset_t i = 0; i < y.rows; i += 4) {
            for (index_t k = 0; k < factors; k += 7) {
                double exact = 0, size = 0;
                for (index_t l = 0; l < factors; ++l) {
                    exact += y.at(i, l) * axes.at(l, k);
                    size += std::abs(y.at(i, l) * axes.at(l, k));
                }
                CHECK(std::abs(turned.at(i, k) - exact) <= factors * eps * size);
            }
        }
    }
}

TEST_CASE("cuda: the exact solver leaves a residual of rounding size, in shared memory and beyond it") {
    const als::Problem problem{0.05f, 1.5f, 0.5f, 0.6f};
    for (const index_t factors : {1, 7, 32, 64, 100, 130}) {
        CAPTURE(factors);
        const bool small = factors <= 32;
        const Csr csr(small ? std::vector<index_t>{0, 1, 31, 32, 33, 1000, 0} : std::vector<index_t>{33, 600, 0}, 1000,
                      5);
        const Factors y(1000, factors, 6);
        const std::vector<double> exact = exact_gram(y);
        for (const offset_t budget : {plenty, offset_t{64}}) {
            Table x(csr.view().rows, factors, Storage::float32);
            half_epoch(Matrix(csr.view(), problem, budget), y.on_device(), exact.data(), {}, x);
            const Factors solved = from_device(x);
            for (index_t u = 0; u < csr.view().rows; ++u) {
                const System system(csr.view().row(u), y, exact, problem);
                CHECK(relative_residual(system, row_of(solved, u)) <= 20 * factors * eps);
            }
        }
    }
}

TEST_CASE("cuda: a system that is not positive definite is an error, one that is nearly so is not") {
    const als::Problem no_ridge{0.0f, 1.0f, 1.0f, 1.0f};
    const Csr csr({3}, 3, 7, false);
    const Factors y(3, 20, 8);  // 3 rows cannot span 20 factors
    std::vector<double> g = exact_gram(y);
    Table x(1, 20, Storage::float32);
    half_epoch(Matrix(csr.view(), no_ridge, plenty), y.on_device(), g.data(), {}, x);
    CHECK(std::isfinite(from_device(x).data[0]));
    g[0] = -1e6;
    CHECK_THROWS_AS(half_epoch(Matrix(csr.view(), no_ridge, plenty), y.on_device(), g.data(), {}, x), NumericalError);
}

TEST_CASE("cuda: the objective agrees with the sum over rows") {
    const als::Problem problem{0.1f, 3.0f, 0.2f, 0.7f};
    const Csr csr({0, 1, 33, 600, 31}, 700, 9);
    const Csr transposed = csr.transposed();
    const Factors x(5, 9, 10), y(700, 9, 11);
    const std::vector<double> gram_x = exact_gram(x), gram_y = exact_gram(y);
    double exact = static_cast<double>(problem.unobserved_weight) * inner(gram_x, gram_y);
    for (index_t u = 0; u < 5; ++u) {
        exact += System(csr.view().row(u), y, gram_y, problem).loss(row_of(x, u));
    }
    for (index_t i = 0; i < 700; ++i) {
        const std::vector<double> row = row_of(y, i);
        exact += static_cast<double>(problem.ridge(transposed.view().length(i), 5)) * inner(row, row);
    }
    for (const offset_t budget : {plenty, offset_t{100}}) {
        const Matrix by_user(csr.view(), problem, budget), by_item(transposed.view(), problem, budget);
        CHECK(objective(by_user, by_item, x.on_device(), y.on_device()) == doctest::Approx(exact).epsilon(100 * eps));
    }
}

TEST_CASE("cuda: positions beyond 2^31 reach the right entries") {
    // The view starts so far before the entries that only 64-bit positions lead to them.
    const Csr csr({5, 40}, 50, 12);
    constexpr offset_t far = offset_t{1} << 33;
    const als::Problem problem{0.1f, 1.0f, 0.5f, 1.0f};
    const Factors y(50, 8, 13), start(2, 8, 14);
    std::vector<offset_t> indptr = csr.indptr;
    for (offset_t& position : indptr) {
        position += far;
    }
    const CsrView shifted{2, 50, indptr.data(), csr.indices.data() - far, csr.values.data() - far};
    Table one = start.on_device(), other = start.on_device();
    half_epoch(Matrix(csr.view(), problem, plenty), y.on_device(), exact_diagonal(y).data(), {2}, one);
    half_epoch(Matrix(shifted, problem, 64), y.on_device(), exact_diagonal(y).data(), {2}, other);
    CHECK(from_device(one).data == from_device(other).data);
}
