// Bodies of the knn kernels, compiled once per level (see isa.cpp).
#include <cstring>

#include "tastemaker/simd/bit_weights-inl.hpp"
#include "tastemaker/simd/counts-inl.hpp"
#include "tastemaker/simd/knn_kernels.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

// ---- accumulate: bound by one load-add-store per entry, about a cycle each when the sums stay in L1 or L2

struct PatternRun {
    static constexpr bool weighted = false;
};
struct WeightedRun {
    static constexpr bool weighted = true;
};

struct TouchNothing {
    static void touch(KnnSums&, std::int32_t) {}
};
inline bool is_untouched(float sum) {
    std::uint32_t bits;
    std::memcpy(&bits, &sum, sizeof bits);
    return bits == 0x80000000u;
}

struct TouchList {
    // Always writes, and keeps the entry only if the column is new: no branch to mispredict.
    static void touch(KnnSums& s, std::int32_t column) {
        s.list[s.listed] = column;
        s.listed += is_untouched(s.sums[column]);
    }
};

template <class Touch>
inline void add_one(KnnSums& s, std::int32_t column, float x) {
    Touch::touch(s, column);
    s.sums[column] += x;
}

// Eight at a time: the loop itself would cost as much as an addition.
template <class Touch, class Column>
inline void add_run(KnnSums& s, const Column* columns, const float*, std::int64_t n, float weight, PatternRun) {
    std::int64_t k = 0;
    for (; k + 8 <= n; k += 8) {
        for (int lane = 0; lane < 8; ++lane) {
            add_one<Touch>(s, columns[k + lane], weight);
        }
    }
    for (; k < n; ++k) {
        add_one<Touch>(s, columns[k], weight);
    }
}

// Multiplies a vector at a time: fewer instructions per entry, and the same rounding at every level.
template <class Touch, class Column>
inline void add_run(KnnSums& s, const Column* columns, const float* values, std::int64_t n, float weight, WeightedRun) {
    const vf w = broadcast(weight);
    float products[vf::width];
    std::int64_t k = 0;
    for (; k + vf::width <= n; k += vf::width) {
        store(products, mul(w, load(values + k)));
        for (int lane = 0; lane < vf::width; ++lane) {
            add_one<Touch>(s, columns[k + lane], products[lane]);
        }
    }
    store(products, mul(w, load(values + k)));
    for (int lane = 0; lane < n - k; ++lane) {
        add_one<Touch>(s, columns[k + lane], products[lane]);
    }
}

template <class T>
inline void prefetch_all(const T* first, const T* last) {
    constexpr int line = 64 / sizeof(T);
    for (; first < last; first += line) {
        prefetch(first);
    }
}

// What follows `first` in a row that ends at `last`.
template <class Kind, class Column>
inline void prefetch_row(const KnnRows<Column>& rows, std::int64_t first, std::int64_t last) {
    last = last - first < rows.prefetched ? last : first + rows.prefetched;
    prefetch_all(rows.columns + first, rows.columns + last);
    if (Kind::weighted) {
        prefetch_all(rows.values + first, rows.values + last);
    }
}

template <class Touch, class Column, class Kind>
void add_runs(KnnSums& target, const KnnRows<Column>& source, const KnnRun* runs, std::int64_t n_runs, bool whole) {
    KnnSums s = target;  // local copies let the compiler keep the pointers in registers
    const KnnRows<Column> rows = source;
    for (std::int64_t r = 0; r < n_runs; ++r) {
        const KnnRun next = runs[r + knn_ahead];
        prefetch_row<Kind>(rows, rows.start[next.row] + (whole ? 0 : next.before), rows.end[next.row]);
        const KnnRun run = runs[r];
        const std::int64_t first = rows.start[run.row] + (whole ? 0 : run.before + 1);
        add_run<Touch>(s, rows.columns + first, Kind::weighted ? rows.values + first : nullptr,
                       rows.end[run.row] - first, run.weight, Kind());
    }
    target.listed = s.listed;
}

// ---- score: made with the constants of the row or rows; returns the row's score and the column's

struct CosineScore {
    static constexpr bool symmetric = true;
    vf p_row, q_row, shrinkage;
    CosineScore(vf p, vf q, float extra) : p_row(p), q_row(sub(zero(), q)), shrinkage(broadcast(extra)) {}
    vf row_score(vf sum, vf p, vf q) const { return div(fma(q_row, q, sum), fma(p_row, p, shrinkage)); }
    vf column_score(vf sum, vf p, vf q) const { return row_score(sum, p, q); }
};

struct JaccardScore {
    static constexpr bool symmetric = true;
    vf p_row, shrinkage;
    JaccardScore(vf p, vf, float extra) : p_row(p), shrinkage(broadcast(extra)) {}
    vf row_score(vf sum, vf p, vf) const { return div(sum, add(sub(add(p_row, p), sum), shrinkage)); }
    vf column_score(vf sum, vf p, vf q) const { return row_score(sum, p, q); }
};

struct ProductScore {
    static constexpr bool symmetric = false;
    vf p_row, q_row;
    ProductScore(vf p, vf q, float) : p_row(p), q_row(q) {}
    vf row_score(vf sum, vf, vf q) const { return mul(mul(sum, p_row), q); }
    vf column_score(vf sum, vf p, vf) const { return mul(mul(sum, p), q_row); }
};

// ---- select

inline int lowest_bit(std::uint32_t mask) {
#if defined(_MSC_VER) && !defined(__clang__)
    unsigned long bit;
    _BitScanForward(&bit, mask);
    return static_cast<int>(bit);
#else
    return __builtin_ctz(mask);
#endif
}

// Picks among vf::width columns: column(lane) names them, their sums and constants are given.
template <class Score, class Column>
inline void pick(const Score& score, KnnScan& s, vf sum, vf p, vf q, vf floor, Column column) {
    const vf row_score = score.row_score(sum, p, q);
    const vf column_score = Score::symmetric ? row_score : score.column_score(sum, p, q);
    std::uint32_t own = greater_equal(row_score, broadcast(s.own_floor));
    std::uint32_t sent = greater_equal(column_score, floor);
    if ((own | sent) == 0) {
        return;
    }
    const std::uint32_t touched = ~same_bits(sum, broadcast(knn_untouched));
    float scores[vf::width];
    store(scores, row_score);
    for (own &= touched; own; own &= own - 1) {
        const int lane = lowest_bit(own);
        s.own[s.own_size] = knn_key(s.ids[column(lane)], scores[lane]);
        s.own_size += column(lane) != s.row;
    }
    if (!Score::symmetric) {
        store(scores, column_score);
    }
    for (sent &= touched; sent; sent &= sent - 1) {
        const int lane = lowest_bit(sent);
        s.sent[s.sent_size] = {column(lane), knn_key(s.ids[s.row], scores[lane])};
        s.sent_size += column(lane) > s.row;
    }
}

inline bool has_room(const KnnScan& s) {
    return s.own_size + knn_chunk <= s.own_capacity;
}

template <class Score>
void scan_dense(KnnSums& sums, KnnScan& scan) {
    KnnScan s = scan;
    const Score score(broadcast(s.p[s.row]), broadcast(s.q[s.row]), s.shrinkage);
    for (; s.begin < s.end && has_room(s); s.begin += vf::width) {
        const std::int64_t first = s.begin;
        const vf sum = load(sums.sums + first);
        store(sums.sums + first, broadcast(knn_untouched));
        pick(score, s, sum, load(s.p + first), load(s.q + first), load(s.floor + first),
             [=](int lane) { return static_cast<std::int32_t>(first + lane); });
    }
    scan = s;
}

// Gathers a chunk of listed columns, then scans it; a last incomplete vector is filled up with untouched sums. (Vectors
// that load what was just stored element by element would stall; a chunk later the stores have drained.)
template <class Score>
void scan_list(KnnSums& sums, KnnScan& scan) {
    KnnScan s = scan;
    const Score score(broadcast(s.p[s.row]), broadcast(s.q[s.row]), s.shrinkage);
    float sum[knn_chunk], p[knn_chunk], q[knn_chunk], floor[knn_chunk];
    while (s.begin < s.end && has_room(s)) {
        const std::int32_t* columns = sums.list + s.begin;
        const auto n = static_cast<int>(s.end - s.begin < knn_chunk ? s.end - s.begin : knn_chunk);
        for (int k = 0; k < n; ++k) {
            const std::int32_t column = columns[k];
            sum[k] = sums.sums[column];
            sums.sums[column] = knn_untouched;
            p[k] = s.p[column];
            q[k] = s.q[column];
            floor[k] = s.floor[column];
        }
        for (int k = n; k % vf::width != 0; ++k) {
            sum[k] = p[k] = q[k] = floor[k] = knn_untouched;
        }
        for (int k = 0; k < n; k += vf::width) {
            pick(score, s, load(sum + k), load(p + k), load(q + k), load(floor + k),
                 [=](int lane) { return columns[k + lane]; });
        }
        s.begin += n;
    }
    scan = s;
}

// ---- blocks of columns

inline void add_lanes(float* sums, const float*, std::int64_t, vf weight, PatternRun) {
    store(sums, add(load(sums), weight));
}

inline void add_lanes(float* sums, const float* values, std::int64_t k, vf weight, WeightedRun) {
    store(sums, fma(broadcast(values[k]), weight, load(sums)));
}

template <class Column, class Kind>
void add_block(const KnnBlock& block, const KnnRows<Column>& source) {
    constexpr int unroll = 4;
    const KnnBlock b = block;  // local copies let the compiler keep the pointers in registers
    const KnnRows<Column> rows = source;
    float* const origin = b.sums - b.origin * vf::width;
    for (std::int64_t r = 0; r < b.n_rows; ++r) {
        const std::int32_t next = b.rows[r + knn_ahead];
        prefetch_row<Kind>(rows, rows.start[next] + b.before[next], rows.end[next]);
        const std::int32_t row = b.rows[r];
        float* weights = b.weights + std::int64_t{row} * vf::width;
        const vf weight = load(weights);
        store(weights, broadcast(knn_untouched));
        const std::int64_t end = rows.end[row];
        std::int64_t k = rows.start[row] + b.before[row] + 1;
        for (; k + unroll <= end; k += unroll) {
            for (int lane = 0; lane < unroll; ++lane) {
                add_lanes(origin + rows.columns[k + lane] * vf::width, rows.values, k + lane, weight, Kind());
            }
        }
        for (; k < end; ++k) {
            add_lanes(origin + rows.columns[k] * vf::width, rows.values, k, weight, Kind());
        }
    }
}

// Picks among the lanes of one column. Returns whether a list of the block's own has become full.
template <class Score>
inline bool pick_lanes(const Score& score, KnnBlockScan& s, vf sum, std::int64_t column) {
    const vf p = broadcast(s.p[column]);
    const vf q = broadcast(s.q[column]);
    const vf row_score = score.row_score(sum, p, q);
    const vf column_score = Score::symmetric ? row_score : score.column_score(sum, p, q);
    std::uint32_t own = greater_equal(row_score, load(s.own_floor));
    std::uint32_t sent = greater_equal(column_score, broadcast(s.floor[column]));
    if ((own | sent) == 0) {
        return false;
    }
    std::uint32_t valid = ~same_bits(sum, broadcast(knn_untouched));
    if (column - s.first < vf::width) {
        valid &= (1u << (column - s.first)) - 1u;  // lanes before the column
    }
    bool full = false;
    float scores[vf::width];
    store(scores, row_score);
    for (own &= valid; own; own &= own - 1) {
        const int lane = lowest_bit(own);
        s.own[lane][s.own_size[lane]++] = knn_key(s.ids[column], scores[lane]);
        full |= s.own_size[lane] == s.own_capacity;
    }
    if (!Score::symmetric) {
        store(scores, column_score);
    }
    for (sent &= valid; sent; sent &= sent - 1) {
        const int lane = lowest_bit(sent);
        s.sent[s.sent_size++] = {static_cast<std::int32_t>(column), knn_key(s.ids[s.first + lane], scores[lane])};
    }
    return full;
}

template <class Score>
void scan_block(const KnnBlock& block, KnnBlockScan& scan) {
    KnnBlockScan s = scan;
    const Score score(load(s.p + s.first), load(s.q + s.first), s.shrinkage);
    bool full = false;
    for (; s.begin < s.end && !full; ++s.begin) {
        float* sums = block.sums + (s.begin - block.origin) * vf::width;
        const vf sum = load(sums);
        store(sums, broadcast(knn_untouched));
        full = pick_lanes(score, s, sum, s.begin);
    }
    scan = s;
}

template <class Column>
constexpr KnnAddKernels<Column> knn_add_kernels() {
    return {
        {add_runs<TouchNothing, Column, PatternRun>, add_runs<TouchList, Column, PatternRun>},
        {add_runs<TouchNothing, Column, WeightedRun>, add_runs<TouchList, Column, WeightedRun>},
        add_block<Column, PatternRun>,
        add_block<Column, WeightedRun>,
    };
}

constexpr KnnKernels knn_kernels() {
    return {
        knn_add_kernels<std::uint16_t>(),
        knn_add_kernels<std::int32_t>(),
        {
            {scan_dense<CosineScore>, scan_list<CosineScore>},
            {scan_dense<JaccardScore>, scan_list<JaccardScore>},
            {scan_dense<ProductScore>, scan_list<ProductScore>},
        },
        {scan_block<CosineScore>, scan_block<JaccardScore>, scan_block<ProductScore>},
        vf::width,
        {.sum = count_bits, .bytes = vb::bytes, .unit = vb::bytes, .one_in = 64, .per_addition = 85, .most = INT64_MAX},
        {.sum = add_bits,
         .bytes = 1,
         .unit = vf::width,
         .one_in = 16,
         .per_addition = vf::width,
         .most = std::int64_t{512} << 10},  // L2
    };
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
