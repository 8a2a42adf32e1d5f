// Errors of the core: std::invalid_argument for a caller's mistake, NumericalError for the mathematics.
#pragma once

#include <stdexcept>
#include <string>

namespace tastemaker {

// A computation lost its meaning: a matrix that is not positive definite, a factor that is not finite.
class NumericalError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The user pressed Ctrl-C; whoever installed the check knows what to raise.
class Interrupted : public std::exception {
public:
    const char* what() const noexcept override { return "interrupted"; }
};

inline void require(bool condition, const char* message) {
    if (!condition) {
        throw std::invalid_argument(message);
    }
}

}  // namespace tastemaker
