// Preconditioned conjugate gradients, a row of factors per warp or block. As on the CPU (als/cg.hpp) they work in the
// axes of the Gram matrix of Y: D = w0 Y^T Y + ridge I is diagonal there, its inverse the preconditioner, and nothing
// of a row's system is ever written to memory.
#pragma once

#include <cfloat>

#include "cuda/rows.cuh"

namespace tastemaker::cuda {

template <class T>
struct CgArguments {
    Rows rows;
    Weights weights;
    const T* y;
    const float* diagonal;  // of w0 Y^T Y, zero in the padding
    float largest;          // of the diagonal
    T* x;                   // of all rows: the start, then the answer
    int steps;
    bool preconditioned;
    int kept_tiles;   // per warp, in shared memory behind the team's
    int* queue;       // starts at 0
    int* not_finite;  // set to 1 when a row's answer is not
};

template <class T, int V, int warps>
class CgRow {
public:
    using Shared = Team<V, warps>;

    TASTEMAKER_DEVICE CgRow(const CgArguments<T>& a, int row, T* kept)
        : entries_(a.rows, row, a.y, a.weights, kept, a.kept_tiles),
          diagonal_(load<V>(a.diagonal)),
          ridge_(a.rows.ridges[row]),
          w0_(a.weights.w0),
          floor_(preconditioner_floor(a.largest + ridge_)),
          preconditioned_(a.preconditioned) {}

    // Improves x; zero for a row without entries.
    TASTEMAKER_DEVICE void solve(Slice<V>& x, int steps) const {
        if (entries_.count() == 0) {
            x = filled<V>(0.0f);
            return;
        }
        Slice<V> r = observed<true>(x), p = filled<V>(0.0f);
        float square = 0;  // r . z with z = m r
        TASTEMAKER_UNROLL
        for (int k = 0; k < V; ++k) {
            r[k] = -r[k] - (diagonal_[k] + ridge_) * x[k];
            p[k] = m(k) * r[k];
            square += r[k] * p[k];
        }
        square = warp_sum(square);
        for (int step = 1; step < steps && !(square < FLT_MIN); ++step) {
            Slice<V> q = observed<false>(p);
            axpy_diagonal(p, q);
            const float curvature = warp_sum(dot(p, q));
            if (curvature <= 0) {
                return;  // singular along p up to rounding; NaN goes on and is seen in x
            }
            axpy(square / curvature, p, x);
            axpy(-square / curvature, q, r);
            square = turn(r, p, square);
        }
        if (!(square < FLT_MIN)) {  // the last step needs the length of A p along p only
            Slice<V> q = filled<V>(0.0f);
            axpy_diagonal(p, q);
            const float curvature = warp_sum(dot(p, q)) + observed_curvature(p);
            if (!(curvature <= 0)) {
                axpy(square / curvature, p, x);
            }
        }
    }

private:
    // Where D vanishes the residual does too: any positive number will do, and the floor keeps m finite.
    TASTEMAKER_DEVICE static float preconditioner_floor(float largest) {
        return 1e-7f * largest > FLT_MIN ? 1e-7f * largest : FLT_MIN;
    }
    TASTEMAKER_DEVICE float m(int k) const {
        const float d = diagonal_[k] + ridge_;
        return preconditioned_ ? 1.0f / (d > floor_ ? d : floor_) : 1.0f;
    }

    // Returns sum_t (w_t (y_t . v) - c_t) y_t, or the same without c.
    template <bool with_c>
    TASTEMAKER_DEVICE Slice<V> observed(const Slice<V>& v) const {
        Slice<V> q = filled<V>(0.0f);
        entries_.template for_tiles<with_c>(v, [&](const Entry& entry, float d, const auto& rows) {
            float a = (entry.confidence - w0_) * d;
            if (with_c && entry.liked) {
                a -= entry.confidence;
            }
            TASTEMAKER_UNROLL
            for (int j = 0; j < Row::tile; ++j) {
                axpy(shuffle(a, j * Row::lanes_each), rows[j], q);
            }
        });
        Shared::sum(q);
        return q;
    }

    // Returns sum_t w_t (y_t . p)^2.
    TASTEMAKER_DEVICE float observed_curvature(const Slice<V>& p) const {
        float sum = 0;
        entries_.template for_tiles<false>(p, [&](const Entry& entry, float d, const auto&) {
            sum += entry.mine ? (entry.confidence - w0_) * d * d : 0.0f;
        });
        return Shared::sum(warp_sum(sum));
    }

    TASTEMAKER_DEVICE void axpy_diagonal(const Slice<V>& p, Slice<V>& q) const {
        TASTEMAKER_UNROLL
        for (int k = 0; k < V; ++k) {
            q[k] += (diagonal_[k] + ridge_) * p[k];
        }
    }

    // Sets the next direction and returns the next r . z.
    TASTEMAKER_DEVICE float turn(const Slice<V>& r, Slice<V>& p, float square) const {
        float next = 0;
        TASTEMAKER_UNROLL
        for (int k = 0; k < V; ++k) {
            next += m(k) * r[k] * r[k];
        }
        next = warp_sum(next);
        TASTEMAKER_UNROLL
        for (int k = 0; k < V; ++k) {
            p[k] = m(k) * r[k] + next / square * p[k];
        }
        return next;
    }

    using Row = Entries<T, V, warps>;
    Row entries_;
    Slice<V> diagonal_;
    float ridge_, w0_, floor_;
    bool preconditioned_;
};

// Solves the rows; the longest should come first. Blocks of 32 * warps threads, or of up to 128 when warps is 1. Of the
// narrow rows more warps would fit, for which ptxas spills a word: the second bound gives them 80 registers.
template <class T, int V, int warps>
TASTEMAKER_KERNEL(warps == 1 ? 128 : 32 * warps, V > 2        ? 0
                                                 : warps == 1 ? 6
                                                              : 3)
solve_cg(CgArguments<T> a) {
    using Shared = Team<V, warps>;
    T* kept = reinterpret_cast<T*>(shared_memory() + Shared::shared_bytes) +
              std::int64_t{warp_index()} * a.kept_tiles * Entries<T, V, warps>::tile * Shared::size;
    for (int next = Shared::next(a.queue); next < a.rows.count; next = Shared::next(a.queue)) {
        const int row = a.rows.order[next];
        T* place = a.x + std::int64_t{row} * Shared::size;
        Slice<V> x = load<V>(place);
        CgRow<T, V, warps>(a, row, kept).solve(x, a.steps);
        if (Shared::warp() == 0) {
            store(x, place);
            tally_bytes(2 * V * std::int64_t{sizeof(T)});
        }
        const float sum = warp_sum(dot(x, x));
        if (!(sum <= FLT_MAX) && lane_index() == 0) {
            atomic_set(a.not_finite);
        }
    }
}

}  // namespace tastemaker::cuda
