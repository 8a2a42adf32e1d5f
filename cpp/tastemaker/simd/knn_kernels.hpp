// Entry points of the knn kernels; one set per ISA level. See knn/neighbours.hpp for the algorithm around them.
#pragma once

#include <cstdint>
#include <cstring>

namespace tastemaker::simd {

// One entry of a column, and where its row lies around it: `before` entries, the entry itself at `at`, `after` entries.
struct KnnRun {
    std::int64_t at;
    std::int32_t before;
    std::int32_t after;
    float weight;
};

// A neighbour and its score as one integer: of two keys, the greater is the better by score descending, then index
// ascending. `static`, so that each SIMD level has its own copy.
using KnnKey = std::uint64_t;

static inline KnnKey knn_key(std::int32_t index, float score) {
    const float positive_zero = score + 0.0f;  // -0.0 and 0.0 are one score
    std::uint32_t bits;
    std::memcpy(&bits, &positive_zero, sizeof bits);
    bits ^= (bits >> 31) != 0 ? 0xFFFFFFFFu : 0x80000000u;
    return (KnnKey{bits} << 32) | static_cast<std::uint32_t>(~index);
}

static inline std::int32_t knn_index(KnnKey key) {
    return static_cast<std::int32_t>(~static_cast<std::uint32_t>(key));
}

static inline float knn_score(KnnKey key) {
    auto bits = static_cast<std::uint32_t>(key >> 32);
    bits ^= (bits >> 31) != 0 ? 0x80000000u : 0xFFFFFFFFu;
    float score;
    std::memcpy(&score, &bits, sizeof score);
    return score;
}

// What a row has to offer to a column.
struct KnnOffer {
    std::int32_t column;
    KnnKey key;
};

// -0.0 marks a column that no entry reached: -0.0 + x is x, and no sum of other numbers rounds to -0.0, so a sum that
// cancels to 0 still counts as reached.
inline constexpr float knn_untouched = -0.0f;

// How a row keeps track of the columns that it reached.
enum KnnMode {
    knn_dense,  // not at all: scans every column
    knn_list,   // a list of the columns reached
    knn_modes,
};

// Where a row adds up. Between rows every sum is knn_untouched and `listed` 0.
struct KnnSums {
    float* sums;         // columns, rounded up to a multiple of knn_vector
    std::int32_t* list;  // columns + 1
    std::int64_t listed;
};

// sums[column] += weight * value over all runs, in order: over the whole row of each entry, or only what comes after
// it. `values` is not read for patterns, where every value is 1. The columns of a row are distinct. Looks ahead: past
// the last run must be knn_ahead more, and past the values of a row one vector more.
inline constexpr int knn_ahead = 8;
inline constexpr int knn_vector = 16;  // floats in the widest register
template <class Column>
using KnnAdd = void (*)(KnnSums&, const Column* columns, const float* values, const KnnRun* runs, std::int64_t n_runs,
                        bool whole);

// What turns the sum of a pair of columns into its two similarities (the row's and the column's).
enum KnnScore {
    knn_cosine,   // (sum - q_i q_j) / (p_i p_j + shrinkage): p norms, q what centring takes away
    knn_jaccard,  // sum / (p_i + p_j - sum + shrinkage): p counts
    knn_product,  // sum * p_i * q_j for the row i, sum * p_j * q_i for the column j
    knn_scores,
};

// One scan over the columns that a row reached: it picks those good enough for the row and those after it for which
// the row is good enough, and leaves the sums untouched again.
struct KnnScan {
    // per column, padded like the sums
    const float* p;
    const float* q;
    const float* floor;       // a column takes no score below its floor
    const std::int32_t* ids;  // the caller's number of a column, which goes into the keys
    float shrinkage;
    // the row
    std::int32_t row;
    std::int64_t begin;  // scans [begin, end) and raises `begin` as it goes: columns, multiples of knn_vector,
    std::int64_t end;    // or, in knn_list mode, positions of the list
    // out: stops early when `own` may lack room for knn_chunk more
    float own_floor;
    KnnKey* own;
    std::int64_t own_size;
    std::int64_t own_capacity;
    KnnOffer* sent;  // room for one per column, and one more
    std::int64_t sent_size;
};
inline constexpr int knn_chunk = 64;  // columns of a list that are gathered at a time

using KnnScanFn = void (*)(KnnSums&, KnnScan&);

// Column numbers of 2 bytes, where they fit, halve what an addition reads.
template <class Column>
struct KnnAddKernels {
    KnnAdd<Column> pattern[knn_modes];
    KnnAdd<Column> weighted[knn_modes];
};

struct KnnKernels {
    KnnAddKernels<std::uint16_t> add16;
    KnnAddKernels<std::int32_t> add32;
    KnnScanFn scan[knn_scores][knn_modes];
};

}  // namespace tastemaker::simd
