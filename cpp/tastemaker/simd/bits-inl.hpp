// vb: one vector register of bits at the level being compiled, and of bytes that count them.
#pragma once

#include "tastemaker/simd/vec-inl.hpp"

namespace tastemaker::simd::TASTEMAKER_ISA {

#if defined(TASTEMAKER_LEVEL_AVX512)

struct vb {
    static constexpr int bytes = 64;
    __m512i v;
};
inline vb load_bits(const std::uint8_t* p) {
    return {_mm512_loadu_si512(p)};
}
inline void store_bits(std::uint8_t* p, vb a) {
    _mm512_storeu_si512(p, a.v);
}
inline vb broadcast_byte(std::uint8_t x) {
    return {_mm512_set1_epi8(static_cast<char>(x))};
}
inline vb bits_and(vb a, vb b) {
    return {_mm512_and_si512(a.v, b.v)};
}
inline vb add_bytes(vb a, vb b) {
    return {_mm512_add_epi8(a.v, b.v)};
}
// Each bit moves one down, also into the byte below: seven steps in, the lowest bit of a byte is still its own.
inline vb shift_right(vb a) {
    return {_mm512_srli_epi16(a.v, 1)};
}
// The two bits of a + b + c, place by place.
inline vb low_bit(vb a, vb b, vb c) {
    return {_mm512_ternarylogic_epi64(a.v, b.v, c.v, 0x96)};
}
inline vb high_bit(vb a, vb b, vb c) {
    return {_mm512_ternarylogic_epi64(a.v, b.v, c.v, 0xE8)};
}

#elif defined(TASTEMAKER_LEVEL_AVX2)

struct vb {
    static constexpr int bytes = 32;
    __m256i v;
};
inline vb load_bits(const std::uint8_t* p) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))};
}
inline void store_bits(std::uint8_t* p, vb a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.v);
}
inline vb broadcast_byte(std::uint8_t x) {
    return {_mm256_set1_epi8(static_cast<char>(x))};
}
inline vb bits_and(vb a, vb b) {
    return {_mm256_and_si256(a.v, b.v)};
}
inline vb bits_or(vb a, vb b) {
    return {_mm256_or_si256(a.v, b.v)};
}
inline vb bits_xor(vb a, vb b) {
    return {_mm256_xor_si256(a.v, b.v)};
}
inline vb add_bytes(vb a, vb b) {
    return {_mm256_add_epi8(a.v, b.v)};
}
inline vb shift_right(vb a) {
    return {_mm256_srli_epi16(a.v, 1)};
}

#elif defined(TASTEMAKER_LEVEL_SSE2)

struct vb {
    static constexpr int bytes = 16;
    __m128i v;
};
inline vb load_bits(const std::uint8_t* p) {
    return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))};
}
inline void store_bits(std::uint8_t* p, vb a) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), a.v);
}
inline vb broadcast_byte(std::uint8_t x) {
    return {_mm_set1_epi8(static_cast<char>(x))};
}
inline vb bits_and(vb a, vb b) {
    return {_mm_and_si128(a.v, b.v)};
}
inline vb bits_or(vb a, vb b) {
    return {_mm_or_si128(a.v, b.v)};
}
inline vb bits_xor(vb a, vb b) {
    return {_mm_xor_si128(a.v, b.v)};
}
inline vb add_bytes(vb a, vb b) {
    return {_mm_add_epi8(a.v, b.v)};
}
inline vb shift_right(vb a) {
    return {_mm_srli_epi16(a.v, 1)};
}

#elif defined(TASTEMAKER_LEVEL_NEON)

struct vb {
    static constexpr int bytes = 16;
    uint8x16_t v;
};
inline vb load_bits(const std::uint8_t* p) {
    return {vld1q_u8(p)};
}
inline void store_bits(std::uint8_t* p, vb a) {
    vst1q_u8(p, a.v);
}
inline vb broadcast_byte(std::uint8_t x) {
    return {vdupq_n_u8(x)};
}
inline vb bits_and(vb a, vb b) {
    return {vandq_u8(a.v, b.v)};
}
inline vb bits_or(vb a, vb b) {
    return {vorrq_u8(a.v, b.v)};
}
inline vb bits_xor(vb a, vb b) {
    return {veorq_u8(a.v, b.v)};
}
inline vb add_bytes(vb a, vb b) {
    return {vaddq_u8(a.v, b.v)};
}
inline vb shift_right(vb a) {
    return {vshrq_n_u8(a.v, 1)};
}

#else  // any other CPU

struct vb {
    static constexpr int bytes = 8;
    std::uint64_t v;
};
inline vb load_bits(const std::uint8_t* p) {
    vb a;
    std::memcpy(&a.v, p, sizeof a.v);
    return a;
}
inline void store_bits(std::uint8_t* p, vb a) {
    std::memcpy(p, &a.v, sizeof a.v);
}
inline vb broadcast_byte(std::uint8_t x) {
    return {0x0101010101010101u * x};
}
inline vb bits_and(vb a, vb b) {
    return {a.v & b.v};
}
inline vb bits_or(vb a, vb b) {
    return {a.v | b.v};
}
inline vb bits_xor(vb a, vb b) {
    return {a.v ^ b.v};
}
// Of bytes whose sums stay below 256.
inline vb add_bytes(vb a, vb b) {
    return {a.v + b.v};
}
inline vb shift_right(vb a) {
    return {a.v >> 1};
}

#endif

#if !defined(TASTEMAKER_LEVEL_AVX512)
inline vb low_bit(vb a, vb b, vb c) {
    return bits_xor(bits_xor(a, b), c);
}
inline vb high_bit(vb a, vb b, vb c) {
    return bits_or(bits_and(a, b), bits_and(bits_xor(a, b), c));
}
#endif

}  // namespace tastemaker::simd::TASTEMAKER_ISA
