// Which instruction set the kernels use: detected once, can be forced, can be asked.
#pragma once

#include <string>
#include <vector>

namespace tastemaker::simd {

struct Kernels;  // simd/kernels.hpp

// Names of the levels that this build holds and this CPU can run, slowest first; never empty.
std::vector<std::string> available_levels();

// Name of the level in use. The first call takes $TASTEMAKER_SIMD if that is set, else the fastest level.
std::string current_level();

// Uses the named level from now on; throws std::invalid_argument when this CPU or build lacks it.
// Requires that no kernel is running.
void set_level(const std::string& name);

// The kernels of the current level.
const Kernels& kernels();

}  // namespace tastemaker::simd
