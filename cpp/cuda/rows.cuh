// Rows of interactions as kernels see them, and the passes over the entries of one row.
#pragma once

#include "cuda/slice.cuh"

namespace tastemaker::cuda {

// Some rows of a CSR matrix. Positions are those of the whole matrix, the arrays hold entries from `first` on; without
// `values` every entry is 1.
struct Rows {
    const std::int64_t* indptr;  // of all rows
    const std::int32_t* indices;
    const float* values;
    std::int64_t first;
    const std::int32_t* order;  // the rows to do
    int count;
    const float* ridges;  // of all rows
};

// Confidence of an entry of weight v: alpha |v|; of what was not observed: w0. See als/problem.hpp.
struct Weights {
    float alpha, w0;
};

// A row's warps: one, or all of its block. Each holds whole vectors, of which it adds up its own part of the entries.
template <int V, int warps>
struct Team {
    static constexpr int size = 32 * V;
    // Bytes of shared memory that sums over warps and the work queue take.
    static constexpr int shared_bytes = warps == 1 ? 0 : warps * size * 4 + 16;

    TASTEMAKER_DEVICE static int warp() { return warps == 1 ? 0 : warp_index(); }

    // Takes the next number of a queue.
    TASTEMAKER_DEVICE static int next(int* queue) {
        int number = 0;
        if constexpr (warps == 1) {
            if (lane_index() == 0) {
                number = atomic_add(queue, 1);
            }
            return shuffle(number, 0);
        } else {
            int* slot = reinterpret_cast<int*>(shared_memory() + warps * size * 4);
            if (thread_index() == 0) {
                *slot = atomic_add(queue, 1);
            }
            sync_block();
            number = *slot;
            return number;
        }
    }

    // Sums vectors over the warps, in their order.
    TASTEMAKER_DEVICE static void sum(Slice<V>& q) {
        if constexpr (warps > 1) {
            float* parts = reinterpret_cast<float*>(shared_memory());
            store(q, parts + warp() * size);
            sync_block();
            q = load<V>(parts);
            for (int w = 1; w < warps; ++w) {
                axpy(1.0f, load<V>(parts + w * size), q);
            }
            sync_block();  // before anyone's next sum
        }
    }

    // Sums what warps agree upon within themselves, once per row: the queue's barrier comes before the next time.
    template <class N>
    TASTEMAKER_DEVICE static N sum(N value) {
        if constexpr (warps > 1) {
            N* parts = reinterpret_cast<N*>(shared_memory());
            if (lane_index() == 0) {
                parts[warp()] = value;
            }
            sync_block();
            value = parts[0];
            for (int w = 1; w < warps; ++w) {
                value += parts[w];
            }
        }
        return value;
    }
};

// A lane's entry of a tile, whose dot product it gets; `mine` in one lane per entry.
struct Entry {
    float confidence;
    bool liked, mine;
};

// The entries of a row against the factors y of the other side, in tiles of as many as a lane has registers for.
template <class T, int V, int warps>
class Entries {
public:
    static constexpr int size = 32 * V;
    static constexpr int tile = V >= 32 ? 1 : V >= 4 ? 32 / V : 8;
    static constexpr int lanes_each = warp_size / tile;

    // `kept`: room for the first `kept_tiles` tiles of each warp. A lane reads there what it wrote itself.
    TASTEMAKER_DEVICE Entries(const Rows& rows, int row, const T* y, const Weights& weights, T* kept, int kept_tiles)
        : begin_(rows.indptr[row] - rows.first),
          n_(rows.indptr[row + 1] - rows.indptr[row]),
          indices_(rows.indices + begin_),
          values_(rows.values ? rows.values + begin_ : nullptr),
          y_(y),
          alpha_(weights.alpha),
          kept_(kept),
          kept_tiles_(kept_tiles) {}

    TASTEMAKER_DEVICE std::int64_t count() const { return n_; }

    // Calls fn(entry, d, rows) for each tile of this warp with d = y . v for the lane's entry; rows[j] belongs to the
    // entry of lane j * lanes_each. Beyond the end y is zero. The first pass must be the `fresh` one.
    template <bool fresh, class Fn>
    TASTEMAKER_DEVICE void for_tiles(const Slice<V>& v, Fn fn) const {
        int k = 0;
        for (std::int64_t t = Team<V, warps>::warp() * std::int64_t{tile}; t < n_; t += warps * tile, ++k) {
            Slice<V> rows[tile];
            read<fresh>(t, k, rows);
            float dots[tile];
            TASTEMAKER_UNROLL
            for (int j = 0; j < tile; ++j) {
                dots[j] = dot(rows[j], v);
            }
            const float d = warp_sums(dots);
            fn(entry(t + lane_index() / lanes_each), d, rows);
        }
    }

private:
    template <bool fresh>
    TASTEMAKER_DEVICE void read(std::int64_t t, int k, Slice<V> (&rows)[tile]) const {
        T* kept = kept_ + std::int64_t{k} * tile * size;
        const bool keep = k < kept_tiles_;
        if (!fresh && keep) {
            TASTEMAKER_UNROLL
            for (int j = 0; j < tile; ++j) {
                rows[j] = load<V>(kept + j * size);
            }
            return;
        }
        TASTEMAKER_UNROLL
        for (int j = 0; j < tile; ++j) {
            rows[j] = t + j < n_ ? load<V>(y_ + std::int64_t{indices_[t + j]} * size) : filled<V>(0.0f);
            tally_bytes(t + j < n_ ? V * std::int64_t{sizeof(T)} : 0);
        }
        if (keep) {
            TASTEMAKER_UNROLL
            for (int j = 0; j < tile; ++j) {
                store(rows[j], kept + j * size);
            }
        }
    }

    TASTEMAKER_DEVICE Entry entry(std::int64_t t) const {
        const bool mine = lane_index() % lanes_each == 0 && t < n_;
        tally_bytes(mine ? 8 : 0);
        const float value = t >= n_ ? 0.0f : values_ ? values_[t] : 1.0f;
        return {alpha_ * (value < 0 ? -value : value), value > 0, mine};
    }

    std::int64_t begin_, n_;
    const std::int32_t* indices_;
    const float* values_;
    const T* y_;
    float alpha_;
    T* kept_;
    int kept_tiles_;
};

}  // namespace tastemaker::cuda
