// The best items for each query, without what the user has seen: scores and selection in one pass, nothing but the
// lists written.
#pragma once

#include <cmath>

#include "cuda/slice.cuh"

namespace tastemaker::cuda {

template <class T>
struct TopnArguments {
    const T* queries;
    const T* items;
    int item_count;
    const std::int64_t* seen_indptr;   // of the queries; null: nothing was seen
    const std::int32_t* seen_indices;  // ascending within a query
    int n;                             // at most topn_most
    std::int32_t* ids;                 // queries x n, -1 where there are fewer
    float* scores;                     // NaN there
};

inline constexpr int topn_threads = 128;
inline constexpr int topn_room = 2048;  // candidates in shared memory, a power of two
inline constexpr int topn_most = topn_room / 2;
inline constexpr int topn_shared_bytes = topn_room * 8 + 16;

// Candidates as numbers whose order is that of all of tastemaker: score descending, then index ascending. 0 is none.
using Candidate = unsigned long long;

TASTEMAKER_DEVICE unsigned score_bits(float score) {
    unsigned bits;
    memcpy(&bits, &score, sizeof bits);
    return bits;
}
TASTEMAKER_DEVICE Candidate candidate(float score, int item) {
    const unsigned bits = score_bits(score + 0.0f);  // -0 ties with 0
    const unsigned ordered = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return static_cast<Candidate>(ordered) << 32 | ~static_cast<unsigned>(item);
}
TASTEMAKER_DEVICE int item_of(Candidate c) {
    return static_cast<int>(~static_cast<unsigned>(c));
}
TASTEMAKER_DEVICE float score_of(Candidate c) {
    const auto ordered = static_cast<unsigned>(c >> 32);
    const unsigned bits = ordered & 0x80000000u ? ordered & 0x7fffffffu : ~ordered;
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

// Whether `item` is among those of [begin, end), ascending.
TASTEMAKER_DEVICE bool contains(const std::int32_t* items, std::int64_t begin, std::int64_t end, int item) {
    while (begin < end) {
        const std::int64_t middle = begin + (end - begin) / 2;
        if (items[middle] < item) {
            begin = middle + 1;
        } else if (items[middle] > item) {
            end = middle;
        } else {
            return true;
        }
    }
    return false;
}

// The block's candidates. Half of the room is for those of the next items; sorting drops all but the best n.
class Candidates {
public:
    TASTEMAKER_DEVICE explicit Candidates(int n)
        : n_(n),
          count_(reinterpret_cast<int*>(shared_memory())),
          all_(reinterpret_cast<Candidate*>(shared_memory() + 16)) {
        if (thread_index() == 0) {
            *count_ = 0;
        }
        sync_block();
    }

    TASTEMAKER_DEVICE void offer(Candidate c) {
        if (c > worst_) {
            all_[atomic_add(count_, 1)] = c;
        }
    }
    TASTEMAKER_DEVICE bool wanted(Candidate c) const { return c > worst_; }

    // Makes room for topn_most more, or finishes.
    TASTEMAKER_DEVICE void settle(bool finish) {
        sync_block();
        const int count = *count_;
        if (count <= topn_room - topn_most && !finish) {
            sync_block();  // everyone has the count
            return;
        }
        for (int i = count + thread_index(); i < topn_room; i += topn_threads) {
            all_[i] = 0;
        }
        sort();
        const int kept = count < n_ ? count : n_;
        if (thread_index() == 0) {
            *count_ = kept;
        }
        sync_block();
        worst_ = kept == n_ ? all_[n_ - 1] : 0;  // where no offer writes
    }

    TASTEMAKER_DEVICE Candidate operator[](int i) const { return all_[i]; }

private:
    // Bitonic, descending; the caller's barrier ends the last step.
    TASTEMAKER_DEVICE void sort() {
        for (int run = 2; run <= topn_room; run *= 2) {
            for (int apart = run / 2; apart > 0; apart /= 2) {
                sync_block();
                for (int pair = thread_index(); pair < topn_room / 2; pair += topn_threads) {
                    const int i = pair / apart * 2 * apart + pair % apart, j = i + apart;
                    const bool descending = (i & run) == 0;
                    if ((all_[i] < all_[j]) == descending) {
                        const Candidate other = all_[i];
                        all_[i] = all_[j];
                        all_[j] = other;
                    }
                }
            }
        }
    }

    int n_;
    int* count_;
    Candidate* all_;
    Candidate worst_ = 0;  // what a candidate must beat
};

// One block per query. A query of zeros gets no recommendations: without interactions there are no preferences.
template <class T, int V>
TASTEMAKER_KERNEL(topn_threads, V == 32 ? 5 : 0)
best_items(TopnArguments<T> a) {
    constexpr int tile = V >= 32 ? 1 : V >= 4 ? 32 / V : 8;
    constexpr int lanes_each = warp_size / tile;
    const int query = block_index();
    const Slice<V> q = load<V>(a.queries + std::int64_t{query} * 32 * V);
    const bool empty = ballot(dot(q, q) > 0) == 0;
    const std::int64_t begin = a.seen_indptr ? a.seen_indptr[query] : 0;
    const std::int64_t end = a.seen_indptr ? a.seen_indptr[query + 1] : 0;
    Candidates best(a.n);
    for (int first = 0; first < a.item_count && !empty; first += topn_most) {
        const int last = a.item_count - first < topn_most ? a.item_count : first + topn_most;
        for (int i = first + warp_index() * tile; i < last; i += topn_threads / warp_size * tile) {
            float dots[tile];
            TASTEMAKER_UNROLL
            for (int j = 0; j < tile; ++j) {
                const T* item = a.items + std::int64_t{i + j < last ? i + j : i} * 32 * V;
                dots[j] = dot(load<V>(item), q);
                tally_bytes(V * std::int64_t{sizeof(T)});
            }
            const float score = warp_sums(dots);
            const int item = i + lane_index() / lanes_each;
            const Candidate c = candidate(score, item);
            if (lane_index() % lanes_each == 0 && item < last && best.wanted(c) &&
                !contains(a.seen_indices, begin, end, item)) {
                best.offer(c);
            }
        }
        best.settle(last == a.item_count);
    }
    for (int i = thread_index(); i < a.n; i += topn_threads) {
        const Candidate c = empty ? 0 : best[i];
        a.ids[std::int64_t{query} * a.n + i] = c ? item_of(c) : -1;
        a.scores[std::int64_t{query} * a.n + i] = c ? score_of(c) : NAN;
    }
}

}  // namespace tastemaker::cuda
