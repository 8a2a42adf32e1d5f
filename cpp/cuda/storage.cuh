// How factors lie in device memory: fp32, or 16 bits to halve the traffic. All arithmetic is fp32.
#pragma once

#include <cstring>

#include "cuda/device.cuh"

namespace tastemaker::cuda {

struct Float16 {
    std::uint16_t bits;
};
struct Bfloat16 {
    std::uint16_t bits;
};

#ifdef __CUDACC__

TASTEMAKER_DEVICE float to_float(Float16 h) {
    return __half2float(__ushort_as_half(h.bits));
}
TASTEMAKER_DEVICE float to_float(Bfloat16 h) {
    return __uint_as_float(static_cast<unsigned>(h.bits) << 16);
}
TASTEMAKER_DEVICE void from_float(float x, Float16& h) {
    h.bits = __half_as_ushort(__float2half_rn(x));
}
TASTEMAKER_DEVICE void from_float(float x, Bfloat16& h) {
    h.bits = __bfloat16_as_ushort(__float2bfloat16_rn(x));
}

#else

inline float float_of_bits(std::uint32_t bits) {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}
inline std::uint32_t bits_of(float x) {
    std::uint32_t bits;
    std::memcpy(&bits, &x, sizeof x);
    return bits;
}

// Drops `places` bits of an integer, to nearest, ties to even.
inline std::uint32_t rounded_shift(std::uint32_t bits, int places) {
    const std::uint32_t half = 1u << (places - 1);
    return (bits + half - 1 + ((bits >> places) & 1)) >> places;
}

inline float to_float(Bfloat16 h) {
    return float_of_bits(static_cast<std::uint32_t>(h.bits) << 16);
}
inline void from_float(float x, Bfloat16& h) {
    const std::uint32_t bits = bits_of(x);
    h.bits = static_cast<std::uint16_t>(x != x ? (bits >> 16) | 0x40 : rounded_shift(bits, 16));
}

inline float to_float(Float16 h) {
    const std::uint32_t sign = (h.bits & 0x8000u) << 16;
    const std::uint32_t exponent = (h.bits >> 10) & 31u;
    const std::uint32_t mantissa = h.bits & 0x3ffu;
    if (exponent == 0) {  // zero, or below the smallest normal 2^-14
        const float size = static_cast<float>(mantissa) * 0x1p-24f;
        return sign ? -size : size;
    }
    const std::uint32_t wide = exponent == 31 ? 255u : exponent + 112u;
    return float_of_bits(sign | wide << 23 | mantissa << 13);
}
inline void from_float(float x, Float16& h) {
    const std::uint32_t sign = (bits_of(x) >> 16) & 0x8000u;
    const float size = x < 0 ? -x : x;
    std::uint32_t bits;
    if (x != x) {
        bits = 0x7e00u;
    } else if (size >= 65520.0f) {
        bits = 0x7c00u;
    } else if (size < 0x1p-14f) {
        bits = bits_of(size + 0.5f) - bits_of(0.5f);  // 0.5 has the spacing 2^-24 that is wanted
    } else {
        bits = rounded_shift(bits_of(size), 13) - (112u << 10);
    }
    h.bits = static_cast<std::uint16_t>(sign | bits);
}

#endif

TASTEMAKER_DEVICE float to_float(float x) {
    return x;
}
TASTEMAKER_DEVICE void from_float(float x, float& out) {
    out = x;
}

}  // namespace tastemaker::cuda
