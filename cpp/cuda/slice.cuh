// A lane's share of a vector of 32 V factors, and sums over lanes.
#pragma once

#include "cuda/storage.cuh"

namespace tastemaker::cuda {

// Up to four neighbours a lane, so that a warp reads a row in as few and wide pieces as there are.
template <int V>
struct Slice {
    static constexpr int width = V < 4 ? V : 4;
    static_assert(V % width == 0 && width != 3);

    float v[V];

    TASTEMAKER_DEVICE float& operator[](int k) { return v[k]; }
    TASTEMAKER_DEVICE float operator[](int k) const { return v[k]; }
};

template <class T, int width>
struct alignas(width * sizeof(T)) Pack {
    T v[width];
};

// Reads a row of 32 V numbers.
template <int V, class T>
TASTEMAKER_DEVICE Slice<V> load(const T* row) {
    constexpr int width = Slice<V>::width;
    const auto* packs = reinterpret_cast<const Pack<T, width>*>(row) + lane_index();
    Slice<V> s;
    TASTEMAKER_UNROLL
    for (int k = 0; k < V; k += width) {
        const Pack<T, width> pack = packs[k / width * warp_size];
        TASTEMAKER_UNROLL
        for (int j = 0; j < width; ++j) {
            s[k + j] = to_float(pack.v[j]);
        }
    }
    return s;
}

template <int V, class T>
TASTEMAKER_DEVICE void store(const Slice<V>& s, T* row) {
    constexpr int width = Slice<V>::width;
    auto* packs = reinterpret_cast<Pack<T, width>*>(row) + lane_index();
    TASTEMAKER_UNROLL
    for (int k = 0; k < V; k += width) {
        Pack<T, width> pack;
        TASTEMAKER_UNROLL
        for (int j = 0; j < width; ++j) {
            from_float(s[k + j], pack.v[j]);
        }
        packs[k / width * warp_size] = pack;
    }
}

template <int V>
TASTEMAKER_DEVICE Slice<V> filled(float value) {
    Slice<V> s;
    TASTEMAKER_UNROLL
    for (int k = 0; k < V; ++k) {
        s[k] = value;
    }
    return s;
}

// The lane's part of a . b.
template <int V>
TASTEMAKER_DEVICE float dot(const Slice<V>& a, const Slice<V>& b) {
    float sum = 0;
    TASTEMAKER_UNROLL
    for (int k = 0; k < V; ++k) {
        sum += a[k] * b[k];
    }
    tally_flops(2 * V);
    return sum;
}

// y += a x.
template <int V>
TASTEMAKER_DEVICE void axpy(float a, const Slice<V>& x, Slice<V>& y) {
    TASTEMAKER_UNROLL
    for (int k = 0; k < V; ++k) {
        y[k] += a * x[k];
    }
    tally_flops(2 * V);
}

// The sum over the lanes, in every lane.
template <class N>
TASTEMAKER_DEVICE N warp_sum(N value) {
    TASTEMAKER_UNROLL
    for (int mask = warp_size / 2; mask > 0; mask /= 2) {
        value += shuffle_xor(value, mask);
    }
    return value;
}

// Sums n values over the lanes at once: lanes [32/n j, 32/n (j+1)) return the j-th sum. At each of the first steps a
// lane keeps half of its values and hands its partner the other half: 9 shuffles for 8 sums instead of 40.
template <int n>
TASTEMAKER_DEVICE float warp_sums(float (&values)[n]) {
    int mask = warp_size / 2;
    TASTEMAKER_UNROLL
    for (int half = n / 2; half > 0; half /= 2, mask /= 2) {
        const bool upper = lane_index() & mask;
        TASTEMAKER_UNROLL
        for (int j = 0; j < half; ++j) {
            const float mine = upper ? values[j + half] : values[j];
            values[j] = mine + shuffle_xor(upper ? values[j] : values[j + half], mask);
        }
    }
    float sum = values[0];
    TASTEMAKER_UNROLL
    for (mask = warp_size / 2 / n; mask > 0; mask /= 2) {
        sum += shuffle_xor(sum, mask);
    }
    return sum;
}

}  // namespace tastemaker::cuda
