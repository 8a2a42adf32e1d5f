// run_team: the only place that starts threads.
#pragma once

#include <functional>

namespace tastemaker {

// Calls body(worker) for worker = 0 .. threads - 1 at the same time and waits; worker 0 is the calling thread.
// Requires threads >= 1 and a body that does not throw. Works in a forked child too.
void run_team(int threads, const std::function<void(int)>& body);

}  // namespace tastemaker
