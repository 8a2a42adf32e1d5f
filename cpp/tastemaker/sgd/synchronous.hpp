// One epoch whose result does not depend on the number of threads.
//
// The examples of a batch all look at the parameters of before it. Then each row of parameters follows the gradients of
// the batch in the order of the examples, and one thread alone moves it.
#pragma once

#include "tastemaker/base/phases.hpp"
#include "tastemaker/sgd/epoch.hpp"

namespace tastemaker::sgd {

// Large batches cost less and learn a little less per epoch; small data needs small ones to learn at all.
inline offset_t batch_size(offset_t examples) {
    return std::clamp<offset_t>(examples / 256, 16, 1024);
}

// Those that move the rows: more than the threads, so that these are equally busy, and a fixed number, since the sums
// of rates must not depend on the threads either.
inline constexpr std::uint32_t owners = 16;

inline std::uint32_t owner_of(index_t row) {
    return static_cast<std::uint32_t>(row) * 0x9E3779B1u >> 28;
}

// What the examples of a batch ask for: `directions` holds user_row and toward_row of each.
class Wishes {
public:
    Wishes(const Model& model, offset_t capacity)
        : model_(model), size_(model.size()), directions_(checked_mul(2 * capacity, size_)) {
        wishes_.resize(static_cast<std::size_t>(capacity));
        for (std::vector<offset_t>& of_owner : mine_) {
            of_owner.reserve(wishes_.size());
        }
    }

    // Notes what example e of the batch asks for.
    template <class Loss>
    void look(const Loss& loss, Worker& worker, Prepared& prepared, offset_t e) {
        Wish& wish = wishes_[static_cast<std::size_t>(e)];
        worker.use(user_row(e), toward_row(e));
        wish.user = prepared.example.user;
        wish.asks = loss(worker, prepared, wish.choice);
        wish.owners = 0;
        if (wish.asks) {
            worker.load_direction(wish.choice);
            for_rows(wish, [&](const Side&, index_t row) { wish.owners |= std::uint32_t{1} << owner_of(row); });
        }
    }

    // Moves those rows of both tables that `owner` has, and sets rates[e] to the sum of their rates.
    template <class Optimizer>
    void move(offset_t count, std::uint32_t owner, float* rates) {
        std::vector<offset_t>& mine = mine_[owner];
        mine.clear();
        for (offset_t e = 0; e < count; ++e) {
            if (wish(e).owners >> owner & 1) {
                mine.push_back(e);
            }
        }
        const auto owns = [&](index_t row) { return owner_of(row) == owner; };
        constexpr std::size_t ahead = 4;
        for (std::size_t t = 0; t < mine.size(); ++t) {
            if (t + ahead < mine.size()) {
                fetch(mine[t + ahead], owns);
            }
            const offset_t e = mine[t];
            const float sum =
                apply<Optimizer>(kernels_, model_, wish(e).user, wish(e).choice, user_row(e), toward_row(e), owns);
            if (rates) {
                rates[e] = sum;
            }
        }
    }

    // Returns how many examples asked for something, and lets the scales grow by their rates (null: not at all).
    offset_t settle(offset_t count, const float* rates, offset_t capacity, Scales& scales) const {
        offset_t moved = 0;
        for (offset_t e = 0; e < count; ++e) {
            moved += wish(e).asks;
            if (rates && wish(e).asks) {
                double sum = 0;
                for (std::uint32_t owner = 0; owner < owners; ++owner) {
                    if (wish(e).owners >> owner & 1) {
                        sum += static_cast<double>(rates[owner * capacity + e]);
                    }
                }
                grow(model_, wish(e).user, wish(e).choice, sum, scales);
            }
        }
        return moved;
    }

private:
    struct Wish {
        Choice choice;
        index_t user = 0;
        bool asks = false;
        std::uint32_t owners = 0;  // a bit for each owner of a row that it moves
    };

    // Calls fn(side, row) for the rows of both tables that a wish moves.
    template <class Fn>
    void for_rows(const Wish& wish, Fn fn) const {
        const auto parts = [&](const Side& side, index_t i) {
            if (!side.features) {
                fn(side, i);
                return;
            }
            for (const index_t part : side.features->row(i).indices) {
                fn(side, part);
            }
        };
        parts(model_.users, wish.user);
        parts(model_.items, wish.choice.item);
        if (wish.choice.other >= 0) {
            parts(model_.items, wish.choice.other);
        }
    }

    // Starts fetching the rows of example e that the caller owns.
    template <class Owns>
    void fetch(offset_t e, Owns owns) const {
        for_rows(wish(e), [&](const Side& side, index_t row) {
            if (owns(row)) {
                prefetch(side.table.row(row), static_cast<std::size_t>(side.table.stride) * sizeof(float));
            }
        });
        prefetch(user_row(e), 2 * static_cast<std::size_t>(size_) * sizeof(float));
    }

    const Wish& wish(offset_t e) const { return wishes_[static_cast<std::size_t>(e)]; }
    float* user_row(offset_t e) { return directions_.data() + 2 * e * size_; }
    float* toward_row(offset_t e) { return user_row(e) + size_; }
    const float* user_row(offset_t e) const { return directions_.data() + 2 * e * size_; }
    const float* toward_row(offset_t e) const { return user_row(e) + size_; }

    const Model& model_;
    const simd::SgdKernels& kernels_ = simd::kernels().sgd;
    offset_t size_;
    AlignedBuffer<float> directions_;
    std::vector<Wish> wishes_;
    std::vector<offset_t> mine_[owners];  // the examples of each owner's rows
};

// As `epoch`, but the same bits for any number of threads.
template <class Optimizer, class Loss>
offset_t synchronous_epoch(const Model& model, const Data& data, const Sampling& sampling, const Loss& loss,
                           int threads) {
    constexpr offset_t run = 32;
    model.validate(Optimizer::state);
    const offset_t examples = data.examples.nnz();
    const Queue queue(data, sampling, {1, examples});  // a batch should hold few examples of a user
    const offset_t capacity = batch_size(examples);
    Wishes wishes(model, capacity);
    AlignedBuffer<float> rates(model.regularized() ? owners * capacity : 0);
    std::vector<std::unique_ptr<Worker>> workers;
    for (int worker = 0; worker < std::max(threads, 1); ++worker) {
        workers.push_back(std::make_unique<Worker>(model, data, sampling));
    }
    Scales scales;
    offset_t moved = 0;
    const auto begin_of = [&](offset_t phase) { return phase / 2 * capacity; };
    const auto count_of = [&](offset_t phase) { return std::min(capacity, examples - begin_of(phase)); };
    const auto look = [&](offset_t begin, offset_t chunk, Worker& worker) {
        worker.scales = scales;
        const offset_t first = chunk * run;
        const offset_t last = std::min({first + run, capacity, examples - begin});
        queue.run(begin + first, begin + last, loss, worker,
                  [&, e = first](Prepared& prepared) mutable { wishes.look(loss, worker, prepared, e++); });
    };
    // Even phases look at a batch, odd ones move it.
    parallel_phases(
        2 * ((examples + capacity - 1) / capacity), threads,
        [&](offset_t phase) { return phase % 2 == 0 ? (count_of(phase) + run - 1) / run : offset_t{owners}; },
        [&](offset_t phase, offset_t chunk, int id) {
            if (phase % 2 == 0) {
                look(begin_of(phase), chunk, *workers[static_cast<std::size_t>(id)]);
            } else {
                wishes.template move<Optimizer>(count_of(phase), static_cast<std::uint32_t>(chunk),
                                                rates.size() ? rates.data() + chunk * capacity : nullptr);
            }
        },
        [&](offset_t phase) {
            if (phase % 2 == 1) {
                moved += wishes.settle(count_of(phase), rates.size() ? rates.data() : nullptr, capacity, scales);
            }
        });
    finish(model, scales, threads);
    return moved;
}

}  // namespace tastemaker::sgd
