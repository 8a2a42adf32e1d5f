// Counts of bits, many columns at a time: the sums of a pattern whose every entry weighs 1.
//
// A row's entries in popular columns are bits. To sum rows is then to count, at each place, the bits that are set, and
// a full adder of logical operations does so for a whole register of columns: five of them (two with AVX-512) take a
// bit of three rows to the two bits of their sum. Sixteen rows cost a register of 256 columns some 110 operations; as
// entries, at one in ten, they would cost 400 additions of two to three.
#include "tastemaker/simd/bits-inl.hpp"
#include "tastemaker/simd/knn_kernels.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

// The counts of vb::bytes * 8 columns. Column c of them is bit c / vb::bytes of byte c % vb::bytes.
class BitCounts {
public:
    static constexpr int step = 16;  // rows
    static constexpr int most = 255 * step;

    BitCounts() {
        for (vb& plane : planes_) {
            plane = broadcast_byte(0);
        }
        for (vb& count : sixteens_) {
            count = broadcast_byte(0);
        }
    }

    // Counts sixteen rows; row(k) is the k-th.
    template <class Row>
    void add(Row row) {
        vb carry = rows<planes>(row, 0);
        const vb one = broadcast_byte(1);
        for (vb& count : sixteens_) {
            count = add_bytes(count, bits_and(carry, one));
            carry = shift_right(carry);
        }
    }

    // Adds the counts to sums; 0 is knn_untouched.
    void write(float* __restrict sums) const {
        const vb one = broadcast_byte(1);
        vb left[planes];
        std::memcpy(left, planes_, sizeof left);
        for (const vb& sixteen : sixteens_) {
            vb rest = broadcast_byte(0);
            for (int p = planes - 1; p >= 0; --p) {
                rest = add_bytes(add_bytes(rest, rest), bits_and(left[p], one));
                left[p] = shift_right(left[p]);
            }
            std::uint8_t low[vb::bytes], high[vb::bytes];
            store_bits(low, rest);
            store_bits(high, sixteen);
            for (int k = 0; k < vb::bytes; ++k) {
                sums[k] -= static_cast<float>(-(low[k] + step * high[k]));  // so that 0 leaves -0.0
            }
            sums += vb::bytes;
        }
    }

private:
    static constexpr int planes = 4;  // 2^4 is `step`

    // Adds 2^p rows from the k-th on to the first p planes; returns what is carried out of them.
    template <int p, class Row>
    vb rows(Row row, int k) {
        if constexpr (p == 0) {
            return row(k);
        } else {
            const vb a = rows<p - 1>(row, k);
            const vb b = rows<p - 1>(row, k + (1 << (p - 1)));
            const vb sum = planes_[p - 1];
            planes_[p - 1] = low_bit(a, b, sum);
            return high_bit(a, b, sum);
        }
    }

    vb planes_[planes];  // the counts' bits below 16
    vb sixteens_[8];     // bit k of each byte of a plane is counted in the k-th
};

inline void count_bits(const KnnBits& bits, const KnnRun* runs, std::int64_t n_runs, std::int64_t first, float* sums) {
    constexpr std::int64_t columns = 8 * vb::bytes;
    const std::uint8_t none[vb::bytes] = {};
    for (std::int64_t at = first / columns * vb::bytes; at < bits.stride; at += vb::bytes) {
        float found[columns];
        for (float& sum : found) {
            sum = knn_untouched;
        }
        for (std::int64_t begin = 0; begin < n_runs; begin += BitCounts::most) {
            const std::int64_t end = begin + BitCounts::most < n_runs ? begin + BitCounts::most : n_runs;
            BitCounts counts;
            std::int64_t r = begin;
            for (; r + BitCounts::step <= end; r += BitCounts::step) {
                const KnnRun* run = runs + r;
                counts.add([=](int k) { return load_bits(bits.rows + run[k].row * bits.stride + at); });
            }
            if (r < end) {
                counts.add([&](int k) {
                    return load_bits(r + k < end ? bits.rows + runs[r + k].row * bits.stride + at : none);
                });
            }
            counts.write(found);
        }
        for (std::int64_t c = first > 8 * at ? first : 8 * at; c < 8 * at + columns; ++c) {
            sums[c] += found[c - 8 * at];
        }
    }
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
