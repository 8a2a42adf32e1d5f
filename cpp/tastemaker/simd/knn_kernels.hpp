// Entry points of the knn kernels; one set per ISA level. See knn/neighbours.hpp for the algorithm around them.
#pragma once

#include <cstdint>
#include <cstring>

namespace tastemaker::simd {

// One entry of a column: its row, how many entries of the row come before it, and what it weighs.
struct KnnRun {
    std::int32_t row;
    std::int32_t before;
    float weight;
};

// The rows: row u holds the columns [start[u], end[u]), ascending. `values` lie beside them, and one vector more; they
// are not read for patterns, where every value is 1.
template <class Column>
struct KnnRows {
    const std::int64_t* start;
    const std::int64_t* end;
    const Column* columns;
    const float* values;
    std::int64_t prefetched;  // entries to fetch of a row before it is read; past them the processor fetches by itself
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
// cancels to 0 still counts as reached. (Products of tiny numbers that round to -0.0 do not.)
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
    std::int32_t* list;  // room for every addition, and 1
    std::int64_t listed;
};

// sums[column] += weight * value over all runs, in order: over the whole row of each, or only what comes after it. The
// columns of a row are distinct. Looks ahead: past the last run must be knn_ahead more.
inline constexpr int knn_ahead = 4;
inline constexpr int knn_vector = 16;  // floats in the widest register
template <class Column>
using KnnAdd = void (*)(KnnSums&, const KnnRows<Column>&, const KnnRun* runs, std::int64_t n_runs, bool whole);

// The rows once more, as bits: one for each of the last columns.
struct KnnBits {
    const std::uint8_t* rows;
    std::int64_t stride;  // bytes of a row
};

// Sums over the runs' rows, where they hold a column, for the columns from `first` on: sums[column] += their weights in
// order, or how many there are. None leave knn_untouched.
using KnnSumBits = void (*)(const KnnBits&, const KnnRun* runs, std::int64_t n_runs, std::int64_t first, float* sums);

// How bits are summed, and what that wants. Of 8 * bytes columns, the c-th is bit c / bytes of byte c % bytes.
struct KnnBitSums {
    KnnSumBits sum;
    int bytes;
    int unit;           // the bytes of a row are a multiple of
    int one_in;         // pays for columns that are in one of so many rows, or more
    int per_addition;   // columns of a row that take as long as the addition of one entry
    std::int64_t most;  // bytes of all rows that it pays for
};

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

// Several neighbouring columns ("lanes", as many as a register holds floats) summed at once. Where they share most of
// their rows, one pass over such a row serves them all.
struct KnnBlock {
    float* sums;                 // (columns - origin) x lanes, knn_untouched between blocks
    std::int64_t origin;         // the first column that has sums
    float* weights;              // rows x lanes: of the block's entries; knn_untouched elsewhere and between blocks
    const std::int32_t* before;  // by row: entries before the block's first
    const std::int32_t* rows;    // those that hold any of the columns, ascending, and knn_ahead more
    std::int64_t n_rows;
};

// sums[column][lane] += weight[lane] * value over what comes after the block's first entry in each row; for pairs
// within the block, only those of a lane with a later column are meaningful. Clears the weights. Requires values >= 0:
// a lane without an entry adds -0.0 * value, which leaves an untouched sum untouched.
template <class Column>
using KnnAddBlock = void (*)(const KnnBlock&, const KnnRows<Column>&);

// A scan over the columns [begin, end) that a block reached, like KnnScan for each lane.
struct KnnBlockScan {
    // per column
    const float* p;
    const float* q;
    const float* floor;
    const std::int32_t* ids;
    float shrinkage;
    // the block
    std::int32_t first;  // column of lane 0
    std::int64_t begin;  // raised as the scan goes
    std::int64_t end;
    // out, per lane: stops early when one of `own` is full
    float own_floor[knn_vector];
    KnnKey* own[knn_vector];
    std::int64_t own_size[knn_vector];
    std::int64_t own_capacity;
    KnnOffer* sent;  // room for a register's lanes per column scanned
    std::int64_t sent_size;
};

using KnnBlockScanFn = void (*)(const KnnBlock&, KnnBlockScan&);

// Column numbers of 2 bytes, where they fit, halve what an addition reads.
template <class Column>
struct KnnAddKernels {
    KnnAdd<Column> pattern[knn_modes];
    KnnAdd<Column> weighted[knn_modes];
    KnnAddBlock<Column> block_pattern;
    KnnAddBlock<Column> block_weighted;
};

struct KnnKernels {
    KnnAddKernels<std::uint16_t> add16;
    KnnAddKernels<std::int32_t> add32;
    KnnScanFn scan[knn_scores][knn_modes];
    KnnBlockScanFn scan_block[knn_scores];
    int lanes;           // of a block
    KnnBitSums count;    // where every row weighs 1
    KnnBitSums weights;  // requires finite weights >= 0
};

}  // namespace tastemaker::simd
