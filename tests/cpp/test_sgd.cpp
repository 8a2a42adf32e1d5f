// The sgd kernels against plain fp64 loops at every SIMD level; the order of examples, the likes, and whole epochs.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "levels.hpp"
#include "sgd_samples.hpp"
#include "tastemaker/sgd/examples.hpp"
#include "tastemaker/sgd/fold_in.hpp"
#include "tastemaker/sgd/logistic_mf.hpp"
#include "tastemaker/sgd/synchronous.hpp"

namespace {

using namespace tastemaker;

constexpr double eps = std::numeric_limits<float>::epsilon();

// A loss that notes whose examples come, and moves nothing.
struct Visits {
    static constexpr bool searches = false;
    static constexpr int proposals = 0;
    std::vector<index_t>& users;

    void start(const sgd::Worker&, sgd::Prepared&) const {}
    void prepare(const sgd::Worker&, sgd::Prepared&) const {}
    bool operator()(sgd::Worker&, const sgd::Prepared& prepared, sgd::Choice&) const {
        users.push_back(prepared.example.user);
        return false;
    }
};

}  // namespace

TEST_CASE("sgd: scores, combinations and differences of rows") {
    for_each_level([] {
        const simd::SgdKernels& kernels = simd::kernels().sgd;
        for (const offset_t size : {16, 32, 80, 144}) {
            const std::vector<float> table = random_floats(8 * size, -1, 1, 3);
            const std::vector<float> x = random_floats(size, -1, 1, 4);
            const std::vector<float> weights{0.5f, -2.0f, 1.0f};
            const float* rows[8];
            for (int t = 0; t < 8; ++t) {
                rows[t] = table.data() + t * size;
            }
            float scores[8];
            kernels.scores(rows, 8, x.data(), size, scores);
            std::vector<float> sum(static_cast<std::size_t>(size));
            std::vector<float> difference(sum.size());
            const float* combined[3] = {rows[3], rows[0], rows[7]};
            kernels.combine(combined, weights.data(), 3, size, sum.data());
            kernels.difference(rows[1], rows[2], 0.5f, size, difference.data());
            for (int t = 0; t < 8; ++t) {
                double exact = 0;
                for (offset_t k = 0; k < size; ++k) {
                    exact += static_cast<double>(rows[t][k]) * static_cast<double>(x[static_cast<std::size_t>(k)]);
                }
                CHECK(std::abs(static_cast<double>(scores[t]) - exact) <= eps * static_cast<double>(size));
            }
            for (offset_t k = 0; k < size; ++k) {
                const auto at = static_cast<std::size_t>(k);
                CHECK(sum[at] == doctest::Approx(0.5f * rows[3][k] - 2 * rows[0][k] + rows[7][k]).epsilon(1e-5));
                CHECK(difference[at] == 0.5f * (rows[1][k] - rows[2][k]));
            }
        }
    });
}

TEST_CASE("sgd: the steps of the optimisers") {
    using Step = float (*simd::SgdKernels::*)(float*, const float*, float, std::int64_t, const simd::SgdStep&);
    for_each_level([] {
        const simd::SgdKernels& kernels = simd::kernels().sgd;
        const offset_t size = 32;
        const offset_t weights = 19;
        for (const float growth : {0.0f, 0.01f}) {
            for (const Step step : {Step{&simd::SgdKernels::adagrad}, Step{&simd::SgdKernels::adadelta}}) {
                const bool delta = step == Step{&simd::SgdKernels::adadelta};
                std::vector<float> row = random_floats(3 * size, 0.1f, 2, 5);
                const std::vector<float> before = row;
                std::vector<float> g = random_floats(size, -1, 1, 6);
                std::fill(g.begin() + weights, g.end(), 0.0f);
                const float total =
                    (kernels.*step)(row.data(), g.data(), -0.7f, size, {0.05f, 0.9f, 1e-6f, weights, growth, 0});
                double rates = 0;
                for (std::size_t k = 0; k < static_cast<std::size_t>(weights); ++k) {
                    const double gradient = -0.7 * static_cast<double>(g[k]);
                    double squares = static_cast<double>(before[size + k]);
                    const double steps = static_cast<double>(before[2 * size + k]);
                    double rate = 0.05 / std::sqrt(squares);
                    squares = delta ? 0.9 * squares + 0.1 * gradient * gradient : squares + gradient * gradient;
                    if (delta) {
                        rate = std::sqrt(steps + 1e-6) / std::sqrt(squares + 1e-6);
                        CHECK(row[2 * size + k] ==
                              doctest::Approx(0.9 * steps + 0.1 * std::pow(rate * gradient, 2)).epsilon(1e-5));
                    }
                    const double moved = static_cast<double>(before[k]) - rate * gradient;
                    CHECK(row[k] == doctest::Approx(moved * (1 + static_cast<double>(growth) * rate)).epsilon(1e-5));
                    CHECK(row[size + k] == doctest::Approx(squares).epsilon(1e-5));
                    rates += rate;
                }
                CHECK(static_cast<double>(total) == doctest::Approx(growth == 0 ? 0 : rates).epsilon(1e-5));
            }
        }
    });
}

TEST_CASE("sgd: an Adagrad step whose rate knows its own gradient") {
    for_each_level([] {
        const offset_t size = 32;
        std::vector<float> row = random_floats(2 * size, 0.1f, 2, 5);
        const std::vector<float> before = row;
        const std::vector<float> g = random_floats(size, -1, 1, 6);
        simd::kernels().sgd.adagrad_after(row.data(), g.data(), -0.7f, size, {0.05f, 0, 1e-6f, 19, 0, 0});
        for (std::size_t k = 0; k < static_cast<std::size_t>(size); ++k) {
            const double gradient = -0.7 * static_cast<double>(g[k]);
            const double squares = static_cast<double>(before[size + k]) + gradient * gradient;
            const double moved = static_cast<double>(before[k]) - 0.05 / std::sqrt(squares + 1e-6) * gradient;
            CHECK(row[k] == doctest::Approx(moved).epsilon(1e-5));
            CHECK(row[size + k] == doctest::Approx(squares).epsilon(1e-5));
        }
    });
}

TEST_CASE("sgd: a comparison in one pass is three steps") {
    for_each_level([] {
        const simd::SgdKernels& kernels = simd::kernels().sgd;
        const offset_t size = 32;
        const simd::SgdStep user_step{0.05f, 0, 0, 20, 0, 0.1f};
        const simd::SgdStep item_step{0.04f, 0, 0, 20, 0, 0.2f};
        for (const offset_t bias : {3, 15, 16, 19}) {
            for (const float user_bias : {0.0f, 1.0f}) {
                for (const bool adagrad : {true, false}) {
                    std::vector<float> rows = random_floats(6 * size, 0.1f, 2, 7);
                    std::vector<float> expected = rows;
                    std::vector<float> x = random_floats(size, -1, 1, 8);
                    const auto at = [&](std::vector<float>& of, offset_t row) { return of.data() + row * 2 * size; };
                    std::vector<float> toward(static_cast<std::size_t>(size));
                    kernels.difference(at(rows, 2), at(rows, 1), 1, size, toward.data());
                    toward[static_cast<std::size_t>(bias)] = user_bias;
                    const auto step = adagrad ? kernels.adagrad : kernels.descend;
                    step(at(expected, 0), toward.data(), 0.7f, size, user_step);
                    step(at(expected, 1), x.data(), -0.7f, size, item_step);
                    step(at(expected, 2), x.data(), 0.7f, size, item_step);
                    const auto pass = adagrad ? kernels.adagrad_rows : kernels.descend_rows;
                    pass({at(rows, 0), at(rows, 1), at(rows, 2), x.data(), bias, user_bias}, 0.7f, size, user_step,
                         item_step);
                    for (std::size_t k = 0; k < rows.size(); ++k) {
                        CHECK(rows[k] == doctest::Approx(expected[k]).epsilon(1e-5));
                    }
                }
            }
        }
    });
}

TEST_CASE("rng: an order holds every place once, whatever the number") {
    for (const offset_t n : {1, 2, 3, 64, 65, 1000}) {
        const RandomOrder order(n, 7);
        std::set<offset_t> seen;
        for (offset_t i = 0; i < n; ++i) {
            seen.insert(order(i));
        }
        CHECK(static_cast<offset_t>(seen.size()) == n);
        CHECK(*seen.begin() == 0);
        CHECK(*seen.rbegin() == n - 1);
    }
}

TEST_CASE("rng: draws stay below n and spread") {
    Draws draws(3);
    std::vector<int> counts(7);
    for (int i = 0; i < 7000; ++i) {
        ++counts[static_cast<std::size_t>(draws.below(7))];
    }
    for (const int count : counts) {
        CHECK(std::abs(count - 1000) < 150);  // five standard deviations
    }
    CHECK(draws.below(offset_t{1} << 40) < offset_t{1} << 40);
}

TEST_CASE("sgd: likes are those of the matrix") {
    const Interactions x(9, 70);
    const sgd::Likes likes(x.view());
    for (index_t user = 0; user < 9; ++user) {
        const auto row = x.view().row(user).indices;
        for (index_t item = 0; item < 70; ++item) {
            CHECK(likes.contains(user, item) == std::binary_search(row.begin(), row.end(), item));
        }
    }
}

TEST_CASE("sgd: who likes everything has no negative, and nothing moves") {
    const Interactions x(1, 9);
    const sgd::Examples examples(x.view());
    const sgd::Popularity popularity(x.indices, 9);
    const sgd::Data data = examples.data(&popularity);
    Tables tables(1, 9, 3);
    const sgd::Model model = tables.model(0);
    const std::vector<float> before(tables.item.begin(), tables.item.end());
    for (const bool popular : {false, true}) {
        const sgd::Sampling sampling{5, 0, popular, true};
        CHECK(sgd::epoch<sgd::Adagrad>(model, data, sampling, sgd::Bpr{}, 1) == 0);
        CHECK(sgd::epoch<sgd::Adagrad>(model, data, sampling, sgd::Warp(20, 9), 1) == 0);
        CHECK(sgd::epoch<sgd::Adagrad>(model, data, sampling, sgd::WarpKos(2, 4, 20, 9), 1) == 0);
    }
    CHECK(std::equal(before.begin(), before.end(), tables.item.begin()));

    const sgd::Sampling sampling{5, 0, false, true};
    const sgd::Worker worker(model, data, sampling);
    sgd::Prepared prepared;
    sgd::Bpr{}.start(worker, prepared);
    sgd::Bpr{}.prepare(worker, prepared);
    CHECK(prepared.found == 0);
    Draws draws(prepared.example.key);
    draws.skip(100);
    CHECK(prepared.draws.bits() == draws.bits());  // a hundred have been drawn
}

TEST_CASE("sgd: an epoch of one thread is reproducible, a synchronous one at any number of threads") {
    const Interactions x(40, 30);
    const sgd::Examples examples(x.view());
    const sgd::Data data = examples.data(nullptr);
    for (const float growth : {0.0f, 1e-3f}) {
        const auto run = [&](bool synchronous, int threads) {
            Tables tables(40, 30, 20);
            const sgd::Model model = tables.model(growth);
            const sgd::Warp loss(10, 30);
            const sgd::Sampling sampling{5, 0, false, true};
            const offset_t moved = synchronous
                                       ? sgd::synchronous_epoch<sgd::Adagrad>(model, data, sampling, loss, threads)
                                       : sgd::epoch<sgd::Adagrad>(model, data, sampling, loss, threads);
            CHECK(moved > 0);
            return std::vector<float>(tables.item.begin(), tables.item.end());
        };
        CHECK(run(false, 1) == run(false, 1));
        CHECK(run(true, 1) == run(true, 3));
        CHECK(run(true, 1) == run(true, 7));
    }
}

TEST_CASE("sgd: neighbours in an epoch share users, unless items have features") {
    constexpr index_t n = 500;
    const Interactions x(n, n);  // some 80,000: enough for runs of 16
    const sgd::Examples examples(x.view());
    const sgd::Data data = examples.data(nullptr);
    std::vector<index_t> columns(n);
    std::iota(columns.begin(), columns.end(), 0);
    std::vector<offset_t> rows(n + 1);
    std::iota(rows.begin(), rows.end(), offset_t{0});
    const CsrView identity{n, n, rows.data(), columns.data(), nullptr};
    Tables tables(n, n, 3);
    const auto users_among_first = [&](const CsrView* features) {
        std::vector<index_t> users;
        sgd::Model model = tables.model(0);
        model.items.features = features;
        CHECK(sgd::epoch<sgd::Adagrad>(model, data, {}, Visits{users}, 1) == 0);
        CHECK(static_cast<offset_t>(users.size()) == x.view().nnz());
        return std::set<index_t>(users.begin(), users.begin() + 1000).size();
    };
    CHECK(users_among_first(nullptr) <= 200);    // of 63 runs and more, each of two users at most
    CHECK(users_among_first(&identity) >= 350);  // of 1000 draws: 500 (1 - 1/e^2) = 432
}

TEST_CASE("sgd: parameters that are not finite end an epoch with an error") {
    const Interactions x(5, 9);
    const sgd::Examples examples(x.view());
    const sgd::Data data = examples.data(nullptr);
    Tables tables(5, 9, 3);
    tables.user[0] = std::numeric_limits<float>::infinity();
    CHECK_THROWS_AS(sgd::epoch<sgd::Adagrad>(tables.model(0), data, {}, sgd::Bpr{}, 1), NumericalError);
    tables.user[0] = 0;
    sgd::Model narrow = tables.model(0);
    narrow.factors = 40;
    CHECK_THROWS_AS(sgd::epoch<sgd::Adagrad>(narrow, data, {}, sgd::Bpr{}, 1), std::invalid_argument);
}
