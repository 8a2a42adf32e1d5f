// The sparse-dense product of the decomposition against its definition.
#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

#include "tastemaker/svd/product.hpp"

using namespace tastemaker;

TEST_CASE("a product equals its definition at any width and thread count") {
    const std::vector<offset_t> indptr{0, 2, 2, 5};
    const std::vector<index_t> indices{1, 3, 0, 1, 2};
    const std::vector<float> values{2, -1, 3, 1, 4};
    const CsrView X{3, 4, indptr.data(), indices.data(), values.data()};
    for (const index_t width : {1, 2, 7, 16, 21, 40}) {
        std::vector<double> Y;
        for (index_t i = 0; i < 4 * width; ++i) {
            Y.push_back(i % 11 - 5);
        }
        const MatrixView<const double> dense{Y.data(), 4, width, width};
        for (const int threads : {1, 3, 7}) {
            std::vector<double> out(static_cast<std::size_t>(3 * width), 99);
            product(X, dense, {out.data(), 3, width, width}, threads);
            for (index_t r = 0; r < 3; ++r) {
                for (index_t c = 0; c < width; ++c) {
                    double want = 0;
                    for (offset_t k = 0; k < X.length(r); ++k) {
                        want += X.row(r).value(k) * dense.row(X.row(r).indices[static_cast<std::size_t>(k)])[c];
                    }
                    CHECK(out[static_cast<std::size_t>(r * width + c)] == want);
                }
            }
        }
    }
    std::vector<double> out(3);
    CHECK_THROWS_AS(product(X, {out.data(), 3, 1, 1}, {out.data(), 3, 1, 1}, 1), std::invalid_argument);
}
