// New users from what they did, with everything else as it is.
#pragma once

#include "tastemaker/sgd/epoch.hpp"

namespace tastemaker::sgd {

// Moves each user's row by `epochs` epochs of its own examples. A row depends on nothing but its start, its examples
// and the seed: neither on who else is there nor on the threads. Requires frozen items and users without features.
template <class Optimizer, class Loss>
void fold_in(const Model& model, const Data& data, const Sampling& sampling, const Loss& loss, int epochs,
             int threads) {
    model.validate(Optimizer::state);
    require(model.items.frozen && !model.users.features, "folding in moves nothing but rows of users");
    std::vector<std::unique_ptr<Worker>> workers;
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        workers.push_back(std::make_unique<Worker>(model, data, sampling));
    }
    const CsrView& x = data.examples;
    const auto cost = [&](offset_t user) { return x.length(static_cast<index_t>(user)) * epochs * 200; };
    const auto fold_user = [&](index_t user, Worker& worker) {
        const SparseRow row = x.row(user);
        for (int number = 0; number < epochs; ++number) {
            const std::uint64_t key = subkey(sampling.seed, static_cast<std::uint64_t>(number));
            const RandomOrder order(row.size(), subkey(key, ~0ull));
            for (offset_t place = 0; place < row.size(); ++place) {
                const offset_t at = order(place);
                Prepared prepared;
                prepared.example = {user, row.indices[static_cast<std::size_t>(at)], row.value(at),
                                    subkey(key, static_cast<std::uint64_t>(at))};
                loss.start(worker, prepared);
                loss.prepare(worker, prepared);
                Choice choice;
                if (loss(worker, prepared, choice)) {
                    move<Optimizer>(worker, user, choice);
                }
            }
        }
    };
    parallel_for(x.rows, threads, cost, [&](offset_t begin, offset_t end, int id) {
        for (offset_t user = begin; user < end; ++user) {
            fold_user(static_cast<index_t>(user), *workers[static_cast<std::size_t>(id)]);
        }
    });
    require_finite(model.users, model.size(), threads);
}

}  // namespace tastemaker::sgd
