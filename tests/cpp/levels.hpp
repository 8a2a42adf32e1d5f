// for_each_level: the same check at every SIMD level of this build and CPU.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "tastemaker/simd/level.hpp"

// Calls check() with each level in use, and then uses the level of before again, whatever check() throws.
template <class Check>
void for_each_level(Check check) {
    struct Restore {
        std::string level = tastemaker::simd::current_level();
        ~Restore() { tastemaker::simd::set_level(level); }
    } restore;
    for (const std::string& level : tastemaker::simd::available_levels()) {
        CAPTURE(level);
        tastemaker::simd::set_level(level);
        check();
    }
}
