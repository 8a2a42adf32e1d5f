// Y^T Y by tiles of the result and chunks of the rows, summed in a fixed order: fp32 within 256 rows, fp64 beyond, as
// on the CPU (als/gram.hpp).
#pragma once

#include "cuda/storage.cuh"

namespace tastemaker::cuda {

template <class T>
struct GramArguments {
    const T* y;
    std::int64_t rows;
    int size;
    int chunks;
    double* parts;  // chunks x size x size; only tiles on and above the diagonal are written
};

inline constexpr int gram_panel = 32;  // rows of Y in shared memory at a time
inline constexpr int gram_exact = 256;

// Grid: (tiles on and above the diagonal) x chunks; (edge / 4)^2 threads; shared memory for 2 x gram_panel x edge
// floats.
template <class T, int edge>
class GramTile {
public:
    static constexpr int threads = edge * edge / 16;
    static constexpr int shared_bytes = 2 * gram_panel * edge * 4;

    TASTEMAKER_DEVICE explicit GramTile(const GramArguments<T>& a) : a_(a) {
        const int tiles = a.size / edge;
        int tile = block_index() % (tiles * (tiles + 1) / 2);
        for (first_ = 0; tile >= tiles - first_; ++first_) {
            tile -= tiles - first_;
        }
        second_ = first_ + tile;
        chunk_ = block_index() / (tiles * (tiles + 1) / 2);
    }

    TASTEMAKER_DEVICE void run() {
        double sums[4][4] = {};
        const std::int64_t begin = bound(chunk_), end = bound(chunk_ + 1);
        for (std::int64_t exact = begin; exact < end; exact += gram_exact) {
            float part[4][4] = {};
            const std::int64_t last = exact + gram_exact < end ? exact + gram_exact : end;
            for (std::int64_t row = exact; row < last; row += gram_panel) {
                copy(left(), first_, row, last);
                copy(right(), second_, row, last);
                sync_block();
                multiply(part);
                sync_block();  // before the next panel
            }
            TASTEMAKER_UNROLL
            for (int i = 0; i < 16; ++i) {
                sums[i / 4][i % 4] += static_cast<double>(part[i / 4][i % 4]);
            }
        }
        double* out = a_.parts + std::int64_t{chunk_} * a_.size * a_.size;
        for (int i = 0; i < 4; ++i) {
            for (int j = 0; j < 4; ++j) {
                out[std::int64_t{first_ * edge + row() + i} * a_.size + second_ * edge + column() + j] = sums[i][j];
            }
        }
    }

private:
    TASTEMAKER_DEVICE std::int64_t bound(int chunk) const {
        const std::int64_t exact = (a_.rows + gram_exact - 1) / gram_exact * chunk / a_.chunks * gram_exact;
        return exact < a_.rows ? exact : a_.rows;
    }
    TASTEMAKER_DEVICE static float* left() { return reinterpret_cast<float*>(shared_memory()); }
    TASTEMAKER_DEVICE static float* right() { return left() + gram_panel * edge; }
    TASTEMAKER_DEVICE static int row() { return thread_index() / (edge / 4) * 4; }
    TASTEMAKER_DEVICE static int column() { return thread_index() % (edge / 4) * 4; }

    TASTEMAKER_DEVICE void copy(float* panel, int tile, std::int64_t from, std::int64_t last) const {
        for (int i = thread_index(); i < gram_panel * edge; i += threads) {
            const std::int64_t row = from + i / edge;
            panel[i] = row < last ? to_float(a_.y[row * a_.size + tile * edge + i % edge]) : 0.0f;
            tally_bytes(row < last ? std::int64_t{sizeof(T)} : 0);
        }
    }

    TASTEMAKER_DEVICE void multiply(float (&part)[4][4]) const {
        for (int t = 0; t < gram_panel; ++t) {
            const float* a = left() + t * edge + row();
            const float* b = right() + t * edge + column();
            TASTEMAKER_UNROLL
            for (int i = 0; i < 16; ++i) {
                part[i / 4][i % 4] += a[i / 4] * b[i % 4];
            }
        }
        tally_flops(32 * gram_panel);
    }

    const GramArguments<T>& a_;
    int first_ = 0, second_ = 0, chunk_ = 0;
};

template <class T, int edge>
TASTEMAKER_KERNEL(edge* edge / 16)
gram_parts(GramArguments<T> a) {
    GramTile<T, edge>(a).run();
}

// Sets out (size x size) to the sum of the chunks' parts, mirrored.
template <int edge>
TASTEMAKER_KERNEL(256)
gram_sum(const double* parts, int chunks, int size, double* out) {
    const int at = block_index() * block_threads() + thread_index();
    if (at < size * size) {
        const int i = at / size, j = at % size;
        const std::int64_t from = i / edge <= j / edge ? at : j * size + i;
        double sum = 0;
        for (int chunk = 0; chunk < chunks; ++chunk) {
            sum += parts[std::int64_t{chunk} * size * size + from];
        }
        out[at] = sum;
    }
}

}  // namespace tastemaker::cuda
