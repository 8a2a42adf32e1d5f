#include <doctest/doctest.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "tastemaker/base/transpose.hpp"
#include "tastemaker/base/views.hpp"

using namespace tastemaker;

namespace {

// A 3 x 4 matrix: row 0 holds columns 1 and 3, row 1 nothing, row 2 column 0.
struct Sample {
    index_t rows = 3;
    index_t cols = 4;
    std::vector<offset_t> indptr{0, 2, 2, 3};
    std::vector<index_t> indices{1, 3, 0};
    std::vector<float> values{0.5f, -2.0f, 4.0f};

    CsrView view() const { return {rows, cols, indptr.data(), indices.data(), values.data()}; }
    void validate() const { view().validate(static_cast<offset_t>(indices.size())); }
};

}  // namespace

TEST_CASE("views: a sound matrix passes and its rows read back") {
    const Sample sample;
    CHECK_NOTHROW(sample.validate());
    const CsrView csr = sample.view();
    CHECK(csr.nnz() == 3);
    CHECK(csr.length(1) == 0);
    CHECK(csr.row(0).size() == 2);
    CHECK(csr.row(0).indices[1] == 3);
    CHECK(csr.row(0).value(1) == -2.0f);
    CHECK(csr.row(1).size() == 0);
    CHECK(csr.row(2).value(0) == 4.0f);
}

TEST_CASE("views: without values every entry is 1") {
    const Sample sample;
    CsrView csr = sample.view();
    csr.values = nullptr;
    CHECK_NOTHROW(csr.validate(3));
    CHECK(csr.row(0).value(1) == 1.0f);
}

TEST_CASE("views: a matrix without rows or columns passes") {
    const offset_t start = 0;
    CHECK_NOTHROW(CsrView{0, 5, &start, nullptr, nullptr}.validate(0));
    const std::vector<offset_t> indptr(4, 0);
    CHECK_NOTHROW(CsrView{3, 0, indptr.data(), nullptr, nullptr}.validate(0));
}

TEST_CASE("views: validate refuses what would read outside the arrays") {
    Sample s;
    SUBCASE("negative rows") {
        s.rows = -1;
    }
    SUBCASE("negative columns") {
        s.cols = -1;
    }
    SUBCASE("indptr that does not start at 0") {
        s.indptr[0] = 1;
    }
    SUBCASE("negative start") {
        s.indptr[0] = -1;
    }
    SUBCASE("indptr that decreases") {
        s.indptr[1] = 3;
    }
    SUBCASE("indptr past the end") {
        s.indptr[3] = 4;
    }
    SUBCASE("a jump past the end that comes back") {
        s.indptr = {0, 1'000'000, 2, 3};
    }
    SUBCASE("negative index") {
        s.indices[2] = -1;
    }
    SUBCASE("index = cols") {
        s.indices[1] = 4;
    }
    SUBCASE("unsorted row") {
        s.indices = {3, 1, 0};
    }
    SUBCASE("duplicate in a row") {
        s.indices = {3, 3, 0};
    }
    CHECK_THROWS_AS(s.validate(), std::invalid_argument);
}

// More than 2^31 entries is a matter of arithmetic: these views point at memory that nobody touches.
TEST_CASE("views: positions beyond 2^31 do not wrap") {
    constexpr offset_t big = offset_t{5'000'000'000};
    const std::vector<offset_t> indptr{0, big, big + 2};
    const std::vector<index_t> indices(1);
    const CsrView csr{2, 10, indptr.data(), indices.data(), nullptr};
    CHECK(csr.nnz() == big + 2);
    CHECK(csr.length(0) == big);
    CHECK(reinterpret_cast<std::uintptr_t>(csr.row(1).indices.data()) -
              reinterpret_cast<std::uintptr_t>(indices.data()) ==
          static_cast<std::uintptr_t>(big) * sizeof(index_t));
    CHECK_THROWS_AS(csr.validate(1), std::invalid_argument);
}

TEST_CASE("views: dense rows beyond 2^31 elements do not wrap") {
    float cell = 0;
    const MatrixView<float> dense{&cell, 40'000'000, 100, 128};
    CHECK(reinterpret_cast<std::uintptr_t>(dense.row(39'999'999)) - reinterpret_cast<std::uintptr_t>(&cell) ==
          std::uintptr_t{39'999'999} * 128 * sizeof(float));
}

TEST_CASE("views: the transpose holds every entry in its place, with and without values") {
    const Sample sample;
    CsrView csr = sample.view();
    std::vector<offset_t> indptr(5, -1);
    std::vector<index_t> indices(3, -1);
    std::vector<float> values(3);
    transpose(csr, indptr.data(), indices.data(), values.data());
    CHECK(indptr == std::vector<offset_t>{0, 1, 2, 2, 3});
    CHECK(indices == std::vector<index_t>{2, 0, 0});
    CHECK(values == std::vector<float>{4.0f, 0.5f, -2.0f});
    csr.values = nullptr;
    transpose(csr, indptr.data(), indices.data(), nullptr);
    CHECK(indices == std::vector<index_t>{2, 0, 0});
}
