// Entry points of the knn kernels; one set per ISA level. See knn/neighbours.hpp for the algorithm around them.
#pragma once

#include <cstdint>

namespace tastemaker::simd {

// The entries [begin, begin + length) of one row, each to be multiplied by `weight`.
struct KnnRun {
    std::int64_t begin;
    std::int32_t length;
    float weight;
};

struct KnnCandidate {
    std::int32_t index;
    float score;
};

// -0.0 marks a column that no entry reached: -0.0 + x is x, and no sum of other numbers rounds to -0.0, so a sum that
// cancels to 0 still counts as reached.
inline constexpr float knn_untouched = -0.0f;

// How a row keeps track of the columns that it reached.
enum KnnMode {
    knn_dense,  // not at all: scans every column
    knn_marks,  // one byte for each knn_block columns, set when one is reached
    knn_list,   // a list of the columns reached
    knn_modes,
};
inline constexpr int knn_block = 16;

// Where a row adds up. Between rows every sum is knn_untouched, every mark 0 and `listed` 0.
struct KnnSums {
    float* sums;          // columns, rounded up to a multiple of 2 * knn_block (one group of marks)
    std::uint8_t* marks;  // one per block
    std::int32_t* list;   // columns + 1
    std::int64_t listed;
};

// sums[column] += weight * value over all runs, in order; `values` is not read for patterns, where every value is 1.
// Within a run the columns are distinct. Looks ahead: past the last run must be knn_ahead more, and past the values of
// a run one vector more.
inline constexpr int knn_ahead = 8;
inline constexpr int knn_vector = 16;  // floats in the widest register
template <class Column>
using KnnAdd = void (*)(KnnSums&, const Column* columns, const float* values, const KnnRun* runs, std::int64_t n_runs);

// What turns the sum of a pair of columns into its two similarities (the row's and the column's).
enum KnnScore {
    knn_cosine,   // (sum - q_i q_j) / (p_i p_j + shrinkage): p norms, q what centring takes away
    knn_jaccard,  // sum / (p_i + p_j - sum + shrinkage): p counts
    knn_product,  // sum * p_i * q_j for the row i, sum * p_j * q_i for the column j
    knn_scores,
};

// One scan over the columns that a row reached: it picks those good enough for the row and those for which the row
// is good enough, and leaves the sums untouched again.
struct KnnScan {
    // per column, padded like the sums
    const float* p;
    const float* q;
    const float* floor;       // a column takes no score below its floor
    const std::int32_t* ids;  // the caller's number of a column, written to `own`
    float shrinkage;
    // the row
    std::int32_t row;
    std::int64_t begin;  // scans [begin, end), last block first, and lowers `end` as it goes; multiples of the group,
    std::int64_t end;    // or positions of the list in knn_list mode
    // out: stops early when `own` may lack room for one more vector
    float own_floor;
    KnnCandidate* own;
    std::int64_t own_size;
    std::int64_t own_capacity;
    KnnCandidate* sent;  // index: the column; room for one per column scanned
    std::int64_t sent_size;
};
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
