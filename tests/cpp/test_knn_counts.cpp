// Counts of bits against additions of entries: the same neighbours, to the bit, at every level.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "levels.hpp"
#include "tastemaker/knn/neighbours.hpp"

namespace {

using namespace tastemaker;

// A pattern whose columns are full, common or rare, in turns.
struct Pattern {
    index_t rows, cols;
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;

    Pattern(index_t rows_, index_t cols_, unsigned seed) : rows(rows_), cols(cols_) {
        unsigned state = seed;
        for (index_t u = 0; u < rows; ++u) {
            for (index_t j = 0; j < cols; ++j) {
                state = state * 1664525u + 1013904223u;
                const unsigned draw = state >> 8;
                const unsigned one_in = j % 97 == 0 ? 1u : j % 3 == 0 ? 5u : j % 3 == 1 ? 40u : 1000u;
                if (draw % one_in == 0) {
                    indices.push_back(j);
                }
            }
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
    }

    CsrView view() const { return {rows, cols, indptr.data(), indices.data(), nullptr}; }
};

template <class Column>
void check_counts(const Pattern& x, const knn::Similarity& how, offset_t count) {
    const int bytes = simd::kernels().knn.bit_bytes;
    const auto layout = knn::LayoutBuilder<Column>(x.view(), nullptr, 2, bytes).build();
    REQUIRE(layout.has_bits());
    REQUIRE(layout.bits_from > 0);  // or there would be no entries to add beside the bits
    const auto added = knn::NeighbourSearch<Column>(x.view(), how, count, 1, simd::knn_dense).run();
    for (const int threads : {1, 3}) {
        CHECK(knn::NeighbourSearch<Column>(x.view(), how, count, threads, std::nullopt).run() == added);
    }
}

}  // namespace

TEST_CASE("knn: counting bits gives what adding entries gives") {
    const Pattern x(700, 1400, 1);
    const knn::Similarity shrunk{.shrinkage = 10.0f};
    const knn::Similarity jaccard{.score = simd::knn_jaccard};
    for_each_level([&] {
        for (const knn::Similarity& how : {shrunk, jaccard}) {
            for (const offset_t count : {offset_t{7}, offset_t{x.cols}}) {
                check_counts<std::uint16_t>(x, how, count);
                check_counts<index_t>(x, how, count);
            }
        }
    });
}

TEST_CASE("knn: more rows than the bytes that count them hold") {
    const Pattern x(4400, 780, 2);
    for_each_level([&] { check_counts<std::uint16_t>(x, {}, 20); });
}

TEST_CASE("knn: a bit counts for its column, from the first one asked for") {
    const Pattern x(60, 1300, 3);  // few rows: every column in any of them has bits
    for_each_level([&] {
        const simd::KnnKernels& kernels = simd::kernels().knn;
        const auto layout = knn::LayoutBuilder<index_t>(x.view(), nullptr, 1, kernels.bit_bytes).build();
        REQUIRE(layout.columns() - layout.bits_from >= 512);
        const auto width = static_cast<std::size_t>(layout.columns() - layout.bits_from);
        for (const index_t rank : {x.cols - 1, x.cols / 2, index_t{0}}) {
            const auto runs = layout.column(rank);
            std::vector<float> want(width, 0.0f);
            for (const simd::KnnRun& run : runs) {
                for (offset_t t = x.indptr[static_cast<std::size_t>(run.row)];
                     t < x.indptr[static_cast<std::size_t>(run.row) + 1]; ++t) {
                    if (layout.ranks[t] >= layout.bits_from) {
                        ++want[static_cast<std::size_t>(layout.ranks[t] - layout.bits_from)];
                    }
                }
            }
            for (const std::size_t first : {std::size_t{0}, std::size_t{1}, std::size_t{333}, width - 1, width}) {
                std::vector<float> sums(width, simd::knn_untouched);
                kernels.count(layout.bit_rows(), runs.data(), static_cast<offset_t>(runs.size()),
                              static_cast<offset_t>(first), sums.data());
                for (std::size_t c = 0; c < width; ++c) {
                    REQUIRE(sums[c] == (c < first ? 0.0f : want[c]));
                    REQUIRE(std::signbit(sums[c]) == (sums[c] == 0.0f));  // untouched is -0.0
                }
            }
        }
    });
}
