// Bounded selection under the one total order of the project: score descending, then index ascending.
#pragma once

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

#include "tastemaker/base/keep_best.hpp"

namespace tastemaker {

// A candidate as one integer: the greater key is the better candidate. Needs a score that is not NaN.
using rank_key = std::uint64_t;

// Below every candidate's key; reads as index -1 with score NaN, which is how a missing result is padded.
inline constexpr rank_key no_candidate = 0;

inline rank_key make_key(float score, index_t index) {
    // Adding zero turns -0 into +0: equal scores need equal bits. Flipping then makes the bits ascend like the floats.
    const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);
    const std::uint32_t ascending = bits ^ ((bits >> 31) != 0 ? 0xFFFFFFFFu : 0x80000000u);
    return (rank_key{ascending} << 32) | ~static_cast<std::uint32_t>(index);
}

inline float key_score(rank_key key) {
    const auto ascending = static_cast<std::uint32_t>(key >> 32);
    return std::bit_cast<float>(ascending ^ ((ascending >> 31) != 0 ? 0x80000000u : 0xFFFFFFFFu));
}

inline index_t key_index(rank_key key) {
    return static_cast<index_t>(~static_cast<std::uint32_t>(key));
}

// Keeps the k best of a stream of candidates in storage that the caller owns.
//
// A reservoir: candidates are appended, and when the storage is full the k best are kept (a quickselect, linear).
// A heap would pay log k and two mispredicted branches for each candidate that enters.
class TopK {
public:
    // Keys of storage to give for k results. More room saves selections, less keeps the threshold sharp: measured.
    static constexpr offset_t capacity(index_t k) { return offset_t{k} + std::max<offset_t>(k / 2, 12); }

    TopK(rank_key* storage, index_t k) : keys_(storage), k_(k) {}

    // A candidate with a lower score cannot enter; one with this score may, by its index.
    float threshold() const { return threshold_; }

    // Requires a score that is not NaN.
    void push(float score, index_t index) {
        if (size_ == capacity(k_)) {
            shrink();
        }
        keys_[size_++] = make_key(score, index);
    }

    // Raises the threshold if that is possible for the first time; a stream that lets it drop candidates early
    // calls this between pushes.
    void tighten() {
        if (size_ >= k_ && threshold_ == -std::numeric_limits<float>::infinity()) {
            shrink();
        }
    }

    // Sorts what was kept, best first, pads with no_candidate to k keys and returns the first of them.
    const rank_key* finish() {
        if (size_ > k_) {
            shrink();
        }
        std::sort(keys_, keys_ + size_, std::greater<>());
        std::fill(keys_ + size_, keys_ + k_, no_candidate);
        return keys_;
    }

private:
    void shrink() {
        threshold_ = key_score(keep_best({keys_, static_cast<std::size_t>(size_)}, k_));
        size_ = k_;
    }

    rank_key* keys_;
    index_t k_;
    offset_t size_ = 0;
    float threshold_ = -std::numeric_limits<float>::infinity();
};

// Writes n results from k <= n keys; places without a candidate get index -1 and score NaN.
inline void write_results(const rank_key* keys, index_t k, index_t n, index_t* ids, float* scores) {
    for (index_t i = 0; i < n; ++i) {
        const rank_key key = i < k ? keys[i] : no_candidate;
        ids[i] = key_index(key);
        scores[i] = key_score(key);
    }
}

}  // namespace tastemaker
