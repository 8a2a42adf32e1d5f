// AlignedBuffer: zeroed scratch on cache-line boundaries.
#pragma once

#include <algorithm>
#include <memory>
#include <new>

#include "tastemaker/base/types.hpp"

namespace tastemaker {

// Owns n zeroed elements that start on a 64-byte boundary: one cache line, one AVX-512 register.
template <class T>
class AlignedBuffer {
public:
    static constexpr std::align_val_t alignment{64};

    AlignedBuffer() = default;
    explicit AlignedBuffer(offset_t n)
        : size_(n),
          data_(static_cast<T*>(
              ::operator new(static_cast<std::size_t>(checked_mul(n, static_cast<offset_t>(sizeof(T)))), alignment))) {
        std::fill_n(data_.get(), n, T{});
    }

    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    offset_t size() const { return size_; }
    T& operator[](offset_t i) { return data_.get()[i]; }
    const T& operator[](offset_t i) const { return data_.get()[i]; }
    T* begin() { return data(); }
    T* end() { return data() + size_; }

private:
    struct Free {
        void operator()(T* p) const { ::operator delete(p, alignment); }
    };
    offset_t size_ = 0;
    std::unique_ptr<T[], Free> data_;
};

}  // namespace tastemaker
