// Likes: which items each user likes, with a test that hardly ever reads the list.
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "tastemaker/base/prefetch.hpp"
#include "tastemaker/base/views.hpp"

namespace tastemaker::sgd {

// Each user has a small set of bits. Where that takes at most 32 bits per like there is one bit for each item. Else
// there are 8 to 16 bits per like, one set for each item liked: of ten items that are not liked, nine are told by one
// bit, and only the tenth needs a search of the list.
class Likes {
public:
    // `csr` must outlive this; its values are not looked at.
    explicit Likes(const CsrView& csr) : csr_(csr), start_(static_cast<std::size_t>(csr.rows) + 1) {
        for (index_t user = 0; user < csr.rows; ++user) {
            start_[index(user) + 1] = start_[index(user)] + words_for(csr.length(user));
        }
        bits_.resize(static_cast<std::size_t>(start_.back()));
        for (index_t user = 0; user < csr.rows; ++user) {
            for (const index_t item : csr.row(user).indices) {
                const std::uint32_t bit = bit_of(user, item);
                bits_[word(user, bit)] |= std::uint64_t{1} << (bit % 64);
            }
        }
    }

    bool contains(index_t user, index_t item) const {
        const std::uint32_t bit = bit_of(user, item);
        const bool maybe = bits_[word(user, bit)] >> (bit % 64) & 1;
        if (!maybe || exact(words(user))) {
            return maybe;
        }
        const auto liked = csr_.row(user).indices;
        return std::binary_search(liked.begin(), liked.end(), item);
    }

    // Starts fetching the bit that contains() looks at.
    void fetch(index_t user, index_t item) const { prefetch(&bits_[word(user, bit_of(user, item))], 1); }

    const CsrView& csr() const { return csr_; }

private:
    static std::size_t index(index_t user) { return static_cast<std::size_t>(user); }

    offset_t words_for(offset_t likes) const {
        const offset_t all = (csr_.cols + 63) / 64;
        const auto some = static_cast<offset_t>(std::bit_ceil(static_cast<std::uint64_t>((likes + 7) / 8)));
        return all <= std::max(some, likes / 2) ? all : some;
    }
    offset_t words(index_t user) const { return start_[index(user) + 1] - start_[index(user)]; }
    bool exact(offset_t words) const { return words * 64 >= csr_.cols; }

    // The item itself, or Fibonacci hashing to as many bits as the user has.
    std::uint32_t bit_of(index_t user, index_t item) const {
        const offset_t words = this->words(user);
        if (exact(words)) {
            return static_cast<std::uint32_t>(item);
        }
        const int log2 = 6 + std::countr_zero(static_cast<std::uint64_t>(words));
        return static_cast<std::uint32_t>(static_cast<std::uint32_t>(item) * 0x9E3779B1u >> std::max(32 - log2, 0));
    }
    std::size_t word(index_t user, std::uint32_t bit) const {
        return static_cast<std::size_t>(start_[index(user)]) + bit / 64;
    }

    CsrView csr_;
    std::vector<offset_t> start_;  // where the words of each user begin; a power of two of them unless exact
    std::vector<std::uint64_t> bits_;
};

}  // namespace tastemaker::sgd
