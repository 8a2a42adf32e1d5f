// What each loss chooses to move, against plain loops over the same draws.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "sgd_samples.hpp"
#include "tastemaker/sgd/examples.hpp"
#include "tastemaker/sgd/loss.hpp"

namespace {

using namespace tastemaker;

constexpr index_t users = 30, items = 40, factors = 5;

// Random parameters; user 0 likes everything.
struct World {
    World() : x(users, items), examples(x.view()), tables(users, items, factors), model(tables.model(0)) {
        for (AlignedBuffer<float>* side : {&tables.user, &tables.item}) {
            const std::vector<float> weights = random_floats(side->size(), -1.5f, 1.5f, 7);
            for (offset_t i = 0; i < side->size(); i += 2 * tables.size) {
                std::copy_n(weights.begin() + i, factors + 1, side->data() + i);
            }
        }
    }
    double score(index_t user, index_t item) const {
        const float* p = model.users.table.row(user);
        const float* q = model.items.table.row(item);
        double sum = static_cast<double>(q[factors]);
        for (index_t k = 0; k < factors; ++k) {
            sum += static_cast<double>(p[k]) * static_cast<double>(q[k]);
        }
        return sum;
    }
    bool likes(index_t user, index_t item) const {
        const auto row = x.view().row(user).indices;
        return std::binary_search(row.begin(), row.end(), item);
    }

    Interactions x;
    sgd::Examples examples;
    Tables tables;
    sgd::Model model;
    sgd::Sampling sampling{5, 0, false, true};
};

struct Found {
    index_t item = -1;
    int sampled = 0;  // 0: none
};

// The first of at most `most` draws that the user does not like and that scores above the bound.
Found plain_search(const World& world, Draws& draws, index_t user, double bound, int most) {
    for (int sampled = 1; sampled <= most; ++sampled) {
        const auto item = static_cast<index_t>(draws.below(items));
        if (!world.likes(user, item) && world.score(user, item) > bound) {
            return {item, sampled};
        }
    }
    return {};
}

double plain_loss(int sampled) {
    return std::min(std::log(std::max(std::floor((items - 1.0) / sampled), 1.0)), 10.0);
}

// Lets a loss look at an example as an epoch does.
template <class Loss>
bool look(const Loss& loss, sgd::Worker& worker, const sgd::Example& example, sgd::Choice& choice) {
    sgd::Prepared prepared;
    prepared.example = example;
    loss.start(worker, prepared);
    loss.prepare(worker, prepared);
    return loss(worker, prepared, choice);
}

}  // namespace

TEST_CASE("sgd: WARP moves the first violator of its draws, by the rank that their number suggests") {
    const World world;
    const sgd::Data data = world.examples.data(nullptr);
    sgd::Worker worker(world.model, data, world.sampling);
    int late = 0;
    for (const int most : {1, 3, 4, 5, 30, 60}) {
        const sgd::Warp loss(most, items);
        for (index_t user = 0; user < users; ++user) {
            for (const index_t item : world.x.view().row(user).indices) {
                const std::uint64_t key = subkey(3, static_cast<std::uint64_t>(user * items + item));
                Draws draws(key);
                const Found found = plain_search(world, draws, user, world.score(user, item) - 1, most);
                sgd::Choice choice;
                REQUIRE(look(loss, worker, {user, item, 1, key}, choice) == (found.sampled > 0));
                if (found.sampled > 0) {
                    CHECK(choice.item == item);
                    CHECK(choice.other == found.item);
                    CHECK(choice.other_row == world.model.items.table.row(found.item));
                    const double gradient = plain_loss(found.sampled);
                    CHECK(static_cast<double>(choice.gradient) == doctest::Approx(gradient));
                    late += found.sampled > 12;
                }
            }
        }
    }
    CHECK(late > 10);  // of the third batch and later
}

TEST_CASE("sgd: popularity draws items as often as they occur, and none that never does") {
    for (const index_t n : {1, 7, 300}) {
        std::vector<index_t> occurring;
        for (index_t item = 0; item < n; ++item) {
            const index_t times = n == 1 ? 1 : item % 3 == 0 ? 0 : 1 + item * item % 50;
            occurring.insert(occurring.end(), static_cast<std::size_t>(times), item);
        }
        const sgd::Popularity popularity(occurring, n);
        CHECK(popularity.items() == n);
        CHECK(!popularity.empty());
        constexpr int total = 1 << 20;
        std::vector<double> drawn(static_cast<std::size_t>(n));
        Draws draws(9);
        for (int draw = 0; draw < total; ++draw) {
            ++drawn[static_cast<std::size_t>(popularity.draw(draws))];
        }
        for (index_t item = 0; item < n; ++item) {
            const double chance =
                static_cast<double>(std::ranges::count(occurring, item)) / static_cast<double>(occurring.size());
            const double deviation = std::sqrt(total * chance * (1 - chance));
            CHECK(std::abs(drawn[static_cast<std::size_t>(item)] - total * chance) <= 4 * deviation);
        }
    }
    CHECK(sgd::Popularity({}, 5).empty());
}

TEST_CASE("sgd: the logistic and the BPR gradient") {
    const World world;
    const sgd::Data data = world.examples.data(nullptr);
    std::vector<index_t> columns(items);
    std::iota(columns.begin(), columns.end(), 0);
    std::vector<offset_t> rows(items + 1);
    std::iota(rows.begin(), rows.end(), offset_t{0});
    const std::vector<float> ones(items, 1.0f);
    const CsrView identity{items, items, rows.data(), columns.data(), ones.data()};
    sgd::Model made = world.model;  // the same items, each made of its one feature
    made.items.features = &identity;
    sgd::Worker plain(world.model, data, world.sampling), hybrid(made, data, world.sampling);
    const auto chance = [](double x) { return 1 / (1 + std::exp(-x)); };
    for (index_t user = 1; user < users; ++user) {
        sgd::Worker& worker = user % 2 ? plain : hybrid;
        const index_t item = world.x.view().row(user).indices[0];
        const std::uint64_t key = subkey(6, static_cast<std::uint64_t>(user));
        const double bias = static_cast<double>(world.model.users.table.row(user)[factors]);
        sgd::Choice choice;
        for (const float value : {2.0f, -3.0f}) {
            REQUIRE(look(sgd::Logistic{}, worker, {user, item, value, key}, choice));
            CHECK(choice.item == item);
            CHECK(choice.other == -1);
            const double miss = chance(world.score(user, item) + bias) - (value > 0 ? 1 : 0);
            CHECK(static_cast<double>(choice.gradient) ==
                  doctest::Approx(std::abs(static_cast<double>(value)) * miss).epsilon(1e-5));
        }
        Draws draws(key);
        index_t other = static_cast<index_t>(draws.below(items));
        while (world.likes(user, other)) {
            other = static_cast<index_t>(draws.below(items));
        }
        REQUIRE(look(sgd::Bpr{}, worker, {user, item, 2, key}, choice));
        CHECK(choice.item == item);
        CHECK(choice.other == other);
        const double miss = chance(world.score(user, other) - world.score(user, item));
        CHECK(static_cast<double>(choice.gradient) == doctest::Approx(2 * miss).epsilon(1e-5));
    }
}

TEST_CASE("sgd: k-OS moves the k-th best of the likes that it draws") {
    const World world;
    const sgd::Data data = world.examples.data(nullptr);
    sgd::Worker worker(world.model, data, world.sampling);
    struct Case {
        int k, n;
    };
    int found_any = 0;
    for (const auto [k, n] :
         {Case{1, 1}, Case{1, 3}, Case{2, 10}, Case{5, 10}, Case{3, 13}, Case{9, 30}, Case{30, 30}}) {
        const sgd::WarpKos loss(k, n, 6, items);
        for (index_t user = 1; user < users; ++user) {
            const auto liked = world.x.view().row(user).indices;
            const auto size = static_cast<offset_t>(liked.size());
            const std::uint64_t key = subkey(4, static_cast<std::uint64_t>(user + 100 * n));
            Draws draws(key);
            std::vector<index_t> drawn(static_cast<std::size_t>(std::min<offset_t>(n, size)));
            std::ranges::generate(drawn, [&] { return liked[static_cast<std::size_t>(draws.below(size))]; });
            std::ranges::stable_sort(drawn, std::ranges::greater(), [&](index_t i) { return world.score(user, i); });
            const index_t item = drawn[std::min(static_cast<std::size_t>(k), drawn.size()) - 1];
            const Found found = plain_search(world, draws, user, world.score(user, item) - 1, 6);
            sgd::Choice choice;
            REQUIRE(look(loss, worker, {user, liked[0], 1, key}, choice) == (found.sampled > 0));
            if (found.sampled > 0) {
                ++found_any;
                CHECK(choice.item == item);
                CHECK(choice.other == found.item);
                CHECK(static_cast<double>(choice.gradient) == doctest::Approx(plain_loss(found.sampled)));
            }
        }
    }
    CHECK(found_any > 50);
}
