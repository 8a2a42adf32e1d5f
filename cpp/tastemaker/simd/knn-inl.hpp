// Bodies of the knn kernels, compiled once per level (see isa.cpp).
#include <cstring>

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
struct TouchMarks {
    static void touch(KnnSums& s, std::int32_t column) { s.marks[column / knn_block] = 1; }
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

template <class Touch, class Column>
inline void add_run(KnnSums& s, const Column* columns, const float*, std::int64_t n, float weight, PatternRun) {
    for (std::int64_t k = 0; k < n; ++k) {
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

template <class Touch, class Column, class Kind>
void add_runs(KnnSums& target, const Column* columns, const float* values, const KnnRun* runs, std::int64_t n_runs) {
    KnnSums s = target;  // a local copy lets the compiler keep the pointers in registers
    for (std::int64_t r = 0; r < n_runs; ++r) {
        prefetch(columns + runs[r + knn_ahead].begin);
        if (Kind::weighted) {
            prefetch(values + runs[r + knn_ahead].begin);
        }
        const KnnRun run = runs[r];
        add_run<Touch>(s, columns + run.begin, Kind::weighted ? values + run.begin : values, run.length, run.weight,
                       Kind());
    }
    target.listed = s.listed;
}

// ---- score: each returns the row's score and the column's; the row's constants are broadcast once per scan

struct CosineScore {
    static constexpr bool symmetric = true;
    vf p_row, q_row, shrinkage;
    CosineScore(const KnnScan& s)
        : p_row(broadcast(s.p[s.row])), q_row(broadcast(-s.q[s.row])), shrinkage(broadcast(s.shrinkage)) {}
    vf row_score(vf sum, vf p, vf q) const { return div(fma(q_row, q, sum), fma(p_row, p, shrinkage)); }
    vf column_score(vf sum, vf p, vf q) const { return row_score(sum, p, q); }
};

struct JaccardScore {
    static constexpr bool symmetric = true;
    vf p_row, shrinkage;
    JaccardScore(const KnnScan& s) : p_row(broadcast(s.p[s.row])), shrinkage(broadcast(s.shrinkage)) {}
    vf row_score(vf sum, vf p, vf) const { return div(sum, add(sub(add(p_row, p), sum), shrinkage)); }
    vf column_score(vf sum, vf p, vf q) const { return row_score(sum, p, q); }
};

struct ProductScore {
    static constexpr bool symmetric = false;
    vf p_row, q_row;
    ProductScore(const KnnScan& s) : p_row(broadcast(s.p[s.row])), q_row(broadcast(s.q[s.row])) {}
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
    own &= touched;
    sent &= touched;
    float scores[vf::width];
    store(scores, row_score);
    for (; own; own &= own - 1) {
        const int lane = lowest_bit(own);
        s.own[s.own_size++] = {s.ids[column(lane)], scores[lane]};
    }
    if (!Score::symmetric) {
        store(scores, column_score);
    }
    for (; sent; sent &= sent - 1) {
        const int lane = lowest_bit(sent);
        s.sent[s.sent_size++] = {column(lane), scores[lane]};
    }
}

inline bool has_room(const KnnScan& s) {
    return s.own_size + vf::width <= s.own_capacity;
}

// Scans the block of columns that starts at `first`, from its end.
template <class Score>
inline void scan_vector(const Score& score, KnnSums& sums, KnnScan& s, std::int64_t first) {
    float* at = sums.sums + first;
    const vf sum = load(at);
    store(at, broadcast(knn_untouched));
    pick(score, s, sum, load(s.p + first), load(s.q + first), load(s.floor + first),
         [=](int lane) { return static_cast<std::int32_t>(first + lane); });
}

template <class Score>
void scan_dense(KnnSums& sums, KnnScan& scan) {
    KnnScan s = scan;
    const Score score(s);
    for (; s.end > s.begin && has_room(s); s.end -= vf::width) {
        scan_vector(score, sums, s, s.end - vf::width);
    }
    scan = s;
}

// Eight marks at a time: most are 0 in this mode.
inline bool any_mark(const std::uint8_t* marks) {
    std::uint64_t word;
    std::memcpy(&word, marks, sizeof word);
    return word != 0;
}

template <class Score>
void scan_marks(KnnSums& sums, KnnScan& scan) {
    KnnScan s = scan;
    const Score score(s);
    while (s.end > s.begin) {
        const std::int64_t block = (s.end - 1) / knn_block;
        if (block % 8 == 7 && !any_mark(sums.marks + block - 7)) {
            s.end = (block - 7) * knn_block;
            continue;
        }
        if (sums.marks[block]) {
            for (; s.end > block * knn_block; s.end -= vf::width) {
                if (!has_room(s)) {
                    scan = s;
                    return;
                }
                scan_vector(score, sums, s, s.end - vf::width);
            }
            sums.marks[block] = 0;
        } else {
            s.end = block * knn_block;
        }
    }
    scan = s;
}

// Gathers the listed columns into vectors; a last incomplete one is filled up with untouched sums.
template <class Score>
void scan_list(KnnSums& sums, KnnScan& scan) {
    KnnScan s = scan;
    const Score score(s);
    while (s.end > s.begin && has_room(s)) {
        const std::int64_t first = s.end - vf::width > s.begin ? s.end - vf::width : s.begin;
        const std::int32_t* columns = sums.list + first;
        float sum[vf::width], p[vf::width], q[vf::width], floor[vf::width];
        for (int lane = 0; lane < vf::width; ++lane) {
            const bool listed = first + lane < s.end;
            const std::int32_t column = columns[listed ? lane : 0];
            sum[lane] = listed ? sums.sums[column] : knn_untouched;
            p[lane] = s.p[column];
            q[lane] = s.q[column];
            floor[lane] = s.floor[column];
        }
        for (std::int64_t k = first; k < s.end; ++k) {
            sums.sums[sums.list[k]] = knn_untouched;
        }
        s.end = first;
        pick(score, s, load(sum), load(p), load(q), load(floor), [=](int lane) { return columns[lane]; });
    }
    sums.listed = s.end;
    scan = s;
}

template <class Column>
constexpr KnnAddKernels<Column> knn_add_kernels() {
    return {
        {add_runs<TouchNothing, Column, PatternRun>, add_runs<TouchMarks, Column, PatternRun>,
         add_runs<TouchList, Column, PatternRun>},
        {add_runs<TouchNothing, Column, WeightedRun>, add_runs<TouchMarks, Column, WeightedRun>,
         add_runs<TouchList, Column, WeightedRun>},
    };
}

constexpr KnnKernels knn_kernels() {
    return {
        knn_add_kernels<std::uint16_t>(),
        knn_add_kernels<std::int32_t>(),
        {
            {scan_dense<CosineScore>, scan_marks<CosineScore>, scan_list<CosineScore>},
            {scan_dense<JaccardScore>, scan_marks<JaccardScore>, scan_list<JaccardScore>},
            {scan_dense<ProductScore>, scan_marks<ProductScore>, scan_list<ProductScore>},
        },
    };
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
