// Exchange: many workers offer candidates to shared lists, in batches and without races.
#pragma once

#include <algorithm>
#include <mutex>
#include <vector>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/knn/best_lists.hpp"

namespace tastemaker::knn {

// The columns are split into boxes of neighbouring ranks, each under one lock. A worker gathers its offers by box and
// hands a box over when it is full; with the lock in hand it also takes a copy of the floors, which its next scans
// compare with. Such a copy may be old: then it is too low, and only lets through what the list will refuse.
class Exchange {
public:
    Exchange(index_t columns, offset_t count, int threads) : lists_(columns, count) {
        const offset_t boxes = std::max<offset_t>(64, 4 * threads);
        while ((columns >> shift_) >= boxes) {
            ++shift_;
        }
        locks_ = std::vector<std::mutex>(static_cast<std::size_t>(columns >> shift_) + 1);
    }

    class Worker {
    public:
        // `padded` floors, as many as a scan reads.
        Worker(Exchange& exchange, offset_t padded)
            : exchange_(&exchange), floors_(padded), outboxes_(exchange.locks_.size()) {
            std::ranges::fill(floors_, BestLists::no_floor);
        }

        const float* floors() const { return floors_.data(); }

        void offer(index_t to, Candidate candidate) {
            std::vector<Offer>& box = outboxes_[exchange_->box_of(to)];
            box.push_back({to, candidate});
            if (box.size() >= batch) {
                hand_over(exchange_->box_of(to));
            }
        }

        // Offers a column its own finds and makes its new floor known to this worker.
        void offer_own(index_t to, std::span<const Candidate> candidates) {
            const std::scoped_lock lock(exchange_->locks_[exchange_->box_of(to)]);
            for (const Candidate& candidate : candidates) {
                exchange_->lists_.offer(to, candidate);
            }
            exchange_->lists_.cut(to);
            floors_[to] = exchange_->lists_.floors()[static_cast<std::size_t>(to)];
        }

        void hand_over_all() {
            for (std::size_t box = 0; box < outboxes_.size(); ++box) {
                hand_over(box);
            }
        }

    private:
        struct Offer {
            index_t to;
            Candidate candidate;
        };
        static constexpr std::size_t batch = 128;

        void hand_over(std::size_t box) {
            const std::scoped_lock lock(exchange_->locks_[box]);
            for (const Offer& offer : outboxes_[box]) {
                exchange_->lists_.offer(offer.to, offer.candidate);
            }
            outboxes_[box].clear();
            const std::span<const float> floors = exchange_->lists_.floors();
            const std::size_t first = box << exchange_->shift_;
            const std::size_t last = std::min(floors.size(), (box + 1) << exchange_->shift_);
            std::copy(floors.begin() + static_cast<offset_t>(first), floors.begin() + static_cast<offset_t>(last),
                      floors_.data() + first);
        }

        Exchange* exchange_;
        AlignedBuffer<float> floors_;
        std::vector<std::vector<Offer>> outboxes_;
    };

    // The lists, once every worker has handed over all.
    BestLists& lists() { return lists_; }

private:
    std::size_t box_of(index_t column) const { return static_cast<std::size_t>(column >> shift_); }

    BestLists lists_;
    int shift_ = 0;
    std::vector<std::mutex> locks_;
};

}  // namespace tastemaker::knn
