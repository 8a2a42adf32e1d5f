# The only place that sets ISA flags. tastemaker_add_simd_levels(TARGET SOURCE) compiles SOURCE once per level that
# the target CPU family has and adds the objects to TARGET; which one runs is chosen at import (simd/level.cpp).

# TASTEMAKER_EMULATE adds the levels that this CPU lacks, translated by SIMDe: slow, but every body can be tested.
function(tastemaker_simd_levels OUT)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    set(levels baseline avx2 avx512)
    if(TASTEMAKER_EMULATE)
      list(APPEND levels neon)
    endif()
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
    set(levels baseline neon)
  else()
    set(levels baseline)
  endif()
  set(${OUT} ${levels} PARENT_SCOPE)
endfunction()

function(tastemaker_add_simd_levels TARGET SOURCE)
  tastemaker_simd_levels(levels)
  set(define_baseline TASTEMAKER_LEVEL_PORTABLE)
  if("avx2" IN_LIST levels)
    set(define_baseline TASTEMAKER_LEVEL_SSE2)
  endif()
  set(define_avx2 TASTEMAKER_LEVEL_AVX2)
  set(define_avx512 TASTEMAKER_LEVEL_AVX512)
  set(define_neon TASTEMAKER_LEVEL_NEON)

  if(MSVC)
    set(flags_avx2 /arch:AVX2)
    set(flags_avx512 /arch:AVX512)
  else()
    # No -ffast-math: sums keep the order that the kernels spell out, NaN stays NaN.
    set(flags_common -ffp-contract=fast -fno-math-errno)
    set(flags_avx2 -mavx2 -mfma -mf16c)
    set(flags_avx512 ${flags_avx2} -mavx512f -mavx512vl -mavx512dq -mavx512bw)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # GCC 12 sees uninitialised values in its own avx512fintrin.h (its bug 105593).
      list(APPEND flags_avx512 -Wno-uninitialized -Wno-maybe-uninitialized)
    endif()
  endif()
  if(TASTEMAKER_EMULATE)
    # SIMDe's own vectors must not meet the compiler's: emulated levels build for the baseline.
    set(flags_avx512 "")
    set(emulated avx512 neon)
  endif()

  foreach(level IN LISTS levels)
    set(objects ${TARGET}_${level})
    add_library(${objects} OBJECT ${SOURCE})
    target_include_directories(${objects} PRIVATE ${PROJECT_SOURCE_DIR}/cpp)
    if(level IN_LIST emulated)
      target_include_directories(${objects} SYSTEM BEFORE PRIVATE ${PROJECT_SOURCE_DIR}/tests/cpp/emulated)
    endif()
    target_compile_definitions(${objects} PRIVATE TASTEMAKER_ISA=${level} ${define_${level}})
    target_compile_options(${objects} PRIVATE ${flags_common} ${flags_${level}})
    set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    tastemaker_warnings(${objects})
    target_sources(${TARGET} PRIVATE $<TARGET_OBJECTS:${objects}>)
  endforeach()
  target_compile_definitions(${TARGET} PRIVATE
    "$<$<IN_LIST:avx2,${levels}>:TASTEMAKER_X86>" "$<$<IN_LIST:neon,${levels}>:TASTEMAKER_NEON>"
    $<$<BOOL:${TASTEMAKER_EMULATE}>:TASTEMAKER_EMULATE>)
endfunction()
