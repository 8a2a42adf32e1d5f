// The device's sources, compiled for the simulator.
#include "cuda/recommend.cu"
#include "cuda/solve.cu"
#include "cuda/tables.cu"

namespace tastemaker::cuda {

// Few blocks, so that each works through many rows; the shared memory of the oldest supported device.
Limits device_limits() {
    return {2, 64 * 1024};
}

}  // namespace tastemaker::cuda
