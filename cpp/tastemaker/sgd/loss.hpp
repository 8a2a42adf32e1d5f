// Losses: from an example to the scores that should move. Each returns whether anything should.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "tastemaker/sgd/worker.hpp"

namespace tastemaker::sgd {

inline float sigmoid(float x) {
    return 1.0f / (1.0f + std::exp(-x));
}

// Likes score high, dislikes low:  weight log(1 + exp(-+score)).
struct Logistic {
    static constexpr bool searches = false;

    void start(const Worker& worker, Prepared& prepared) const { worker.fetch(prepared.example); }
    void prepare(const Worker&, Prepared&) const {}

    bool operator()(Worker& worker, Prepared& prepared, Choice& choice) const {
        const Example& example = prepared.example;
        worker.load_user(example.user);
        const float* rows[4] = {worker.item_row(example.item, 0)};
        float score[4];
        worker.score(rows, 1, score);
        const float target = example.value > 0 ? 1.0f : 0.0f;
        choice = {example.item, -1, rows[0], nullptr,
                  example.weight() * (sigmoid(score[0] + worker.user_bias) - target)};
        return true;
    }
};

// A like scores above an item drawn at random:  weight log(1 + exp(other - item)).
// Rendle et al.: BPR: Bayesian Personalized Ranking from Implicit Feedback. UAI 2009.
struct Bpr {
    static constexpr bool searches = false;
    static constexpr int ahead = 2;  // draws whose cache misses are hidden

    void start(const Worker& worker, Prepared& prepared) const {
        worker.fetch(prepared.example);
        prepared.draws = Draws(prepared.example.key);
        worker.draw(prepared, ahead);
        for (int t = 0; t < ahead; ++t) {
            worker.fetch_eligible(prepared.example.user, prepared.negatives[t]);
        }
    }

    void prepare(const Worker& worker, Prepared& prepared) const {
        prepared.found = 0;
        for (int drawn = 0; drawn < max_draws; ++drawn) {
            const index_t item = drawn < ahead ? prepared.negatives[drawn] : worker.next_item(prepared.draws);
            if (worker.eligible(prepared.example.user, item)) {
                worker.fetch_item(item);
                prepared.negatives[0] = item;
                prepared.found = 1;
                return;
            }
        }
    }

    bool operator()(Worker& worker, Prepared& prepared, Choice& choice) const {
        if (prepared.found == 0) {
            return false;
        }
        const Example& example = prepared.example;
        const index_t other = prepared.negatives[0];
        worker.load_user(example.user);
        const float* rows[4] = {worker.item_row(example.item, 0), worker.item_row(other, 1)};
        float score[4];
        worker.score(rows, 2, score);
        choice = {example.item, other, rows[0], rows[1], example.weight() * sigmoid(score[1] - score[0])};
        return true;
    }
};

inline constexpr float max_rank_loss = 10.0f;  // keeps one rare example from throwing the rest about

// log of the rank that the first violator among `sampled` draws of `others` items suggests; never below log 1.
inline float rank_loss(index_t others, int sampled) {
    return std::log(static_cast<float>(std::max(others / sampled, 1)));
}

// What WARP and k-OS share: for a like they look for an item that violates it, that is, scores above it by more than
// -1, and count the more the sooner they find one. What the user likes is no violator, but counts as drawn.
class Search {
public:
    Search(int max_sampled, index_t items) : loss_(static_cast<std::size_t>(max_sampled) + 1) {
        for (int sampled = 1; sampled <= max_sampled; ++sampled) {
            loss_[static_cast<std::size_t>(sampled)] = rank_loss(items - 1, sampled);
        }
    }

    // Draws the first items to look at, and starts fetching them.
    void prepare(const Worker& worker, Prepared& prepared) const { draw(worker, prepared, first_batch, 0); }

    // Completes the choice of an item that scores so; returns whether there is a violator. Which one does not depend on
    // the batches.
    bool operator()(Worker& worker, Prepared& prepared, float score, float weight, Choice& choice) const {
        for (int sampled = 0; prepared.found > 0;) {
            const float* rows[batch];
            float scores[batch];
            for (int t = 0; t < prepared.found; ++t) {
                rows[t] = worker.glance_row(prepared.negatives[t], t);
            }
            worker.score(rows, prepared.found, scores);
            for (int t = 0; t < prepared.found; ++t) {
                if (scores[t] > score - 1.0f && worker.eligible(prepared.example.user, prepared.negatives[t])) {
                    choice.other = prepared.negatives[t];
                    choice.other_row = worker.snapshot.data ? worker.item_row(choice.other, t) : rows[t];
                    if (worker.score_now(choice.other_row, scores[t]) > score - 1.0f) {
                        const float loss = loss_[static_cast<std::size_t>(sampled + t + 1)];
                        choice.gradient = std::min(weight * loss, max_rank_loss);
                        return true;
                    }
                }
            }
            sampled += prepared.found;
            draw(worker, prepared, batch, sampled);
        }
        return false;
    }

private:
    void draw(const Worker& worker, Prepared& prepared, int most, int sampled) const {
        const int max_sampled = static_cast<int>(loss_.size()) - 1;
        worker.draw(prepared, worker.together(most, max_sampled - sampled));
        for (int t = 0; t < prepared.found; ++t) {
            worker.fetch_weights(prepared.negatives[t]);
        }
    }

    std::vector<float> loss_;  // by the number of draws; one logarithm less per example
};

// A like scores above whatever violates that.
// Weston, Bengio, Usunier: WSABIE: Scaling Up To Large Vocabulary Image Annotation. IJCAI 2011.
class Warp {
public:
    static constexpr bool searches = true;

    Warp(int max_sampled, index_t items) : search_(max_sampled, items) {}

    void start(const Worker& worker, Prepared& prepared) const {
        worker.fetch(prepared.example);
        prepared.draws = Draws(prepared.example.key);
    }
    void prepare(const Worker& worker, Prepared& prepared) const { search_.prepare(worker, prepared); }

    bool operator()(Worker& worker, Prepared& prepared, Choice& choice) const {
        const Example& example = prepared.example;
        worker.load_user(example.user);
        const float* rows[4] = {worker.item_row(example.item, batch)};
        float score[4];
        worker.score(rows, 1, score);
        choice = {example.item, -1, rows[0], nullptr, 0};
        return search_(worker, prepared, score[0], example.weight(), choice);
    }

private:
    Search search_;
};

// WARP for the k-th best of n likes drawn at random, so that not only the very best counts.
// Weston, Yee, Weiss: Learning to Rank Recommendations with the k-Order Statistic Loss. RecSys 2013.
class WarpKos {
public:
    static constexpr bool searches = true;

    WarpKos(int k, int n, int max_sampled, index_t items) : k_(k), n_(n), search_(max_sampled, items) {}

    void start(const Worker& worker, Prepared& prepared) const {
        const SparseRow liked = likes(worker, prepared.example);
        worker.fetch_user(prepared.example.user);
        prepared.draws = Draws(prepared.example.key);
        for (int t = 0; t < drawn_likes(liked); ++t) {
            const offset_t place = prepared.draws.below(liked.size());
            if (t < likes_ahead) {
                prepared.likes[t] = static_cast<index_t>(place);
            }
            prefetch(liked.indices.data() + place, 1);
        }
    }

    void prepare(const Worker& worker, Prepared& prepared) const {
        const SparseRow liked = likes(worker, prepared.example);
        for_drawn(prepared, liked,
                  [&](int, index_t place) { worker.fetch_weights(liked.indices[static_cast<std::size_t>(place)]); });
        search_.prepare(worker, prepared);
    }

    bool operator()(Worker& worker, Prepared& prepared, Choice& choice) const {
        worker.load_user(prepared.example.user);
        const SparseRow liked = likes(worker, prepared.example);
        const Scored drawn = kth_best(worker, prepared, liked);
        choice = {liked.indices[static_cast<std::size_t>(drawn.place)], -1, nullptr, nullptr, 0};
        choice.item_row = worker.item_row(choice.item, batch);
        const float score = worker.score_now(choice.item_row, drawn.score);
        return search_(worker, prepared, score, liked.value(drawn.place), choice);
    }

private:
    static SparseRow likes(const Worker& worker, const Example& example) {
        return worker.data.likes->csr().row(example.user);
    }
    int drawn_likes(const SparseRow& liked) const { return static_cast<int>(std::min<offset_t>(n_, liked.size())); }

    // Calls fn(t, place) for the likes that were drawn: the first are kept, others are drawn again.
    template <class Fn>
    void for_drawn(const Prepared& prepared, const SparseRow& liked, Fn fn) const {
        const int count = drawn_likes(liked);
        for (int t = 0; t < std::min(count, likes_ahead); ++t) {
            fn(t, prepared.likes[t]);
        }
        Draws draws(prepared.example.key);
        draws.skip(likes_ahead);
        for (int t = likes_ahead; t < count; ++t) {
            fn(t, static_cast<index_t>(draws.below(liked.size())));
        }
    }

    // Returns the k-th best of n likes drawn with repetition (of fewer where fewer are liked); ties go to the earlier.
    Scored kth_best(Worker& worker, const Prepared& prepared, const SparseRow& liked) const {
        const int count = drawn_likes(liked);
        std::vector<index_t>& places = worker.places;
        std::vector<float>& scores = worker.scores;
        places.resize(static_cast<std::size_t>(count));
        scores.resize(static_cast<std::size_t>(round_up(count, 4)));
        const float* rows[batch];
        for_drawn(prepared, liked, [&](int t, index_t place) {
            places[static_cast<std::size_t>(t)] = place;
            rows[t % batch] = worker.glance_row(liked.indices[static_cast<std::size_t>(place)], t % batch);
            if (t % batch == batch - 1 || t == count - 1) {
                worker.score(rows, t % batch + 1, scores.data() + (t - t % batch));
            }
        });
        const int at = place_of_kth(scores.data(), count, std::min(k_, count));
        return {places[static_cast<std::size_t>(at)], scores[static_cast<std::size_t>(at)]};
    }

    // Returns where the k-th best of n scores stands. Counts for each how many are better: for some ten scores that
    // is quicker than a sort, whose branches depend on them. There is room for a multiple of 4 scores, which registers
    // hold without a rest.
    static int place_of_kth(float* scores, int n, int k) {
        const auto padded = static_cast<int>(round_up(n, 4));
        std::fill(scores + n, scores + padded, -std::numeric_limits<float>::infinity());
        int at = 0;
        for (int t = 0; t < n; ++t) {
            int better = 0;
            for (int other = 0; other < padded; ++other) {
                better += (scores[other] > scores[t]) | ((scores[other] == scores[t]) & (other < t));
            }
            at = better == k - 1 ? t : at;
        }
        return at;
    }

    int k_;
    int n_;
    Search search_;
};

}  // namespace tastemaker::sgd
