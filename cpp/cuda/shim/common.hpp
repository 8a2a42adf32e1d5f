// What both machines share: a block's memory, its barriers by where they stand in the source, and the counters.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tastemaker::cuda::shim {

// The kernel did what a GPU forbids or leaves undefined.
class KernelError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

inline std::string place(const std::source_location& site) {
    return std::string(site.file_name()) + ":" + std::to_string(site.line());
}

inline bool same_place(const std::source_location& a, const std::source_location& b) {
    return a.line() == b.line() && std::string_view(a.file_name()) == b.file_name();
}

// The barriers that kernels have come to. One of them may be taken out, to see whether a test notices.
class Barriers {
public:
    // Notes the barrier; false when it is the one taken out.
    bool reached(const std::source_location& site) {
        const std::scoped_lock lock(mutex_);
        const auto known = [&](const std::source_location& other) { return same_place(site, other); };
        if (std::none_of(all_.begin(), all_.end(), known)) {
            all_.push_back(site);
        }
        return !without_ || !same_place(site, *without_);
    }
    std::vector<std::source_location> all() const { return all_; }
    void take_out(const std::source_location& site) { without_ = site; }
    void restore() { without_.reset(); }

private:
    std::mutex mutex_;
    std::vector<std::source_location> all_;
    std::optional<std::source_location> without_;
};

inline Barriers& barriers() {
    static Barriers all;
    return all;
}

// Bytes of global memory and floating point operations, counted by the kernels.
struct Tally {
    std::atomic<std::int64_t> bytes = 0, flops = 0;
};

inline Tally& tally() {
    static Tally counts;
    return counts;
}

// Shared memory of one block, exactly as large as asked for: ASan sees what lies beyond. 0xCD in every byte makes
// floats that no test expects out of what nobody wrote.
class SharedMemory {
public:
    explicit SharedMemory(std::size_t bytes) : bytes_(bytes), words_((bytes + sizeof(Word) - 1) / sizeof(Word)) {}
    unsigned char* data() { return reinterpret_cast<unsigned char*>(words_.data()); }
    void poison() { std::fill_n(data(), bytes_, static_cast<unsigned char>(0xCD)); }

private:
    struct alignas(16) Word {
        unsigned char bytes[16];
    };
    std::size_t bytes_;
    std::vector<Word> words_;
};

}  // namespace tastemaker::cuda::shim
