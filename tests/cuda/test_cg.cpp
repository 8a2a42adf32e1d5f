// Conjugate gradients on the simulated device against fp64.
#include <doctest/doctest.h>

#include "problems.hpp"

using namespace tastemaker;
using namespace tastemaker::cuda;
using namespace tastemaker::cuda::test;

namespace {

const als::Problem problem{0.05f, 1.5f, 0.5f, 0.6f};
constexpr offset_t plenty = 1 << 30;

Factors solved(const Csr& csr, const Factors& y, const Factors& start, const Solver& solver, offset_t budget = plenty,
               Storage storage = Storage::float32) {
    const Matrix matrix(csr.view(), problem, budget);
    Table x = start.on_device(storage);
    half_epoch(matrix, y.on_device(storage), exact_diagonal(y).data(), solver, x);
    return from_device(x);
}

Factors unit_rows(offset_t rows, index_t factors, unsigned seed) {
    return {rows, factors, seed, 1 / std::sqrt(static_cast<float>(factors))};
}

void check_rows(const Factors& x, const Csr& csr, const Factors& y, const Factors& start, int steps, bool plain,
                double tolerance) {
    const std::vector<double> gram = exact_diagonal(y);
    for (index_t u = 0; u < csr.view().rows; ++u) {
        CAPTURE(u);
        const System system(csr.view().row(u), y, gram, problem);
        const std::vector<double> zeros(system.size());
        const bool empty = csr.view().length(u) == 0;
        CHECK(relative_error(x, u, empty ? zeros : conjugate_gradients(system, row_of(start, u), steps, plain)) <=
              tolerance);
    }
}

}  // namespace

TEST_CASE("cuda cg: rows of every length follow the fp64 iteration at every width") {
    for (const index_t factors : {1, 7, 32, 64, 100, 128, 256, 1024}) {
        CAPTURE(factors);
        const bool few = brief ? factors != 7 : factors > 128;  // the simulator takes a while
        const std::vector<index_t> lengths{0, 1, 31, 32, 33, 1000, 5000}, some{0, 1, 33, brief ? 520 : 600};
        const Csr csr(few ? some : lengths, few ? 700 : 5000, 1);
        const Factors y = unit_rows(csr.cols, factors, 2);
        const Factors start = unit_rows(csr.view().rows, factors, 3);
        // Sums of 5000 fp32 terms, of which those of one factor nearly cancel.
        check_rows(solved(csr, y, start, {2}), csr, y, start, 2, false, 600 * eps);
    }
}

TEST_CASE("cuda cg: plain steps, one step, many steps") {
    const Csr csr({40, 0, 3, 600}, 700, 4);
    const Factors y = unit_rows(700, 40, 5), start = unit_rows(4, 40, 6);
    check_rows(solved(csr, y, start, {2, false}), csr, y, start, 2, true, 200 * eps);
    check_rows(solved(csr, y, start, {1}), csr, y, start, 1, false, 200 * eps);
    check_rows(solved(csr, y, start, {30}), csr, y, start, 40, false, 1000 * eps);
}

TEST_CASE("cuda cg: without values every entry counts 1") {
    const Csr csr({40, 0, 3, 600}, 700, 7, false);
    const Factors y = unit_rows(700, 20, 8), start = unit_rows(4, 20, 9);
    check_rows(solved(csr, y, start, {2}), csr, y, start, 2, false, 200 * eps);
}

TEST_CASE("cuda cg: entries that pass through in blocks give the same bits") {
    std::vector<index_t> lengths;
    for (index_t u = 0; u < 60; ++u) {
        lengths.push_back(u % 7 == 0 ? 0 : u % 20 == 3 ? 550 : u);
    }
    for (const bool weighted : {true, false}) {
        const Csr csr(lengths, 700, 10, weighted);
        const Factors y = unit_rows(700, 33, 11), start = unit_rows(60, 33, 12);
        const Factors resident = solved(csr, y, start, {2});
        for (const offset_t budget : {2000, 100, 0}) {
            CHECK(Matrix(csr.view(), problem, budget).blocks() > 3);
            CHECK(solved(csr, y, start, {2}, budget).data == resident.data);
        }
    }
}

TEST_CASE("cuda cg: 16-bit factors compute in fp32 and round at the end") {
    const Csr csr({40, 0, 3, 600}, 700, 13);
    for (const Storage storage : {Storage::float16, Storage::bfloat16}) {
        // What a table holds after rounding is where both start from.
        const Factors y = from_device(unit_rows(700, 48, 14).on_device(storage));
        const Factors start = from_device(unit_rows(4, 48, 15).on_device(storage));
        const double unit = storage == Storage::float16 ? 1.0 / 2048 : 1.0 / 256;
        check_rows(solved(csr, y, start, {2}, plenty, storage), csr, y, start, 2, false, unit + 200 * eps);
    }
}

TEST_CASE("cuda cg: factors that are not finite are an error, and nothing leaks") {
    const Csr csr({3, 600}, 700, 16);
    Factors y = unit_rows(700, 5, 17);
    const Factors start = unit_rows(2, 5, 18);
    y.data[0] = std::numeric_limits<float>::infinity();
    CHECK_THROWS_AS(solved(csr, y, start, {2}), NumericalError);
}
