// The device's sources, compiled for the simulator.
#include "cuda/recommend.cu"
#include "cuda/solve.cu"
#include "cuda/tables.cu"

namespace tastemaker::cuda {

// Few blocks, so that each works through many rows; the shared memory of the oldest supported device.
Limits device_limits() {
    return {2, 64 * 1024};
}

Report probe() {
    const shim::Runtime& runtime = shim::runtime();
    Report report;
    report.device = "the simulator";
    report.free_memory = static_cast<offset_t>(runtime.memory - runtime.used);
    report.memory = static_cast<offset_t>(runtime.memory);
    return report;
}

Work counted() {
    return {shim::tally().bytes.load(), shim::tally().flops.load()};
}

}  // namespace tastemaker::cuda
