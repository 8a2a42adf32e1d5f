// What the handles of engine.hpp hold, and the choice of a kernel by width and storage.
#pragma once

#include <type_traits>
#include <variant>
#include <vector>

#include "cuda/runtime.cuh"
#include "cuda/storage.cuh"

namespace tastemaker::cuda {

struct Table::Parts {
    offset_t rows;
    index_t factors;
    int size;  // of a row on the device
    std::variant<Memory<float>, Memory<Float16>, Memory<Bfloat16>> memory;

    template <class T>
    T* data() const {
        return std::get<Memory<T>>(memory).data();
    }
};

// Rows that are on the device together, and in which order to do them: the longest first, `heavy` of them so long that
// a row is worth a block.
struct RowBlock {
    offset_t first, entries;  // the entries [first, first + entries)
    index_t begin, count;     // in `order`
    index_t heavy;
};

struct Matrix::Parts {
    CsrView csr;
    als::Problem problem;
    std::vector<RowBlock> blocks;
    Memory<std::int64_t> indptr;
    Memory<std::int32_t> order;
    Memory<float> ridges;
    Memory<std::int32_t> indices;  // of the only block
    Memory<float> values;
};

// Calls fn(T{}) with the type of the table's elements.
template <class Fn>
void with_storage(const Table::Parts& table, Fn fn) {
    std::visit([&](const auto& memory) { fn(std::remove_pointer_t<decltype(memory.data())>{}); }, table.memory);
}

// Calls fn(V) with the number of factors of type T per lane, as a constant.
template <class T, class Fn>
void with_width(int size, Fn fn) {
    bool found = false;
    const auto at = [&]<int V>([[maybe_unused]] std::integral_constant<int, V> width) {
        if constexpr (built<sizeof(T), V>) {
            if (size == 32 * V) {
                found = true;
                fn(width);
            }
        }
    };
    at(std::integral_constant<int, 1>{});
    at(std::integral_constant<int, 2>{});
    at(std::integral_constant<int, 4>{});
    at(std::integral_constant<int, 8>{});
    at(std::integral_constant<int, 16>{});
    at(std::integral_constant<int, 32>{});
    require(found, "this build has no kernels for so many factors");
}

inline offset_t blocks_for(offset_t work, offset_t per_block) {
    return (work + per_block - 1) / per_block;
}

}  // namespace tastemaker::cuda
