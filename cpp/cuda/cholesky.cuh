// The exact solution of a row's system, one block a row (als/cholesky.hpp).
#pragma once

#include <cfloat>
#include <cmath>

#include "cuda/rows.cuh"

namespace tastemaker::cuda {

template <class T>
struct CholeskyArguments {
    Rows rows;
    Weights weights;
    const T* y;
    const float* gram;  // w0 Y^T Y, size x size
    T* x;               // of all rows
    int size, factors;  // columns of the tables, and those in use
    float* systems;     // room for one system per block, or null: shared memory
    int* queue;
    int* not_definite;  // set to 1 when a system has no solution
    int* not_finite;
};

inline constexpr int cholesky_threads = 128;
inline constexpr int cholesky_panel = 16;  // entries in shared memory at a time

// Floats of a system: the lower triangle by full rows, with b as one more row below.
TASTEMAKER_BOTH std::int64_t system_floats(std::int64_t factors) {
    return (factors + 1) * factors;
}

// A in rows 0 .. f of `a`, b in row f; everything that threads exchange lies in shared or the block's own memory.
template <class T>
class RowSystem {
public:
    // Bytes of shared memory beside the system.
    TASTEMAKER_BOTH static std::int64_t shared_bytes(std::int64_t factors) {
        return (cholesky_panel * (factors + 2) + 4) * 4;
    }

    TASTEMAKER_DEVICE RowSystem(const CholeskyArguments<T>& args)
        : args_(args),
          f_(args.factors),
          panel_(reinterpret_cast<float*>(shared_memory()) + 4),
          w_(panel_ + cholesky_panel * f_),
          c_(w_ + cholesky_panel),
          a_(args.systems ? args.systems + block_index() * system_floats(f_) : c_ + cholesky_panel) {}

    // Leaves the row's factors in b; false when the system is not positive definite even with 1e-2 of its mean diagonal
    // added. Rounding can make a tiny pivot negative where the ridge is (nearly) zero.
    TASTEMAKER_DEVICE bool solve(int row) {
        float jitter = 0;
        for (int attempt = 0; attempt < 4; ++attempt) {
            build(row, jitter);
            if (attempt == 0) {
                mean_ = mean_diagonal();
            }
            if (factorise()) {
                substitute();
                return true;
            }
            sync_block();  // everyone has the pivot that ended it
            jitter = mean_ * (attempt == 0 ? 1e-6f : attempt == 1 ? 1e-4f : 1e-2f);
        }
        return false;
    }

    TASTEMAKER_DEVICE void write(T* x, int size) const {
        for (int k = thread_index(); k < size; k += cholesky_threads) {
            from_float(k < f_ ? b(k) : 0.0f, x[k]);
        }
        tally_bytes(thread_index() == 0 ? size * std::int64_t{sizeof(T)} : 0);
    }

    // Whether b is finite; all threads get the same answer.
    TASTEMAKER_DEVICE bool finite() const {
        for (int k = 0; k < f_; ++k) {
            if (!(b(k) <= FLT_MAX && b(k) >= -FLT_MAX)) {
                return false;
            }
        }
        return true;
    }

private:
    TASTEMAKER_DEVICE float& a(int i, int j) const { return a_[std::int64_t{i} * f_ + j]; }
    TASTEMAKER_DEVICE float& b(int k) const { return a(f_, k); }

    TASTEMAKER_DEVICE void build(int row, float jitter) {
        for (int i = 0; i < f_; ++i) {
            for (int j = thread_index(); j < f_; j += cholesky_threads) {
                a(i, j) =
                    args_.gram[std::int64_t{i} * args_.size + j] + (i == j ? args_.rows.ridges[row] + jitter : 0.0f);
            }
        }
        for (int k = thread_index(); k < f_; k += cholesky_threads) {
            b(k) = 0;
        }
        const std::int64_t begin = args_.rows.indptr[row] - args_.rows.first;
        const std::int64_t end = args_.rows.indptr[row + 1] - args_.rows.first;
        for (std::int64_t t = begin; t < end; t += cholesky_panel) {
            const int n = end - t < cholesky_panel ? static_cast<int>(end - t) : cholesky_panel;
            gather(t, n);
            sync_block();
            update(n);
            sync_block();  // before the next panel, and before the system is read
        }
    }

    TASTEMAKER_DEVICE void gather(std::int64_t t, int n) {
        for (int e = 0; e < n; ++e) {
            const T* y = args_.y + std::int64_t{args_.rows.indices[t + e]} * args_.size;
            for (int k = thread_index(); k < f_; k += cholesky_threads) {
                panel_[e * f_ + k] = to_float(y[k]);
                tally_bytes(sizeof(T));
            }
        }
        if (thread_index() < n) {
            const int e = thread_index();
            const float value = args_.rows.values ? args_.rows.values[t + e] : 1.0f;
            const float confidence = args_.weights.alpha * (value < 0 ? -value : value);
            w_[e] = confidence - args_.weights.w0;
            c_[e] = value > 0 ? confidence : 0.0f;
            tally_bytes(8);
        }
    }

    // Adds w y y^T and c y of the panel, a thread 4 x 4 numbers at a time.
    TASTEMAKER_DEVICE void update(int n) {
        const int strips = (f_ + 3) / 4;
        for (int tile = thread_index(); tile < strips * strips; tile += cholesky_threads) {
            const int i = tile / strips * 4, j = tile % strips * 4;
            if (j <= i) {
                update_tile(n, i, j);
            }
        }
        for (int k = thread_index(); k < f_; k += cholesky_threads) {
            for (int e = 0; e < n; ++e) {
                b(k) += c_[e] * panel_[e * f_ + k];
            }
        }
    }

    TASTEMAKER_DEVICE void update_tile(int n, int i, int j) {
        float sums[4][4] = {};
        for (int e = 0; e < n; ++e) {
            float left[4], right[4];
            TASTEMAKER_UNROLL
            for (int k = 0; k < 4; ++k) {
                left[k] = i + k < f_ ? w_[e] * panel_[e * f_ + i + k] : 0.0f;
                right[k] = j + k < f_ ? panel_[e * f_ + j + k] : 0.0f;
            }
            TASTEMAKER_UNROLL
            for (int k = 0; k < 16; ++k) {
                sums[k / 4][k % 4] += left[k / 4] * right[k % 4];
            }
        }
        TASTEMAKER_UNROLL
        for (int k = 0; k < 16; ++k) {
            if (i + k / 4 < f_ && j + k % 4 < f_) {
                a(i + k / 4, j + k % 4) += sums[k / 4][k % 4];
            }
        }
        tally_flops(32 * n);
    }

    TASTEMAKER_DEVICE float mean_diagonal() const {
        float trace = 0;
        for (int k = 0; k < f_; ++k) {
            trace += a(k, k);
        }
        return trace / static_cast<float>(f_);
    }

    // Replaces A by its Cholesky factor L and b by L^-1 b, column by column, the columns to the right updated at once.
    TASTEMAKER_DEVICE bool factorise() {
        for (int k = 0; k < f_; ++k) {
            const float pivot = a(k, k);
            if (pivot <= 0) {
                return false;  // the same in all threads; NaN goes on and is seen in x
            }
            const float scale = 1.0f / sqrtf(pivot);
            sync_block();  // everyone has the pivot
            for (int i = k + thread_index(); i <= f_; i += cholesky_threads) {
                a(i, k) *= scale;
            }
            sync_block();
            for (int i = k + 1 + warp_index(); i <= f_; i += cholesky_threads / warp_size) {
                const float factor = a(i, k);
                const int last = i < f_ ? i : f_ - 1;
                for (int j = k + 1 + lane_index(); j <= last; j += warp_size) {
                    a(i, j) -= factor * a(j, k);
                }
            }
            sync_block();
            tally_flops(thread_index() == 0 ? std::int64_t{f_ - k} * (f_ - k) : 0);
        }
        return true;
    }

    // Replaces b by L^-T b.
    TASTEMAKER_DEVICE void substitute() {
        for (int k = f_ - 1; k >= 0; --k) {
            const float x = b(k) / a(k, k);
            sync_block();  // everyone has b[k]
            for (int i = thread_index(); i <= k; i += cholesky_threads) {
                b(i) = i == k ? x : b(i) - a(k, i) * x;
            }
            sync_block();
        }
    }

    const CholeskyArguments<T>& args_;
    int f_;
    float *panel_, *w_, *c_, *a_;
    float mean_ = 0;
};

template <class T>
TASTEMAKER_KERNEL(cholesky_threads)
solve_cholesky(CholeskyArguments<T> args) {
    RowSystem<T> system(args);
    int* slot = reinterpret_cast<int*>(shared_memory());
    for (;;) {
        if (thread_index() == 0) {
            *slot = atomic_add(args.queue, 1);
        }
        sync_block();
        const int next = *slot;
        if (next >= args.rows.count) {
            return;
        }
        const int row = args.rows.order[next];
        T* x = args.x + std::int64_t{row} * args.size;
        if (args.rows.indptr[row] == args.rows.indptr[row + 1]) {
            for (int k = thread_index(); k < args.size; k += cholesky_threads) {
                from_float(0.0f, x[k]);
            }
            sync_block();  // everyone has the number
            continue;
        }
        const bool solved = system.solve(row);
        if (solved) {
            system.write(x, args.size);
        }
        if (thread_index() == 0 && !solved) {
            atomic_set(args.not_definite);
        }
        if (thread_index() == 0 && solved && !system.finite()) {
            atomic_set(args.not_finite);
        }
    }
}

}  // namespace tastemaker::cuda
