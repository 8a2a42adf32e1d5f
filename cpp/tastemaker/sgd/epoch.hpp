// One epoch over the examples in random order, by threads that share the parameters without locks.
//
// Recht, Re, Wright, Niu: Hogwild: A Lock-Free Approach to Parallelizing Stochastic Gradient Descent. NeurIPS 2011.
// With one thread the result is a function of the seed. With more, an update may be lost where two meet; features that
// nearly every example moves are kept apart (replicas.hpp), and negatives made of features come from a snapshot.
#pragma once

#include <atomic>
#include <cmath>
#include <memory>

#include "tastemaker/base/parallel.hpp"
#include "tastemaker/base/phases.hpp"
#include "tastemaker/sgd/loss.hpp"
#include "tastemaker/sgd/optimizer.hpp"
#include "tastemaker/sgd/replicas.hpp"
#include "tastemaker/sgd/snapshot.hpp"

namespace tastemaker::sgd {

// How far the order of an epoch is from a shuffle of single examples: runs of neighbours stay together in a block.
struct Shuffle {
    offset_t run = 1;    // examples
    offset_t block = 1;  // examples, a multiple of run
};

// Neighbours share their user, so that a block's users and what they like come from memory once and stay in L2: that
// halves the time. On MovieLens-1M runs of 16 learn as much as single examples; whole users, for BPR, 4 % less. Items
// of one user share features, though, which a run would push in one direction: from the tags of CiteULike-a, runs of 16
// rank new documents 4 % worse (NDCG@20). There examples are single, which takes 20 % longer.
inline Shuffle local_shuffle(offset_t examples, bool item_features) {
    const offset_t run = item_features ? 1 : std::clamp<offset_t>(examples / 4096, 1, 16);
    return {run, round_up(256, run)};
}

// The examples of an epoch in random order: runs are shuffled, then the examples of each block of runs.
class Queue {
public:
    Queue(const Data& data, const Sampling& sampling, const Shuffle& shuffle)
        : data_(data),
          key_(sampling.key()),
          shuffle_(shuffle),
          runs_((data.examples.nnz() + shuffle.run - 1) / shuffle.run),
          order_(runs_, subkey(key_, ~0ull)) {}

    // How many places there are; a few stay empty.
    offset_t places() const { return runs_ * shuffle_.run; }
    offset_t block() const { return shuffle_.block; }

    // Calls fn(prepared) for the examples at places [begin, end). Each goes through fetch, loss.start, loss.prepare and
    // fn, with some other examples between them, so that what one starts fetching the next finds.
    template <class Loss, class Fn>
    void run(offset_t begin, offset_t end, const Loss& loss, Worker& worker, Fn fn) const {
        offset_t block = begin / shuffle_.block;
        RandomOrder inner = order_in(block);
        offset_t positions[ahead];
        Prepared ring[2 * ahead];
        const auto at_stage = [&](offset_t i, int stage) {
            return i >= begin + stage * ahead && i < end + stage * ahead;
        };
        for (offset_t i = begin; i < end + 3 * ahead; ++i) {
            offset_t& position = positions[i % ahead];
            Prepared& odd = ring[(i + ahead) % (2 * ahead)];  // of example i - 3 ahead, then of i - ahead
            Prepared& even = ring[i % (2 * ahead)];           // of example i - 2 ahead
            if (at_stage(i, 3) && !odd.empty) {
                fn(odd);
            }
            if (at_stage(i, 2) && !even.empty) {
                loss.prepare(worker, even);
            }
            if (at_stage(i, 1)) {
                odd.empty = position >= data_.examples.nnz();
                if (!odd.empty) {
                    odd.example = at(position);
                    loss.start(worker, odd);
                }
            }
            if (at_stage(i, 0)) {
                if (i == (block + 1) * shuffle_.block) {
                    inner = order_in(++block);
                }
                const offset_t first = block * shuffle_.block;
                position = position_of(first + inner(i - first));
                fetch(worker, position);
            }
        }
    }

private:
    static constexpr int ahead = 8;  // examples: some 1 us, more than a miss of every cache takes

    RandomOrder order_in(offset_t block) const {
        const offset_t size = std::min(shuffle_.block, places() - block * shuffle_.block);
        return {size, subkey(key_, static_cast<std::uint64_t>(~block))};
    }
    offset_t position_of(offset_t place) const {
        return order_(place / shuffle_.run) * shuffle_.run + place % shuffle_.run;
    }

    // Starts fetching the entries that at() and the first draw will read.
    void fetch(const Worker& worker, offset_t position) const {
        prefetch(data_.user_of + position, 1);
        prefetch(data_.examples.indices + position, 1);
        worker.fetch_draw(Draws(subkey(key_, static_cast<std::uint64_t>(position))));
    }

    Example at(offset_t position) const {
        const CsrView& x = data_.examples;
        return {data_.user_of[position], x.indices[position], x.values ? x.values[position] : 1.0f,
                subkey(key_, static_cast<std::uint64_t>(position))};
    }

    const Data& data_;
    std::uint64_t key_;
    Shuffle shuffle_;
    offset_t runs_;
    RandomOrder order_;
};

// The scales of all threads: what each has grown by since it last looked.
class SharedScales {
public:
    Scales load() const { return {user_.load(), item_.load()}; }
    void merge(const Scales& before, const Scales& after) {
        multiply(user_, after.user / before.user);
        multiply(item_, after.item / before.item);
    }

private:
    static void multiply(std::atomic<double>& scale, double by) {
        double before = scale.load();
        while (!scale.compare_exchange_weak(before, before * by)) {
        }
    }
    std::atomic<double> user_{1};
    std::atomic<double> item_{1};
};

inline constexpr double max_scale = 1e6;

// Divides the weights of a side by its scale.
inline void settle(const Side& side, offset_t size, double scale, int threads) {
    if (scale == 1) {
        return;
    }
    const auto by = static_cast<float>(1 / scale);
    parallel_for(
        side.table.rows, threads, [&](offset_t) { return size / 4; },
        [&](offset_t begin, offset_t end, int) {
            for (offset_t i = begin; i < end; ++i) {
                std::transform(side.table.row(i), side.table.row(i) + size, side.table.row(i),
                               [&](float w) { return w * by; });
            }
        });
}

// Throws unless every weight of a side is finite.
inline void require_finite(const Side& side, offset_t size, int threads) {
    parallel_for(
        side.table.rows, threads, [&](offset_t) { return size / 4; },
        [&](offset_t begin, offset_t end, int) {
            for (offset_t i = begin; i < end; ++i) {
                float zero = 0;  // x * 0 is NaN for what is not finite
                for (offset_t k = 0; k < size; ++k) {
                    zero += side.table.row(i)[k] * 0.0f;
                }
                if (zero != 0.0f) {
                    throw NumericalError("parameters became infinite or NaN");
                }
            }
        });
}

// Ends an epoch: the parameters are what they mean again, and finite.
inline void finish(const Model& model, const Scales& scales, int threads) {
    if (!(scales.user < max_scale && scales.item < max_scale)) {
        throw NumericalError("regularisation outgrew the parameters");
    }
    settle(model.users, model.size(), scales.user, threads);
    settle(model.items, model.size(), scales.item, threads);
    require_finite(model.users, model.size(), threads);
    require_finite(model.items, model.size(), threads);
}

// Visits each example once; returns how many moved the parameters. Throws NumericalError when they are not finite
// afterwards.
template <class Optimizer, class Loss>
offset_t epoch(const Model& model, const Data& data, const Sampling& sampling, const Loss& loss, int threads) {
    model.validate(Optimizer::state);
    const offset_t examples = data.examples.nnz();
    const Queue queue(data, sampling, local_shuffle(examples, model.items.features != nullptr));
    Exchange exchange(model, data, (1 + Optimizer::summed) * model.size(), threads);
    Snapshot snapshot(model, Loss::searches && threads > 1);
    SharedScales scales;
    std::atomic<offset_t> moved{0};
    std::vector<std::unique_ptr<Worker>> workers;
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        workers.push_back(std::make_unique<Worker>(exchange.model_of(worker), data, sampling, snapshot.view()));
    }
    // Hybrids have short chunks: threads end a round, and exchange what they learned, at about the same time.
    const offset_t chunk_size = queue.block() * (model.users.features || model.items.features ? 1 : 8);
    const offset_t chunks = (queue.places() + chunk_size - 1) / chunk_size;
    const auto visit = [&](offset_t chunk, int id) {
        Worker& worker = *workers[static_cast<std::size_t>(id)];
        const Scales before = worker.scales = scales.load();
        offset_t count = 0;
        offset_t visited = 0;
        const offset_t begin = chunk * chunk_size;
        const offset_t end = std::min(begin + chunk_size, queue.places());
        queue.run(begin, end, loss, worker, [&](Prepared& prepared) {
            Choice choice;
            if (loss(worker, prepared, choice)) {
                const index_t user = prepared.example.user;
                const float rates = move<Optimizer>(worker, user, choice);
                if (model.regularized()) {
                    grow(model, user, choice, static_cast<double>(rates), worker.scales);
                }
                ++count;
            }
            if (++visited % exchange.window() == 0) {
                exchange(id);
            }
        });
        scales.merge(before, worker.scales);
        moved.fetch_add(count, std::memory_order_relaxed);
    };
    if (snapshot.empty()) {
        parallel_chunks(chunks, threads, visit);
    } else {  // even phases renew the snapshot, odd ones visit a round of chunks
        const offset_t round = std::max<offset_t>(snapshot.round(examples) / chunk_size, 1);
        parallel_phases(
            2 * ((chunks + round - 1) / round), threads,
            [&](offset_t phase) {
                return phase % 2 == 0 ? snapshot.parts() : std::min(round, chunks - phase / 2 * round);
            },
            [&](offset_t phase, offset_t chunk, int id) {
                if (phase % 2 == 0) {
                    snapshot.renew(chunk, *workers[static_cast<std::size_t>(id)]);
                } else {
                    visit(phase / 2 * round + chunk, id);
                }
            },
            [](offset_t) {});
    }
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        exchange(worker);
    }
    finish(model, scales.load(), threads);
    return moved;
}

}  // namespace tastemaker::sgd
