// Intra-list diversity: how unlike each other the items of a list are, at many cutoffs in one pass.
//
// Definition: Ziegler, McNee, Konstan, Lausen, "Improving recommendation lists through topic diversification", WWW
// 2005, with 1 - cosine in place of their similarity.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "tastemaker/base/parallel.hpp"
#include "tastemaker/base/views.hpp"

namespace tastemaker::eval {

// Returns 1 / the Euclidean length of each row; 0 for a row of zeros, whose cosines are 0.
inline std::vector<double> inverse_lengths(const CsrView& rows) {
    std::vector<double> inverse(static_cast<std::size_t>(rows.rows));
    for (index_t i = 0; i < rows.rows; ++i) {
        double sum = 0;
        for (const float value : rows.row(i).values) {
            sum += static_cast<double>(value) * static_cast<double>(value);
        }
        inverse[static_cast<std::size_t>(i)] = sum > 0 ? 1 / std::sqrt(sum) : 0.0;
    }
    return inverse;
}

// The cosines of all pairs of a growing list. The sum s of its unit vectors is kept, for then a new item costs one
// product instead of one per pair: sum over j of cos(i, j) = v_i . s / |v_i|.
class PairCosines {
public:
    PairCosines(const CsrView& vectors, std::span<const double> inverse)
        : vectors_(vectors), inverse_(inverse), sum_(static_cast<std::size_t>(vectors.cols), 0.0) {}

    // Returns the sum of the cosines of `item` with all items added before, and adds it.
    double add(index_t item) {
        const double scale = inverse_[static_cast<std::size_t>(item)];
        const SparseRow vector = vectors_.row(item);
        const index_t* users = vector.indices.data();
        const float* values = vector.values.data();
        // Four sums, or each step would wait for the add of the one before.
        std::array<double, 4> products{};
        const auto step = [&](std::size_t k, std::size_t lane) {
            double& at = sum_[static_cast<std::size_t>(users[k])];
            const double value = scale * static_cast<double>(values[k]);
            products[lane] += value * at;
            at += value;
        };
        const std::size_t size = vector.indices.size();
        std::size_t k = 0;
        for (; k + 4 <= size; k += 4) {
            step(k, 0);
            step(k + 1, 1);
            step(k + 2, 2);
            step(k + 3, 3);
        }
        for (; k < size; ++k) {
            step(k, 0);
        }
        return (products[0] + products[1]) + (products[2] + products[3]);
    }

    void clear() { std::ranges::fill(sum_, 0.0); }

private:
    CsrView vectors_;
    std::span<const double> inverse_;
    std::vector<double> sum_;
};

// Writes 1 - the mean cosine of all pairs of the first k items of each user's list to out[cutoff * users + user]; 0 for
// fewer than two items. Row u of `ids` is a list, -1 after its end; row i of `vectors` is item i, with stored values.
// Requires cutoffs >= 1 in ascending order.
inline void list_diversity(MatrixView<const index_t> ids, const CsrView& vectors, std::span<const index_t> cutoffs,
                           int threads, double* out) {
    require(vectors.values != nullptr, "the vectors of items must have values");
    require(cutoffs.empty() || cutoffs.front() >= 1, "a cutoff must be at least 1");
    require(std::is_sorted(cutoffs.begin(), cutoffs.end()), "cutoffs must ascend");
    const std::span all(ids.data, static_cast<std::size_t>(ids.rows) * static_cast<std::size_t>(ids.cols));
    require(std::ranges::all_of(all, [&](index_t id) { return id < vectors.rows; }), "each item must have a vector");
    const std::vector<double> inverse = inverse_lengths(vectors);
    std::vector<PairCosines> workers(static_cast<std::size_t>(std::max(threads, 1)), PairCosines(vectors, inverse));
    const double cost = static_cast<double>(vectors.cols) * (1.0 + ids.cols);
    parallel_for(
        ids.rows, threads, [&](offset_t) { return cost; },
        [&](offset_t begin, offset_t end, int worker) {
            PairCosines& cosines = workers[static_cast<std::size_t>(worker)];
            for (offset_t u = begin; u < end; ++u) {
                cosines.clear();
                double sum = 0;
                index_t r = 0;
                for (std::size_t c = 0; c < cutoffs.size(); ++c) {
                    for (; r < std::min(cutoffs[c], ids.cols) && ids.row(u)[r] >= 0; ++r) {
                        sum += cosines.add(ids.row(u)[r]);
                    }
                    const double pairs = 0.5 * r * (r - 1.0);
                    out[static_cast<offset_t>(c) * ids.rows + u] = pairs > 0 ? 1 - sum / pairs : 0.0;
                }
            }
        });
}

}  // namespace tastemaker::eval
