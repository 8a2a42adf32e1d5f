// Stands in for the compiler's header in builds with TASTEMAKER_EMULATE: NEON by SIMDe, on any CPU.
#pragma once

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>
