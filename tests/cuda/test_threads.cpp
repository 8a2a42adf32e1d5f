// The kernels on real threads: run under a race detector, which is what fails here.
#include <doctest/doctest.h>

#include "tour.hpp"

TEST_CASE("cuda: no two threads touch the same word without a barrier between them") {
    for (const double value : tastemaker::cuda::test::tour(40)) {
        CHECK(std::isfinite(value));
    }
}
