// The operations of vec-inl.hpp as plain functions on arrays of one register, one table per SIMD level.
#pragma once

#include <cstdint>

namespace tastemaker::simd {

struct VecProbe {
    const char* name;
    int width;
    void (*copy)(const float* a, float* out);
    void (*broadcast)(float x, float* out);
    void (*add)(const float* a, const float* b, float* out);
    void (*sub)(const float* a, const float* b, float* out);
    void (*mul)(const float* a, const float* b, float* out);
    void (*div)(const float* a, const float* b, float* out);
    void (*fma)(const float* a, const float* b, const float* c, float* out);
    std::uint32_t (*greater)(const float* a, const float* b);
    std::uint32_t (*greater_equal)(const float* a, const float* b);
    std::uint32_t (*same_bits)(const float* a, const float* b);
    float (*sum)(const float* a);
    void (*store_sums)(const float* a, float* out);  // of four registers that lie one after another
};

// One per level that this build compiled; vec_probe.cpp defines them.
extern const VecProbe probe_baseline;
extern const VecProbe probe_avx2;
extern const VecProbe probe_avx512;
extern const VecProbe probe_neon;

}  // namespace tastemaker::simd
