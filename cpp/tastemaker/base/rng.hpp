// Random numbers that are a pure function of what they are for, never of the thread or of what was drawn before.
#pragma once

#include "tastemaker/base/types.hpp"

namespace tastemaker {

// A bijection of 64 bits whose output passes for random (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
// Generators, 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

inline constexpr std::uint64_t golden = 0x9E3779B97F4A7C15ull;  // 2^64 / the golden ratio, odd

// Returns the key of part `part` of `key`: an epoch of a seed, an example of an epoch.
constexpr std::uint64_t subkey(std::uint64_t key, std::uint64_t part) {
    return mix(key + (part + 1) * golden);
}

// Maps 64 random bits to [0, n): x n / 2^64 by halves, with a bias below 2^-32.
constexpr std::uint64_t scale_to(std::uint64_t x, std::uint64_t n) {
    const std::uint64_t high = x >> 32;
    const std::uint64_t low = x & 0xFFFFFFFFull;
    const std::uint64_t n_high = n >> 32;
    const std::uint64_t n_low = n & 0xFFFFFFFFull;
    return high * n_high + ((high * n_low) >> 32) + ((low * n_high) >> 32);
}

// Numbers 0, 1, 2, ... of a key.
class Draws {
public:
    explicit Draws(std::uint64_t key) : key_(key) {}

    // Returns 64 random bits.
    std::uint64_t bits() {
        key_ += golden;
        return mix(key_);
    }

    // Returns a number in [0, n); requires n > 0.
    offset_t below(offset_t n) { return static_cast<offset_t>(scale_to(bits(), static_cast<std::uint64_t>(n))); }

    // Leaves out the next numbers.
    void skip(offset_t count) { key_ += static_cast<std::uint64_t>(count) * golden; }

private:
    std::uint64_t key_;
};

// A random order of [0, n) that is computed, not stored: three rounds of a bijection on the smallest power of two that
// holds n, repeated while it leads outside, on average less than once.
class RandomOrder {
public:
    RandomOrder(offset_t n, std::uint64_t key) : n_(static_cast<std::uint64_t>(n)) {
        int bits = 1;
        while ((std::uint64_t{1} << bits) < n_) {
            ++bits;
        }
        mask_ = (std::uint64_t{1} << bits) - 1;
        shift_ = (bits + 1) / 2;
        for (int round = 0; round < 3; ++round) {
            add_[round] = subkey(key, static_cast<std::uint64_t>(2 * round));
            multiply_[round] = subkey(key, static_cast<std::uint64_t>(2 * round + 1)) | 1;
        }
    }

    // Returns what comes at place i; requires 0 <= i < n.
    offset_t operator()(offset_t i) const {
        auto x = static_cast<std::uint64_t>(i);
        do {
            for (int round = 0; round < 3; ++round) {
                x = ((x + add_[round]) * multiply_[round]) & mask_;
                x ^= x >> shift_;
            }
        } while (x >= n_);
        return static_cast<offset_t>(x);
    }

private:
    std::uint64_t n_;
    std::uint64_t mask_ = 0;
    int shift_ = 0;
    std::uint64_t add_[3] = {};
    std::uint64_t multiply_[3] = {};
};

}  // namespace tastemaker
