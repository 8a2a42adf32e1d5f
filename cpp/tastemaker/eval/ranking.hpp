// Ranking metrics with binary relevance, per user, at many cutoffs in one pass over each list.
//
// Definitions: Manning, Raghavan, Schütze, "Introduction to Information Retrieval", 2008, chapter 8;
// NDCG as in Järvelin, Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002, discount log2(1 +
// r). AUC: Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 2006.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "tastemaker/base/parallel.hpp"
#include "tastemaker/base/views.hpp"

namespace tastemaker::eval {

// What is known of one list's first k places. h(r) is 1 where place r holds a relevant item; sums run over r <= k.
struct Prefix {
    double k = 0;
    double relevant = 0;         // |T|, the user's relevant items
    double others = 0;           // the other items that could be in the list
    double hits = 0;             // sum h(r)
    double dcg = 0;              // sum h(r) / log2(1 + r)
    double ideal_dcg = 0;        // the same for a list that starts with min(k, |T|) relevant items
    double precision_sum = 0;    // sum h(r) * precision at r
    double reciprocal_rank = 0;  // 1 / (smallest r with h(r) = 1); 0 without one
    double misses = 0;           // sum 1 - h(r)
    double wrong_pairs = 0;      // sum h(r) * misses before r
};

// Returns the share of pairs of a relevant and another item that the list orders rightly. Items that it leaves out are
// tied behind it, and a tied pair counts one half; 1 without pairs.
inline double area_under_roc(const Prefix& p) {
    const double right = p.hits * p.others - p.wrong_pairs;
    const double tied = (p.relevant - p.hits) * (p.others - p.misses);
    return p.others > 0 ? (right + tied / 2) / (p.relevant * p.others) : 1.0;
}

struct RankingMetric {
    const char* name;
    double (*at)(const Prefix&);
};

// A list shorter than k counts as one whose missing places miss: precision divides by k all the same.
// Average precision divides by |T|, as trec_eval's map_cut does, not by min(k, |T|).
inline constexpr std::array<RankingMetric, 7> ranking_metrics{{
    {"precision", [](const Prefix& p) { return p.hits / p.k; }},
    {"recall", [](const Prefix& p) { return p.hits / p.relevant; }},
    {"ndcg", [](const Prefix& p) { return p.dcg / p.ideal_dcg; }},
    {"hit", [](const Prefix& p) { return p.hits > 0 ? 1.0 : 0.0; }},
    {"map", [](const Prefix& p) { return p.precision_sum / p.relevant; }},
    {"mrr", [](const Prefix& p) { return p.reciprocal_rank; }},
    {"auc", area_under_roc},
}};

// Returns the sums of 1 / log2(1 + r) over r = 1..i, for i = 0..n.
inline std::vector<double> cumulated_discounts(index_t n) {
    std::vector<double> sums(static_cast<std::size_t>(n) + 1, 0.0);
    for (std::size_t r = 1; r < sums.size(); ++r) {
        sums[r] = sums[r - 1] + 1.0 / std::log2(1.0 + static_cast<double>(r));
    }
    return sums;
}

// Calls emit(c, prefix) for every cutoff c of one user; requires cutoffs >= 1 that ascend, `truth` ascending and not
// empty, distinct `ids` of which -1 ends the list, `candidates` that hold both, and discounts as far as min(largest
// cutoff, |truth|).
template <class Emit>
void walk_list(std::span<const index_t> ids, std::span<const index_t> truth, index_t candidates,
               std::span<const index_t> cutoffs, std::span<const double> discounts, Emit emit) {
    Prefix p;
    p.relevant = static_cast<double>(truth.size());
    p.others = static_cast<double>(candidates) - p.relevant;
    std::size_t r = 0;
    for (std::size_t c = 0; c < cutoffs.size(); ++c) {
        const auto k = static_cast<std::size_t>(cutoffs[c]);
        for (; r < std::min(k, ids.size()) && ids[r] >= 0; ++r) {
            if (!std::binary_search(truth.begin(), truth.end(), ids[r])) {
                p.misses += 1;
                continue;
            }
            const auto place = static_cast<double>(r + 1);
            p.hits += 1;
            p.dcg += 1.0 / std::log2(1.0 + place);
            p.precision_sum += p.hits / place;
            p.wrong_pairs += p.misses;
            p.reciprocal_rank = p.hits == 1 ? 1.0 / place : p.reciprocal_rank;
        }
        p.k = static_cast<double>(k);
        p.ideal_dcg = discounts[std::min(k, truth.size())];
        emit(c, p);
    }
}

// Writes every metric of every user to out[(metric * cutoffs + cutoff) * users + user]; row u of `ids` is user u's
// list, best first, -1 after its end; row u of `truth` has the relevant items, candidates[u] is the number of items
// that could be recommended, the relevant ones included. NaN for a user without relevant items. Requires cutoffs >= 1
// in ascending order.
inline void rank_users(MatrixView<const index_t> ids, const CsrView& truth, std::span<const index_t> candidates,
                       std::span<const index_t> cutoffs, int threads, double* out) {
    require(ids.rows == truth.rows, "lists and truth must have one row per user");
    require(static_cast<offset_t>(candidates.size()) == truth.rows, "each user must have a number of candidates");
    require(cutoffs.empty() || cutoffs.front() >= 1, "a cutoff must be at least 1");
    require(std::is_sorted(cutoffs.begin(), cutoffs.end()), "cutoffs must ascend");
    const index_t deepest = cutoffs.empty() ? 0 : std::min(cutoffs.back(), truth.cols);
    const std::vector<double> discounts = cumulated_discounts(deepest);
    const offset_t users = truth.rows;
    const auto width = static_cast<std::size_t>(ids.cols);
    const double cost = 10.0 * static_cast<double>(width + cutoffs.size() * ranking_metrics.size());
    parallel_for(
        users, threads, [&](offset_t) { return cost; },
        [&](offset_t begin, offset_t end, int) {
            for (offset_t u = begin; u < end; ++u) {
                const std::span<const index_t> relevant = truth.row(static_cast<index_t>(u)).indices;
                const index_t items = candidates[static_cast<std::size_t>(u)];
                walk_list(
                    {ids.row(u), width}, relevant, items, cutoffs, discounts, [&](std::size_t c, const Prefix& p) {
                        for (std::size_t m = 0; m < ranking_metrics.size(); ++m) {
                            const auto at = static_cast<offset_t>(m * cutoffs.size() + c) * users + u;
                            out[at] =
                                relevant.empty() ? std::numeric_limits<double>::quiet_NaN() : ranking_metrics[m].at(p);
                        }
                    });
            }
        });
}

}  // namespace tastemaker::eval
