// The rows' part of the objective (als/objective.hpp).
#pragma once

#include "cuda/rows.cuh"

namespace tastemaker::cuda {

template <class T>
struct LossArguments {
    Rows rows;
    Weights weights;
    const T* x;
    const T* y;      // null: the ridges alone
    double* losses;  // of all rows
    int* queue;
};

// Sets losses[u] to the sum over u's entries of c (p - s)^2 - w0 s^2, s = x_u . y_i in fp32, plus ridge |x_u|^2.
template <class T, int V, int warps>
TASTEMAKER_KERNEL(warps == 1 ? 128 : 32 * warps)
row_losses(LossArguments<T> a) {
    using Shared = Team<V, warps>;
    const double w0 = static_cast<double>(a.weights.w0);
    for (int next = Shared::next(a.queue); next < a.rows.count; next = Shared::next(a.queue)) {
        const int row = a.rows.order[next];
        const Slice<V> x = load<V>(a.x + std::int64_t{row} * Shared::size);
        double loss = 0;
        if (a.y) {
            const Entries<T, V, warps> entries(a.rows, row, a.y, a.weights, nullptr, 0);
            entries.template for_tiles<true>(x, [&](const Entry& entry, float d, const auto&) {
                const double s = static_cast<double>(d);
                const double miss = (entry.liked ? 1.0 : 0.0) - s;
                loss += entry.mine ? static_cast<double>(entry.confidence) * miss * miss - w0 * s * s : 0.0;
            });
        }
        loss = Shared::sum(warp_sum(loss));
        loss += static_cast<double>(a.rows.ridges[row]) * static_cast<double>(warp_sum(dot(x, x)));
        if (lane_index() == 0 && Shared::warp() == 0) {
            a.losses[row] = loss;
        }
    }
}

}  // namespace tastemaker::cuda
