// vf: one vector register of floats at the level being compiled. Everything a kernel may use of an ISA is here.
// Loads and stores need no alignment (on aligned data they cost the same). `registers` is how many the ISA names.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(TASTEMAKER_LEVEL_AVX512) || defined(TASTEMAKER_LEVEL_AVX2) || defined(TASTEMAKER_LEVEL_SSE2)
#include <immintrin.h>
#elif defined(TASTEMAKER_LEVEL_NEON)
#include <arm_neon.h>
#endif

namespace tastemaker::simd::TASTEMAKER_ISA {

#if defined(TASTEMAKER_LEVEL_AVX512)

struct vf {
    static constexpr int width = 16;
    static constexpr int registers = 32;
    __m512 v;
};
inline vf load(const float* p) {
    return {_mm512_loadu_ps(p)};
}
inline void store(float* p, vf a) {
    _mm512_storeu_ps(p, a.v);
}
inline vf broadcast(float x) {
    return {_mm512_set1_ps(x)};
}
inline vf add(vf a, vf b) {
    return {_mm512_add_ps(a.v, b.v)};
}
inline vf sub(vf a, vf b) {
    return {_mm512_sub_ps(a.v, b.v)};
}
inline vf mul(vf a, vf b) {
    return {_mm512_mul_ps(a.v, b.v)};
}
inline vf div(vf a, vf b) {
    return {_mm512_div_ps(a.v, b.v)};
}
inline vf fma(vf a, vf b, vf c) {
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
// 1 / sqrt(a) to about 2e-7 for normal a > 0: the estimate of 14 bits and one step of Newton.
inline vf rsqrt(vf a) {
    const __m512 y = _mm512_rsqrt14_ps(a.v);
    const __m512 half = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), a.v), y);
    return {_mm512_mul_ps(y, _mm512_fnmadd_ps(half, y, _mm512_set1_ps(1.5f)))};
}
// Bit i is set where a[i] > b[i] (never for NaN).
inline std::uint32_t greater(vf a, vf b) {
    return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ);
}
inline std::uint32_t greater_equal(vf a, vf b) {
    return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ);
}
// Bit i is set where a[i] and b[i] are the same bit pattern: tells -0 from +0.
inline std::uint32_t same_bits(vf a, vf b) {
    return _mm512_cmpeq_epi32_mask(_mm512_castps_si512(a.v), _mm512_castps_si512(b.v));
}
inline float sum(vf a) {
    const __m256 h = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_shuffle_ps(q, q, 1)));
}
// Stores the sums of a, b, c and d to p[0..3].
inline void store_sums(float* p, vf a, vf b, vf c, vf d) {
    const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a.v, b.v), _mm512_unpackhi_ps(a.v, b.v));
    const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c.v, d.v), _mm512_unpackhi_ps(c.v, d.v));
    const __m512 t = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xEE));
    const __m256 h = _mm256_add_ps(_mm512_castps512_ps256(t), _mm512_extractf32x8_ps(t, 1));
    _mm_storeu_ps(p, _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1)));
}

#elif defined(TASTEMAKER_LEVEL_AVX2)

struct vf {
    static constexpr int width = 8;
    static constexpr int registers = 16;
    __m256 v;
};
inline vf load(const float* p) {
    return {_mm256_loadu_ps(p)};
}
inline void store(float* p, vf a) {
    _mm256_storeu_ps(p, a.v);
}
inline vf broadcast(float x) {
    return {_mm256_set1_ps(x)};
}
inline vf add(vf a, vf b) {
    return {_mm256_add_ps(a.v, b.v)};
}
inline vf sub(vf a, vf b) {
    return {_mm256_sub_ps(a.v, b.v)};
}
inline vf mul(vf a, vf b) {
    return {_mm256_mul_ps(a.v, b.v)};
}
inline vf div(vf a, vf b) {
    return {_mm256_div_ps(a.v, b.v)};
}
inline vf fma(vf a, vf b, vf c) {
    return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
// 1 / sqrt(a) to about 4e-7 for normal a > 0: the estimate of 12 bits and one step of Newton.
inline vf rsqrt(vf a) {
    const __m256 y = _mm256_rsqrt_ps(a.v);
    const __m256 half = _mm256_mul_ps(_mm256_mul_ps(_mm256_set1_ps(0.5f), a.v), y);
    return {_mm256_mul_ps(y, _mm256_fnmadd_ps(half, y, _mm256_set1_ps(1.5f)))};
}
// Bit i is set where a[i] > b[i] (never for NaN).
inline std::uint32_t greater(vf a, vf b) {
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)));
}
inline std::uint32_t greater_equal(vf a, vf b) {
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a.v, b.v, _CMP_GE_OQ)));
}
// Bit i is set where a[i] and b[i] are the same bit pattern: tells -0 from +0.
inline std::uint32_t same_bits(vf a, vf b) {
    const __m256i same = _mm256_cmpeq_epi32(_mm256_castps_si256(a.v), _mm256_castps_si256(b.v));
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(same)));
}
inline float sum(vf a) {
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_shuffle_ps(q, q, 1)));
}
// Stores the sums of a, b, c and d to p[0..3].
inline void store_sums(float* p, vf a, vf b, vf c, vf d) {
    // A blend runs on any vector port and a shuffle on few: one of each per pair instead of two unpacks.
    const __m256 ab = _mm256_add_ps(_mm256_blend_ps(a.v, b.v, 0xCC), _mm256_shuffle_ps(a.v, b.v, 0x4E));
    const __m256 cd = _mm256_add_ps(_mm256_blend_ps(c.v, d.v, 0xCC), _mm256_shuffle_ps(c.v, d.v, 0x4E));
    const __m256 t = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x88), _mm256_shuffle_ps(ab, cd, 0xDD));
    _mm_storeu_ps(p, _mm_add_ps(_mm256_castps256_ps128(t), _mm256_extractf128_ps(t, 1)));
}

#elif defined(TASTEMAKER_LEVEL_SSE2)

struct vf {
    static constexpr int width = 4;
    static constexpr int registers = 16;
    __m128 v;
};
inline vf load(const float* p) {
    return {_mm_loadu_ps(p)};
}
inline void store(float* p, vf a) {
    _mm_storeu_ps(p, a.v);
}
inline vf broadcast(float x) {
    return {_mm_set1_ps(x)};
}
inline vf add(vf a, vf b) {
    return {_mm_add_ps(a.v, b.v)};
}
inline vf sub(vf a, vf b) {
    return {_mm_sub_ps(a.v, b.v)};
}
inline vf mul(vf a, vf b) {
    return {_mm_mul_ps(a.v, b.v)};
}
inline vf div(vf a, vf b) {
    return {_mm_div_ps(a.v, b.v)};
}
inline vf fma(vf a, vf b, vf c) {
    return {_mm_add_ps(_mm_mul_ps(a.v, b.v), c.v)};
}
// 1 / sqrt(a) to about 4e-7 for normal a > 0: the estimate of 12 bits and one step of Newton.
inline vf rsqrt(vf a) {
    const __m128 y = _mm_rsqrt_ps(a.v);
    const __m128 half = _mm_mul_ps(_mm_mul_ps(_mm_set1_ps(0.5f), a.v), y);
    return {_mm_mul_ps(y, _mm_sub_ps(_mm_set1_ps(1.5f), _mm_mul_ps(half, y)))};
}
// Bit i is set where a[i] > b[i] (never for NaN).
inline std::uint32_t greater(vf a, vf b) {
    return static_cast<std::uint32_t>(_mm_movemask_ps(_mm_cmpgt_ps(a.v, b.v)));
}
inline std::uint32_t greater_equal(vf a, vf b) {
    return static_cast<std::uint32_t>(_mm_movemask_ps(_mm_cmpge_ps(a.v, b.v)));
}
// Bit i is set where a[i] and b[i] are the same bit pattern: tells -0 from +0.
inline std::uint32_t same_bits(vf a, vf b) {
    const __m128i same = _mm_cmpeq_epi32(_mm_castps_si128(a.v), _mm_castps_si128(b.v));
    return static_cast<std::uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(same)));
}
inline float sum(vf a) {
    const __m128 q = _mm_add_ps(a.v, _mm_movehl_ps(a.v, a.v));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_shuffle_ps(q, q, 1)));
}
// Stores the sums of a, b, c and d to p[0..3].
inline void store_sums(float* p, vf a, vf b, vf c, vf d) {
    const __m128 ab = _mm_add_ps(_mm_unpacklo_ps(a.v, b.v), _mm_unpackhi_ps(a.v, b.v));
    const __m128 cd = _mm_add_ps(_mm_unpacklo_ps(c.v, d.v), _mm_unpackhi_ps(c.v, d.v));
    _mm_storeu_ps(p, _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab)));
}

#elif defined(TASTEMAKER_LEVEL_NEON)

struct vf {
    static constexpr int width = 4;
    static constexpr int registers = 32;
    float32x4_t v;
};
inline vf load(const float* p) {
    return {vld1q_f32(p)};
}
inline void store(float* p, vf a) {
    vst1q_f32(p, a.v);
}
inline vf broadcast(float x) {
    return {vdupq_n_f32(x)};
}
inline vf add(vf a, vf b) {
    return {vaddq_f32(a.v, b.v)};
}
inline vf sub(vf a, vf b) {
    return {vsubq_f32(a.v, b.v)};
}
inline vf mul(vf a, vf b) {
    return {vmulq_f32(a.v, b.v)};
}
inline vf div(vf a, vf b) {
    return {vdivq_f32(a.v, b.v)};
}
inline vf fma(vf a, vf b, vf c) {
    return {vfmaq_f32(c.v, a.v, b.v)};
}
// 1 / sqrt(a) to about 4e-7 for normal a > 0: the estimate of 8 bits and two steps of Newton.
inline vf rsqrt(vf a) {
    float32x4_t y = vrsqrteq_f32(a.v);
    y = vmulq_f32(y, vrsqrtsq_f32(vmulq_f32(a.v, y), y));
    return {vmulq_f32(y, vrsqrtsq_f32(vmulq_f32(a.v, y), y))};
}
inline std::uint32_t mask_of(uint32x4_t m) {
    const uint32x4_t bits = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(m, bits));
}
// Bit i is set where a[i] > b[i] (never for NaN).
inline std::uint32_t greater(vf a, vf b) {
    return mask_of(vcgtq_f32(a.v, b.v));
}
inline std::uint32_t greater_equal(vf a, vf b) {
    return mask_of(vcgeq_f32(a.v, b.v));
}
// Bit i is set where a[i] and b[i] are the same bit pattern: tells -0 from +0.
inline std::uint32_t same_bits(vf a, vf b) {
    return mask_of(vceqq_u32(vreinterpretq_u32_f32(a.v), vreinterpretq_u32_f32(b.v)));
}
inline float sum(vf a) {
    return vaddvq_f32(a.v);
}
// Stores the sums of a, b, c and d to p[0..3].
inline void store_sums(float* p, vf a, vf b, vf c, vf d) {
    vst1q_f32(p, vpaddq_f32(vpaddq_f32(a.v, b.v), vpaddq_f32(c.v, d.v)));
}

#else  // any other CPU: plain loops, which its compiler may vectorise

struct vf {
    static constexpr int width = 4;
    static constexpr int registers = 16;
    float v[width];
};
template <class Fn>
inline vf lanes(Fn fn) {
    vf r;
    for (int i = 0; i < vf::width; ++i) {
        r.v[i] = fn(i);
    }
    return r;
}
template <class Fn>
inline std::uint32_t bits(Fn fn) {
    std::uint32_t r = 0;
    for (int i = 0; i < vf::width; ++i) {
        r |= static_cast<std::uint32_t>(fn(i)) << i;
    }
    return r;
}
inline vf load(const float* p) {
    return lanes([=](int i) { return p[i]; });
}
inline void store(float* p, vf a) {
    for (int i = 0; i < vf::width; ++i) {
        p[i] = a.v[i];
    }
}
inline vf broadcast(float x) {
    return lanes([=](int) { return x; });
}
inline vf add(vf a, vf b) {
    return lanes([=](int i) { return a.v[i] + b.v[i]; });
}
inline vf sub(vf a, vf b) {
    return lanes([=](int i) { return a.v[i] - b.v[i]; });
}
inline vf mul(vf a, vf b) {
    return lanes([=](int i) { return a.v[i] * b.v[i]; });
}
inline vf div(vf a, vf b) {
    return lanes([=](int i) { return a.v[i] / b.v[i]; });
}
inline vf fma(vf a, vf b, vf c) {
    return lanes([=](int i) { return a.v[i] * b.v[i] + c.v[i]; });
}
// 1 / sqrt(a) to about 2e-7 for normal a > 0.
inline vf rsqrt(vf a) {
    return lanes([=](int i) { return 1.0f / __builtin_sqrtf(a.v[i]); });
}
// Bit i is set where a[i] > b[i] (never for NaN).
inline std::uint32_t greater(vf a, vf b) {
    return bits([=](int i) { return a.v[i] > b.v[i]; });
}
inline std::uint32_t greater_equal(vf a, vf b) {
    return bits([=](int i) { return a.v[i] >= b.v[i]; });
}
// Bit i is set where a[i] and b[i] are the same bit pattern: tells -0 from +0.
inline std::uint32_t same_bits(vf a, vf b) {
    return bits([=](int i) { return std::memcmp(&a.v[i], &b.v[i], sizeof(float)) == 0; });
}
inline float sum(vf a) {
    return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]);
}
// Stores the sums of a, b, c and d to p[0..3].
inline void store_sums(float* p, vf a, vf b, vf c, vf d) {
    p[0] = sum(a);
    p[1] = sum(b);
    p[2] = sum(c);
    p[3] = sum(d);
}

#endif

inline vf zero() {
    return broadcast(0.0f);
}

// Starts fetching the cache line at p; a hint that never faults.
inline void prefetch(const void* p) {
#if defined(_MSC_VER) && !defined(__clang__)
    (void)p;
#else
    __builtin_prefetch(p);
#endif
}

}  // namespace tastemaker::simd::TASTEMAKER_ISA
