// Replicas: a thread's own copies of the rows that nearly every example moves.
//
// A tag that a tenth of the items share is moved by every few examples. Threads that write it in one place wait for
// each other's cache lines longer than they compute. So each works on a copy, and after a window of examples adds what
// it has learned to the shared row, from where it also takes what the others have learned.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/sgd/problem.hpp"

namespace tastemaker::sgd {

// The examples that a thread looks at between two exchanges; fewer for many threads, since what they learn of the same
// examples' features adds up before any sees it.
inline offset_t exchange_window(int threads) {
    return std::clamp<offset_t>(512 / threads, 8, 256);
}

// The features of one side that have replicas, and the side's features in whose rows ~k stands for the k-th of them.
class BusyFeatures {
public:
    // `uses`: how many examples of a window each user or item takes part in.
    BusyFeatures(const CsrView& features, const std::vector<double>& uses) : features_(features) {
        std::vector<double> moves(static_cast<std::size_t>(features.cols));
        for (index_t i = 0; i < features.rows; ++i) {
            for (const index_t feature : features.row(i).indices) {
                moves[static_cast<std::size_t>(feature)] += uses[static_cast<std::size_t>(i)];
            }
        }
        std::vector<index_t> name(moves.size());
        for (index_t feature = 0; feature < features.cols; ++feature) {
            const bool busy = moves[static_cast<std::size_t>(feature)] >= least_moves;
            name[static_cast<std::size_t>(feature)] = busy ? ~static_cast<index_t>(rows_.size()) : feature;
            if (busy) {
                rows_.push_back(feature);
            }
        }
        indices_.resize(static_cast<std::size_t>(features.nnz()));
        std::transform(features.indices, features.indices + features.nnz(), indices_.begin(),
                       [&](index_t feature) { return name[static_cast<std::size_t>(feature)]; });
        features_.indices = indices_.data();
        locks_ = std::vector<std::mutex>(rows_.size());
    }

    const CsrView& features() const { return features_; }
    const std::vector<index_t>& rows() const { return rows_; }
    std::mutex& lock(std::size_t k) { return locks_[k]; }

private:
    static constexpr double least_moves = 4;  // in a window; for fewer, to exchange a row takes longer than to share it

    CsrView features_;
    std::vector<index_t> rows_;
    std::vector<index_t> indices_;
    std::vector<std::mutex> locks_;  // one for each row, against two exchanges at once
};

// One thread's replicas of the busy features of one side.
class Replicas {
public:
    Replicas(BusyFeatures& busy, const Side& side) : busy_(&busy), table_(side.table), own_(size()), last_(size()) {
        for (std::size_t k = 0; k < busy.rows().size(); ++k) {
            const float* shared = table_.row(busy.rows()[k]);
            std::copy_n(shared, table_.stride, own_.data() + offset(k));
            std::copy_n(shared, table_.stride, last_.data() + offset(k));
        }
    }

    // Makes a side use them.
    void attach(Side& side) {
        side.features = &busy_->features();
        side.replicas = own_.data();
    }

    // Adds to the shared rows what the thread has changed since the last time. `sums`: how many of the floats of a row
    // are sums of what was learned; the rest are running means, of which the thread's own are as good as anyone's.
    void exchange(offset_t sums) {
        for (std::size_t k = 0; k < busy_->rows().size(); ++k) {
            float* own = own_.data() + offset(k);
            float* last = last_.data() + offset(k);
            float* shared = table_.row(busy_->rows()[k]);
            const std::lock_guard guard(busy_->lock(k));
            for (offset_t i = 0; i < sums; ++i) {
                shared[i] += own[i] - last[i];
                own[i] = last[i] = shared[i];
            }
            std::copy(own + sums, own + table_.stride, shared + sums);
        }
    }

private:
    offset_t size() const { return static_cast<offset_t>(busy_->rows().size()) * table_.stride; }
    offset_t offset(std::size_t k) const { return static_cast<offset_t>(k) * table_.stride; }

    BusyFeatures* busy_;
    MatrixView<float> table_;
    AlignedBuffer<float> own_;
    AlignedBuffer<float> last_;  // what own_ was after the last exchange
};

// The replicas of all threads of an epoch; none for one thread, which so does exactly what the losses say.
class Exchange {
public:
    // `sums`: as Replicas::exchange wants it.
    Exchange(const Model& model, const Data& data, offset_t sums, int threads)
        : model_(model), sums_(sums), window_(exchange_window(std::max(threads, 1))) {
        if (threads <= 1 || !(model.users.features || model.items.features)) {
            return;
        }
        const CsrView& x = data.examples;
        const double share = static_cast<double>(window_) / static_cast<double>(std::max<offset_t>(x.nnz(), 1));
        std::vector<double> user_uses(static_cast<std::size_t>(x.rows));
        std::vector<double> item_uses(static_cast<std::size_t>(x.cols), static_cast<double>(window_) / x.cols);
        for (index_t user = 0; user < x.rows; ++user) {
            user_uses[static_cast<std::size_t>(user)] = static_cast<double>(x.length(user)) * share;
        }
        for (offset_t p = 0; p < x.nnz(); ++p) {
            item_uses[static_cast<std::size_t>(x.indices[p])] += share;
        }
        add(model.users, user_uses, &Model::users, threads);
        add(model.items, item_uses, &Model::items, threads);
    }

    // The model as a thread works on it.
    Model model_of(int thread) {
        Model own = model_;
        for (SideOf& side : sides_) {
            side.replicas[static_cast<std::size_t>(thread)].attach(own.*side.side);
        }
        return own;
    }

    offset_t window() const { return window_; }

    void operator()(int thread) {
        for (SideOf& side : sides_) {
            side.replicas[static_cast<std::size_t>(thread)].exchange(sums_);
        }
    }

private:
    struct SideOf {
        Side Model::* side;
        std::unique_ptr<BusyFeatures> busy;
        std::vector<Replicas> replicas;
    };

    void add(const Side& side, const std::vector<double>& uses, Side Model::* which, int threads) {
        if (side.features && !side.frozen) {
            sides_.push_back({which, std::make_unique<BusyFeatures>(*side.features, uses), {}});
            SideOf& added = sides_.back();
            for (int thread = 0; thread < threads; ++thread) {
                added.replicas.emplace_back(*added.busy, side);
            }
        }
    }

    const Model& model_;
    offset_t sums_;
    offset_t window_;
    std::vector<SideOf> sides_;
};

}  // namespace tastemaker::sgd
