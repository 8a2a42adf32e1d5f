// Exchange: many workers offer candidates to shared lists, in batches and without races.
#pragma once

#include <algorithm>
#include <mutex>
#include <span>
#include <vector>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/knn/best_lists.hpp"

namespace tastemaker::knn {

using simd::KnnOffer;

// The columns are split into boxes of neighbouring ranks, each under one lock. A worker gathers its offers by box and
// hands a box over when it is full; with the lock in hand it also takes a copy of the floors, which its next scans
// compare with. Such a copy may be old: then it is too low, and only lets through what the list will refuse.
class Exchange {
public:
    // `lists` must outlive the exchange.
    Exchange(BestLists& lists, int threads) : lists_(lists) {
        const std::size_t boxes = std::max<std::size_t>(64, 4 * static_cast<std::size_t>(threads));
        while ((columns() >> shift_) >= boxes) {
            ++shift_;
        }
        locks_ = std::vector<std::mutex>((columns() >> shift_) + 1);
    }

    class Worker {
    public:
        // Holds `padded` floors, as many as a scan reads.
        Worker(Exchange& exchange, offset_t padded)
            : exchange_(&exchange),
              least_scores_(padded),
              floors_(static_cast<std::size_t>(padded)),
              outboxes_(exchange.locks_.size()) {
            for (std::size_t column = 0; column < exchange.columns(); ++column) {
                copy_floor(column);
            }
        }

        // Of each column, what a score must reach for an offer to make sense.
        const float* least_scores() const { return least_scores_.data(); }

        void offer(KnnOffer offer) {
            const auto to = static_cast<std::size_t>(offer.column);
            if (offer.key <= floors_[to]) {
                return;  // a tie that goes to the smaller index: binary data is full of them
            }
            std::vector<KnnOffer>& box = outboxes_[to >> exchange_->shift_];
            box.push_back(offer);
            if (box.size() >= batch) {
                hand_over(to >> exchange_->shift_);
            }
        }

        // Offers a column its own finds and makes its new floor known to this worker.
        void offer_own(index_t column, std::span<const KnnKey> keys) {
            const auto to = static_cast<std::size_t>(column);
            const std::scoped_lock lock(exchange_->locks_[to >> exchange_->shift_]);
            for (const KnnKey key : keys) {
                exchange_->lists_.offer(column, key);
            }
            exchange_->lists_.cut(column);
            copy_floor(to);
        }

        void hand_over_all() {
            for (std::size_t box = 0; box < outboxes_.size(); ++box) {
                hand_over(box);
            }
        }

    private:
        static constexpr std::size_t batch = 128;

        void hand_over(std::size_t box) {
            const std::scoped_lock lock(exchange_->locks_[box]);
            for (const KnnOffer& offer : outboxes_[box]) {
                exchange_->lists_.offer(offer.column, offer.key);
            }
            outboxes_[box].clear();
            const std::size_t end = std::min(exchange_->columns(), (box + 1) << exchange_->shift_);
            for (std::size_t column = box << exchange_->shift_; column < end; ++column) {
                copy_floor(column);
            }
        }

        void copy_floor(std::size_t column) {
            floors_[column] = exchange_->lists_.floors()[column];
            least_scores_[static_cast<offset_t>(column)] = BestLists::least_score(floors_[column]);
        }

        Exchange* exchange_;
        AlignedBuffer<float> least_scores_;
        std::vector<KnnKey> floors_;
        std::vector<std::vector<KnnOffer>> outboxes_;
    };

private:
    std::size_t columns() const { return lists_.floors().size(); }

    BestLists& lists_;
    int shift_ = 0;
    std::vector<std::mutex> locks_;
};

}  // namespace tastemaker::knn
