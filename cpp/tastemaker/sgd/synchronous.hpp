// One epoch whose result does not depend on the number of threads.
//
// The examples of a batch all look at the parameters of before it. Then each row of parameters follows the gradients of
// the batch in the order of the examples, and one thread alone moves it.
#pragma once

#include "tastemaker/sgd/epoch.hpp"

namespace tastemaker::sgd {

// Large batches cost less and learn a little less per epoch; small data needs small ones to learn at all.
inline offset_t batch_size(offset_t examples) {
    return std::clamp<offset_t>(examples / 256, 16, 1024);
}

// What the examples of a batch ask for: `directions` holds user_row and toward_row of each.
class Wishes {
public:
    Wishes(const Model& model, offset_t capacity)
        : model_(model), size_(model.size()), directions_(checked_mul(2 * capacity, size_)) {
        wishes_.resize(static_cast<std::size_t>(capacity));
    }

    // Notes what example e of the batch asks for.
    template <class Loss>
    void look(const Loss& loss, Worker& worker, Prepared& prepared, offset_t e) {
        Wish& wish = wishes_[static_cast<std::size_t>(e)];
        worker.use(user_row(e), toward_row(e));
        wish.user = prepared.example.user;
        wish.asks = loss(worker, prepared, wish.choice);
        if (wish.asks) {
            worker.load_direction(wish.choice);
        }
    }

    // Moves those rows of both tables that `owner` of `owners` has, and sets rates[e] to the sum of their rates.
    template <class Optimizer>
    void move(offset_t count, std::uint32_t owner, std::uint32_t owners, float* rates) const {
        const auto owns = [&](index_t row) { return static_cast<std::uint32_t>(row) * 0x9E3779B1u % owners == owner; };
        for (offset_t e = 0; e < count; ++e) {
            const Wish& wish = wishes_[static_cast<std::size_t>(e)];
            if (!wish.asks) {
                continue;
            }
            const float sum =
                apply<Optimizer>(kernels_, model_, wish.user, wish.choice, user_row(e), toward_row(e), owns);
            if (rates) {
                rates[e] = sum;
            }
        }
    }

    // Returns how many examples asked for something, and lets the scales grow by their rates (null: not at all).
    offset_t settle(offset_t count, const float* rates, std::uint32_t owners, offset_t capacity, Scales& scales) const {
        offset_t moved = 0;
        for (offset_t e = 0; e < count; ++e) {
            const Wish& wish = wishes_[static_cast<std::size_t>(e)];
            if (!wish.asks) {
                continue;
            }
            ++moved;
            if (rates) {
                double sum = 0;
                for (std::uint32_t owner = 0; owner < owners; ++owner) {
                    sum += static_cast<double>(rates[owner * capacity + e]);
                }
                grow(model_, wish.user, wish.choice, sum, scales);
            }
        }
        return moved;
    }

private:
    struct Wish {
        Choice choice;
        index_t user = 0;
        bool asks = false;
    };

    float* user_row(offset_t e) { return directions_.data() + 2 * e * size_; }
    float* toward_row(offset_t e) { return user_row(e) + size_; }
    const float* user_row(offset_t e) const { return directions_.data() + 2 * e * size_; }
    const float* toward_row(offset_t e) const { return user_row(e) + size_; }

    const Model& model_;
    const simd::SgdKernels& kernels_ = simd::kernels().sgd;
    offset_t size_;
    AlignedBuffer<float> directions_;
    std::vector<Wish> wishes_;
};

// As `epoch`, but the same bits for any number of threads.
template <class Optimizer, class Loss>
offset_t synchronous_epoch(const Model& model, const Data& data, const Sampling& sampling, const Loss& loss,
                           int threads) {
    constexpr std::uint32_t owners = 16;  // fixed: the sums of rates must not depend on the threads either
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
    InterruptPoll poll;
    for (offset_t begin = 0; begin < examples; begin += capacity) {
        const offset_t count = std::min(capacity, examples - begin);
        constexpr offset_t run = 32;
        parallel_chunks((count + run - 1) / run, threads, [&](offset_t chunk, int id) {
            Worker& worker = *workers[static_cast<std::size_t>(id)];
            worker.scales = scales;
            const offset_t first = chunk * run;
            const offset_t last = std::min(first + run, count);
            queue.run(0, begin + first, begin + last, loss, worker,
                      [&, e = first](Prepared& prepared) mutable { wishes.look(loss, worker, prepared, e++); });
        });
        parallel_chunks(owners, threads, [&](offset_t owner, int) {
            wishes.template move<Optimizer>(count, static_cast<std::uint32_t>(owner), owners,
                                            rates.size() ? rates.data() + owner * capacity : nullptr);
        });
        moved += wishes.settle(count, rates.size() ? rates.data() : nullptr, owners, capacity, scales);
        poll();
    }
    finish(model, scales, threads);
    return moved;
}

}  // namespace tastemaker::sgd
