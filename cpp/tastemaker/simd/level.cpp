#include "tastemaker/simd/level.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include "tastemaker/simd/kernels.hpp"

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace tastemaker::simd {
namespace {

#if defined(TASTEMAKER_X86) && defined(_MSC_VER)
struct Cpu {
    bool avx2 = false;
    bool avx512 = false;

    Cpu() {
        int leaf1[4];
        int leaf7[4];
        __cpuidex(leaf1, 1, 0);
        __cpuidex(leaf7, 7, 0);
        const bool osxsave = leaf1[2] & (1 << 27);
        const unsigned long long saved = osxsave ? _xgetbv(0) : 0;
        const bool fma = leaf1[2] & (1 << 12);
        avx2 = (saved & 0x6) == 0x6 && fma && (leaf7[1] & (1 << 5));
        constexpr int wanted = (1 << 16) | (1 << 17) | (1 << 30) | static_cast<int>(1u << 31);  // F, DQ, BW, VL
        avx512 = avx2 && (saved & 0xE6) == 0xE6 && (leaf7[1] & wanted) == wanted;
    }
};
#elif defined(TASTEMAKER_X86)
struct Cpu {
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
};
#endif

#ifdef TASTEMAKER_EMULATE
constexpr bool emulated = true;  // a build for tests holds every level; what this CPU lacks is translated
#else
constexpr bool emulated = false;
#endif

std::vector<const Kernels*> usable() {
    std::vector<const Kernels*> levels{&kernels_baseline};
#if defined(TASTEMAKER_X86)
    const Cpu cpu;
    if (cpu.avx2) {
        levels.push_back(&kernels_avx2);
    }
    if (cpu.avx512 || emulated) {
        levels.push_back(&kernels_avx512);
    }
#endif
#if defined(TASTEMAKER_NEON)
    levels.push_back(&kernels_neon);
#endif
    return levels;
}

const Kernels& find(const std::string& name) {
    const std::vector<const Kernels*> levels = usable();
    const auto found = std::ranges::find_if(levels, [&](const Kernels* level) { return name == level->name; });
    if (found == levels.end()) {
        std::string known;
        for (const Kernels* level : levels) {
            known += (known.empty() ? "" : ", ") + std::string(level->name);
        }
        throw std::invalid_argument("`TASTEMAKER_SIMD` must be a level that this CPU and build support (" + known +
                                    "), got '" + name + "'. Unset it to use the fastest.");
    }
    return **found;
}

const Kernels& initial() {
    const char* forced = std::getenv("TASTEMAKER_SIMD");  // NOLINT(concurrency-mt-unsafe): once, at import
    return forced && *forced ? find(forced) : *usable().back();
}

std::atomic<const Kernels*>& current() {
    static std::atomic<const Kernels*> level{&initial()};
    return level;
}

}  // namespace

std::vector<std::string> available_levels() {
    std::vector<std::string> names;
    for (const Kernels* level : usable()) {
        names.emplace_back(level->name);
    }
    return names;
}

std::string current_level() {
    return kernels().name;
}

void set_level(const std::string& name) {
    current() = &find(name);
}

const Kernels& kernels() {
    return *current().load(std::memory_order_acquire);
}

}  // namespace tastemaker::simd
