// Sums of rows' weights over the bits of many columns at a time: the sums of a pattern whose rows weigh differently.
//
// A register of columns takes three instructions per row, however many of them the row holds; an entry by itself takes
// as many. So it pays for columns that are in every 16th row or more, as long as the bits stay in L2.
#include "tastemaker/simd/knn_kernels.hpp"
#include "tastemaker/simd/vec-inl.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

#if !defined(TASTEMAKER_LEVEL_AVX512)
// Lanes that are 1 where the bit of their row's number is set, else -0.0: times a weight they are what to add, and
// adding -0.0 leaves a sum as it is.
struct LanesOfBits {
    alignas(64) float rows[1 << vf::width][vf::width];

    constexpr LanesOfBits() : rows() {
        for (int bits = 0; bits < 1 << vf::width; ++bits) {
            for (int lane = 0; lane < vf::width; ++lane) {
                rows[bits][lane] = (bits >> lane & 1) != 0 ? 1.0f : knn_untouched;
            }
        }
    }
};
inline constexpr LanesOfBits lanes_of_bits;
#endif

// Adds the weight to the lanes whose bit is set among the k-th vf::width bits of a row.
inline vf add_where_set(vf sum, vf weight, const std::uint8_t* row, int k) {
#if defined(TASTEMAKER_LEVEL_AVX512)
    std::uint16_t bits;
    std::memcpy(&bits, row + 2 * k, sizeof bits);
    return {_mm512_mask_add_ps(sum.v, bits, sum.v, weight.v)};
#else
    const int bits = (row[k * vf::width / 8] >> (k * vf::width % 8)) & ((1 << vf::width) - 1);
    return fma(weight, load(lanes_of_bits.rows[bits]), sum);
#endif
}

inline void add_bits(const KnnBits& bits, const KnnRun* runs, std::int64_t n_runs, std::int64_t first, float* sums) {
    constexpr int registers = 8;  // so many additions are under way at a time
    constexpr std::int64_t columns = registers * vf::width;
    for (std::int64_t at = first / columns * vf::width; at < bits.stride; at += vf::width) {
        const std::uint8_t* const rows = bits.rows + at;
        vf found[registers];
        for (vf& sum : found) {
            sum = broadcast(knn_untouched);
        }
        for (std::int64_t r = 0; r < n_runs; ++r) {
            prefetch(rows + runs[r + knn_ahead].row * bits.stride);
            const std::uint8_t* row = rows + runs[r].row * bits.stride;
            const vf weight = broadcast(runs[r].weight);
            for (int k = 0; k < registers; ++k) {
                found[k] = add_where_set(found[k], weight, row, k);
            }
        }
        float out[columns];
        for (int k = 0; k < registers; ++k) {
            store(out + k * vf::width, found[k]);
        }
        for (std::int64_t c = first > 8 * at ? first : 8 * at; c < 8 * at + columns; ++c) {
            sums[c] += out[c - 8 * at];
        }
    }
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
