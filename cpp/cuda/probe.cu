// What there is to compute on.
#include <algorithm>

#include "cuda/runtime.cuh"

namespace tastemaker::cuda {
namespace {

std::string version(int number) {
    return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

constexpr int oldest_capability = 75;

std::string problem_of(const Report& report, cudaError_t error) {
    if (report.driver == 0) {
        return "no NVIDIA driver is installed";
    }
    if (error == cudaErrorInsufficientDriver) {
        return "the NVIDIA driver is too old: it knows CUDA " + version(report.driver) + ", this build needs " +
               version(report.runtime);
    }
    if (error == cudaErrorNoDevice) {
        return "the NVIDIA driver finds no GPU";
    }
    return error == cudaSuccess ? "" : std::string("CUDA failed: ") + cudaGetErrorString(error);
}

int attribute(cudaDeviceAttr which) {
    int device = 0, value = 0;
    check(cudaGetDevice(&device), "asking for the device");
    check(cudaDeviceGetAttribute(&value, which, device), "asking for a property of the device");
    return value;
}

}  // namespace

Report probe() {
    Report report;
    int devices = 0;
    static_cast<void>(cudaDriverGetVersion(&report.driver));
    static_cast<void>(cudaRuntimeGetVersion(&report.runtime));
    const cudaError_t error = cudaGetDeviceCount(&devices);
    static_cast<void>(cudaGetLastError());  // so that no launch reports it
    report.problem = problem_of(report, error);
    if (!report.problem.empty()) {
        return report;
    }
    int device = 0;
    cudaDeviceProp properties;
    std::size_t left = 0, all = 0;
    check(cudaGetDevice(&device), "asking for the device");
    check(cudaGetDeviceProperties(&properties, device), "asking for the device's properties");
    report.device = properties.name;
    report.capability = 10 * properties.major + properties.minor;
    if (report.capability < oldest_capability) {
        report.problem = "the GPU (" + report.device + ") is older than compute capability 7.5";
        return report;
    }
    check(cudaMemGetInfo(&left, &all), "asking for the free memory");
    report.free_memory = static_cast<offset_t>(left);
    report.memory = static_cast<offset_t>(all);
    // Two transfers a cycle of so many kHz, each as wide as the bus.
    report.bandwidth =
        offset_t{2000} * attribute(cudaDevAttrMemoryClockRate) * attribute(cudaDevAttrGlobalMemoryBusWidth) / 8;
    return report;
}

Work counted() {
    return {};
}

Limits device_limits() {
    return {attribute(cudaDevAttrMultiProcessorCount), attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin)};
}

}  // namespace tastemaker::cuda
