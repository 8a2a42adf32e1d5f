// Compiled once per level, as simd/isa.cpp is; no std:: templates and no doctest here for the reason given there.
#include "vec_probe.hpp"

#include "tastemaker/simd/vec-inl.hpp"

#define TASTEMAKER_JOIN_(a, b) a##b
#define TASTEMAKER_JOIN(a, b) TASTEMAKER_JOIN_(a, b)
#define TASTEMAKER_STRING_(a) #a
#define TASTEMAKER_STRING(a) TASTEMAKER_STRING_(a)

namespace tastemaker::simd {

namespace v = TASTEMAKER_ISA;

const VecProbe TASTEMAKER_JOIN(probe_, TASTEMAKER_ISA) = {
    TASTEMAKER_STRING(TASTEMAKER_ISA),
    v::vf::width,
    [](const float* a, float* out) { v::store(out, v::load(a)); },
    [](float x, float* out) { v::store(out, v::broadcast(x)); },
    [](const float* a, const float* b, float* out) { v::store(out, v::add(v::load(a), v::load(b))); },
    [](const float* a, const float* b, float* out) { v::store(out, v::sub(v::load(a), v::load(b))); },
    [](const float* a, const float* b, float* out) { v::store(out, v::mul(v::load(a), v::load(b))); },
    [](const float* a, const float* b, float* out) { v::store(out, v::div(v::load(a), v::load(b))); },
    [](const float* a, const float* b, const float* c, float* out) {
        v::store(out, v::fma(v::load(a), v::load(b), v::load(c)));
    },
    [](const float* a, const float* b) { return v::greater(v::load(a), v::load(b)); },
    [](const float* a, const float* b) { return v::greater_equal(v::load(a), v::load(b)); },
    [](const float* a, const float* b) { return v::same_bits(v::load(a), v::load(b)); },
    [](const float* a) { return v::sum(v::load(a)); },
    [](const float* a, float* out) {
        constexpr int w = v::vf::width;
        v::store_sums(out, v::load(a), v::load(a + w), v::load(a + 2 * w), v::load(a + 3 * w));
    },
};

}  // namespace tastemaker::simd
