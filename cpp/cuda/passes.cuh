// One pass of kernels over the rows of a matrix, block by block. While a block is computed on one stream, the next one
// is copied on the other.
#pragma once

#include "cuda/rows.cuh"
#include "cuda/tables.cuh"

namespace tastemaker::cuda {

class Pass {
public:
    static constexpr int heavy_warps = 8;

    explicit Pass(const Matrix::Parts& matrix)
        : matrix_(matrix), queues_(2 * static_cast<offset_t>(matrix.blocks.size())), flags_(2) {
        queues_.fill_zero(streams_[0]);
        flags_.fill_zero(streams_[0]);
        streams_[0].wait();
        if (matrix.blocks.size() > 1) {
            offset_t most = 0;
            for (const RowBlock& block : matrix.blocks) {
                most = std::max(most, block.entries);
            }
            for (Buffer& buffer : buffers_) {
                buffer.indices = Memory<std::int32_t>(most);
                buffer.values = Memory<float>(matrix.csr.values ? most : 0);
            }
        }
    }

    // Calls run(rows, queue, heavy, stream) for the heavy and the light rows of each block, then waits.
    template <class Fn>
    void run(Fn fn) {
        int* queue = queues_.data();
        for (std::size_t k = 0; k < matrix_.blocks.size(); ++k) {
            const RowBlock& block = matrix_.blocks[k];
            const Stream& stream = streams_[k % 2];
            Rows rows = on_device(block, k % 2);
            rows.order = matrix_.order.data() + block.begin;
            rows.count = block.heavy;
            fn(rows, queue++, true, stream);
            rows.order += block.heavy;
            rows.count = block.count - block.heavy;
            fn(rows, queue++, false, stream);
        }
        for (const Stream& stream : streams_) {
            stream.wait();
        }
    }

    int* flag(int which) const { return flags_.data() + which; }
    bool raised(int which) const {
        int flags[2];
        flags_.download(flags, 2, streams_[0]);
        return flags[which] != 0;
    }

private:
    struct Buffer {
        Memory<std::int32_t> indices;
        Memory<float> values;
    };

    Rows on_device(const RowBlock& block, std::size_t which) const {
        Rows rows{matrix_.indptr.data(), matrix_.indices.data(), matrix_.values.data(), 0, nullptr, 0,
                  matrix_.ridges.data()};
        if (matrix_.blocks.size() > 1) {
            const Buffer& buffer = buffers_[which];
            buffer.indices.upload(matrix_.csr.indices + block.first, block.entries, streams_[which]);
            if (matrix_.csr.values) {
                buffer.values.upload(matrix_.csr.values + block.first, block.entries, streams_[which]);
            }
            rows.indices = buffer.indices.data();
            rows.values = buffer.values.data();
            rows.first = block.first;
        }
        return rows;
    }

    const Matrix::Parts& matrix_;
    Stream streams_[2];
    Memory<int> queues_;
    Memory<int> flags_;
    Buffer buffers_[2];
};

// Blocks that keep the device busy: a queue hands out the rows.
inline offset_t blocks_of(offset_t rows, offset_t rows_per_block, int per_processor) {
    return std::min(blocks_for(rows, rows_per_block), offset_t{device_limits().processors} * per_processor);
}

}  // namespace tastemaker::cuda
