// Threads that learn at once: their own rows of busy features, and the snapshot that they look for negatives in.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <vector>

#include "sgd_samples.hpp"
#include "tastemaker/sgd/epoch.hpp"
#include "tastemaker/sgd/examples.hpp"

namespace {

using namespace tastemaker;

// Moves the item of each example by the learning rate along its user, whose bias counts as 1.
struct Push {
    static constexpr bool searches = false;
    static constexpr int proposals = 0;

    void start(const sgd::Worker&, sgd::Prepared&) const {}
    void prepare(const sgd::Worker&, sgd::Prepared&) const {}
    bool operator()(sgd::Worker& worker, const sgd::Prepared& prepared, sgd::Choice& choice) const {
        worker.load_user(prepared.example.user);
        choice = {prepared.example.item, -1, worker.item_row(prepared.example.item, 0), nullptr, 1.0f};
        return true;
    }
};

// Counts examples, as a loss that wants a snapshot.
struct Count {
    static constexpr bool searches = true;
    static constexpr int proposals = 0;
    std::atomic<offset_t>& visits;

    void start(const sgd::Worker&, sgd::Prepared&) const {}
    void prepare(const sgd::Worker&, sgd::Prepared&) const {}
    bool operator()(sgd::Worker& worker, const sgd::Prepared&, sgd::Choice&) const {
        visits += worker.snapshot.data || worker.model.items.replicas == nullptr;
        return false;
    }
};

}  // namespace

TEST_CASE("sgd: replicas add up what threads learn; running means are those of the last to exchange") {
    std::vector<index_t> columns{0, 2, 0, 1};
    const std::vector<offset_t> rows{0, 2, 4};
    const CsrView features{2, 3, rows.data(), columns.data(), nullptr};
    AlignedBuffer<float> table(3 * 4);
    sgd::Side side{{table.data(), 3, 2, 4}, &features, {}};
    sgd::BusyFeatures busy(features, {3, 2});  // feature 0 moves 5 times a window, the others 2 or 3
    CHECK(busy.rows() == std::vector<index_t>{0});
    CHECK(busy.features().row(0).indices[0] == ~0);
    CHECK(busy.features().row(0).indices[1] == 2);
    sgd::Replicas first(busy, side);
    sgd::Replicas second(busy, side);
    sgd::Side a = side;
    sgd::Side b = side;
    first.attach(a);
    second.attach(b);
    CHECK(a.row(2) == table.data() + 2 * 4);
    CHECK(a.row(~0) != b.row(~0));
    a.row(~0)[1] += 2;
    b.row(~0)[1] += 5;
    a.row(~0)[3] = 7;
    b.row(~0)[3] = 8;
    first.exchange(3);
    second.exchange(3);
    CHECK(table[1] == 7);
    CHECK(table[3] == 8);
    CHECK(b.row(~0)[1] == 7);
    CHECK(a.row(~0)[1] == 2);
    first.exchange(3);
    CHECK(a.row(~0)[1] == 7);
    CHECK(table[1] == 7);
}

TEST_CASE("sgd: no step of a feature that all items share is lost between threads") {
    const Interactions x(60, 50);
    const sgd::Examples examples(x.view());
    const sgd::Data data = examples.data(nullptr);
    const std::vector<index_t> columns(50, 0);
    std::vector<offset_t> rows(51);
    std::iota(rows.begin(), rows.end(), offset_t{0});
    const std::vector<float> ones(50, 1.0f);
    const CsrView shared{50, 1, rows.data(), columns.data(), ones.data()};
    for (const int threads : {1, 2, 7}) {
        Tables tables(60, 1, 3);
        sgd::Model model = tables.model(0);
        model.items.features = &shared;
        model.items.table.stride = model.users.table.stride = tables.size;  // no state
        model.items.table.rows = 1;
        model.users.frozen = true;  // or threads would race for them, as they may
        model.users.table.rows = 60;
        std::fill(tables.item.begin(), tables.item.end(), 0.0f);
        sgd::epoch<sgd::Descent>(model, data, {}, Push{}, threads);
        const double expected = -0.05 * static_cast<double>(x.view().nnz());  // by the learning rate
        CHECK(tables.item[3] == doctest::Approx(expected).epsilon(1e-4));
    }
}

TEST_CASE("sgd: a snapshot holds what all items are made of, and rounds with it visit each example once") {
    const Interactions x(200, 150);
    const sgd::Examples examples(x.view());
    const sgd::Data data = examples.data(nullptr);
    std::vector<index_t> columns;
    std::vector<offset_t> rows{0};
    for (index_t item = 0; item < 150; ++item) {
        columns.insert(columns.end(), {item % 7, 7 + item % 5});
        rows.push_back(static_cast<offset_t>(columns.size()));
    }
    const std::vector<float> halves(columns.size(), 0.5f);
    const CsrView features{150, 12, rows.data(), columns.data(), halves.data()};
    Tables tables(200, 12, 3);
    sgd::Model model = tables.model(0);
    model.items.features = &features;
    CHECK(sgd::Snapshot(tables.model(0), true).empty());
    CHECK(sgd::Snapshot(model, false).empty());
    sgd::Snapshot snapshot(model, true);
    const sgd::Sampling sampling;
    sgd::Worker worker(model, data, sampling, snapshot.view());
    for (offset_t part = 0; part < snapshot.parts(); ++part) {
        snapshot.renew(part, worker);
    }
    for (index_t item = 0; item < 150; ++item) {
        const float* made = worker.item_row(item, 0);
        CHECK(std::equal(made, made + tables.size, snapshot.view().row(item)));
    }
    for (const int threads : {1, 3}) {
        std::atomic<offset_t> visits{0};
        sgd::epoch<sgd::Adagrad>(model, data, sampling, Count{visits}, threads);
        CHECK(visits == x.view().nnz());
    }
}
