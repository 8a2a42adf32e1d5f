// Stands in for the compiler's header in builds with TASTEMAKER_EMULATE: NEON by SIMDe, on any CPU.
#pragma once

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>

// What SIMDe 0.7 lacks.

#ifndef vdivq_f32
inline simde_float32x4_t tastemaker_vdivq_f32(simde_float32x4_t a, simde_float32x4_t b) {
    simde_float32x4_private x = simde_float32x4_to_private(a);
    const simde_float32x4_private y = simde_float32x4_to_private(b);
    for (int i = 0; i < 4; ++i) {
        x.values[i] /= y.values[i];
    }
    return simde_float32x4_from_private(x);
}
#define vdivq_f32(a, b) tastemaker_vdivq_f32((a), (b))
#endif
