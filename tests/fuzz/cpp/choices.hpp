// Bytes as a source of choices, and matrices made of them; tests/fuzz/choices.py and matrices.py in C++.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "tastemaker/base/views.hpp"

namespace fuzz {

using namespace tastemaker;

// Ends the process unless a promise of the core was kept.
inline void expect(bool kept, const char* promise) {
    if (!kept) {
        std::fprintf(stderr, "broken: %s\n", promise);
        std::abort();
    }
}

// Choices read from bytes; when they have run out, every choice is the first.
class Choices {
public:
    explicit Choices(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    int byte() {
        if (bytes_.empty()) {
            return 0;
        }
        const int first = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return first;
    }
    int below(int n) { return byte() % n; }
    bool likely() { return byte() % 8 != 7; }

    template <class T, std::size_t N>
    T pick(const std::array<T, N>& from) {
        return from[static_cast<std::size_t>(below(static_cast<int>(N)))];
    }

    offset_t integer() {
        return likely() ? below(9) - 1
                        : pick(std::array<offset_t, 7>{
                              0, -1, 255, std::numeric_limits<index_t>::max(), std::numeric_limits<index_t>::min(),
                              std::numeric_limits<offset_t>::max(), std::numeric_limits<offset_t>::min()});
    }

    float number() {
        constexpr float infinity = std::numeric_limits<float>::infinity();
        return likely() ? static_cast<float>(below(64) - 16) / 8.0f
                        : pick(std::array{0.0f, -0.0f, 1e-45f, 3e38f, -3e38f, infinity, -infinity, std::nanf("")});
    }

    std::vector<float> numbers(offset_t n) {
        std::vector<float> made(static_cast<std::size_t>(n));
        std::ranges::generate(made, [&] { return number(); });
        return made;
    }

    std::vector<index_t> ids(offset_t n) {
        std::vector<index_t> made(static_cast<std::size_t>(n));
        std::ranges::generate(made, [&] { return static_cast<index_t>(integer()); });
        return made;
    }

private:
    std::span<const std::uint8_t> bytes_;
};

// A CSR matrix, mostly sound; its vectors are as long as what they hold, so that a sanitizer sees a step beyond.
struct Matrix {
    index_t cols = 0;
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
    std::vector<float> values;
    bool valued = false;

    Matrix(Choices& choices, int rows, int columns) : cols(columns) {
        for (int i = 0; i < rows; ++i) {
            const int step = 1 + choices.below(4);
            for (int j = choices.below(4); j < cols; j += step) {
                indices.push_back(j);
            }
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
        while (!choices.likely()) {
            damage(choices);
        }
        valued = choices.likely();
        values = choices.numbers(valued ? static_cast<offset_t>(indices.size()) : 0);
        indices.shrink_to_fit();
        indptr.shrink_to_fit();
    }

    // As the bindings hand it on: every later access is safe, or std::invalid_argument.
    CsrView checked() const {
        const CsrView view{static_cast<index_t>(indptr.size()) - 1, cols, indptr.data(), indices.data(),
                           valued ? values.data() : nullptr};
        view.validate(static_cast<offset_t>(indices.size()));
        return view;
    }

private:
    void damage(Choices& choices) {
        const auto at = [&](std::size_t size) { return static_cast<std::size_t>(choices.byte()) % size; };
        switch (choices.below(5)) {
            case 0:
                indptr[at(indptr.size())] = choices.integer();
                break;
            case 1:
                indptr.resize(1 + at(indptr.size()));
                break;
            case 2:
                cols = static_cast<index_t>(choices.integer());
                break;
            case 3:
                indices.resize(at(indices.size() + 1));
                break;
            default:
                if (!indices.empty()) {
                    indices[at(indices.size())] = static_cast<index_t>(choices.integer());
                }
        }
    }
};

// Calls run(choices), which may refuse what it is given.
template <class Run>
int refusing(std::span<const std::uint8_t> bytes, Run run) {
    Choices choices(bytes);
    try {
        run(choices);
    } catch (const std::invalid_argument&) {
    } catch (const NumericalError&) {
    }
    return 0;
}

}  // namespace fuzz
