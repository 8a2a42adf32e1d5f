// Stands in for the compiler's header in builds with TASTEMAKER_EMULATE: AVX-512 by SIMDe, on any CPU.
#pragma once

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>

// What SIMDe 0.7 lacks.

#ifndef _mm512_extractf32x8_ps
inline simde__m256 tastemaker_mm512_extractf32x8_ps(simde__m512 a, int half) {
    return simde__m512_to_private(a).m256[half];
}
#define _mm512_extractf32x8_ps(a, half) tastemaker_mm512_extractf32x8_ps((a), (half))
#endif

#ifndef _mm512_rsqrt14_ps
inline simde__m512 tastemaker_mm512_rsqrt14_ps(simde__m512 a) {
    return simde_mm512_div_ps(simde_mm512_set1_ps(1.0f), simde_mm512_sqrt_ps(a));
}
#define _mm512_rsqrt14_ps(a) tastemaker_mm512_rsqrt14_ps(a)
#endif
