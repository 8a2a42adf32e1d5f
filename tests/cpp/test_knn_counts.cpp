// Sums of bits against additions of entries: the same neighbours, to the bit, at every level.
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

// One factor per row, from 0 to 2.
std::vector<float> factors_of(const Pattern& x) {
    std::vector<float> factors;
    for (index_t u = 0; u < x.rows; ++u) {
        factors.push_back(static_cast<float>(u * 37 % 101) / 50.0f);
    }
    return factors;
}

// How the rows of a pattern are summed with these factors, or null.
const simd::KnnBitSums* bit_sums(const float* factors) {
    const simd::KnnKernels& kernels = simd::kernels().knn;
    return factors ? &kernels.weights : &kernels.count;
}

template <class Column>
void check_bits(const Pattern& x, const knn::Similarity& how, offset_t count) {
    const float* factors = how.row_factor;
    const auto layout = knn::LayoutBuilder<Column>(x.view(), factors, 2, bit_sums(factors)).build();
    REQUIRE(layout.has_bits());
    REQUIRE(layout.bits_from > 64);  // or there would be no entries, and no block of columns, to add beside the bits
    const auto added = knn::NeighbourSearch<Column>(x.view(), how, count, 1, simd::knn_dense).run();
    for (const int threads : {1, 3}) {
        CHECK(knn::NeighbourSearch<Column>(x.view(), how, count, threads, std::nullopt).run() == added);
    }
}

}  // namespace

TEST_CASE("knn: summing bits gives what adding entries gives") {
    const Pattern x(700, 1400, 1);
    const std::vector<float> factors = factors_of(x);
    const std::vector<float> own(static_cast<std::size_t>(x.cols), 0.3f);
    const knn::Similarity shrunk{.shrinkage = 10.0f};
    const knn::Similarity jaccard{.score = simd::knn_jaccard};
    const knn::Similarity tfidf{.row_factor = factors.data()};
    const knn::Similarity bm25{
        .score = simd::knn_product, .row_factor = factors.data(), .own = own.data(), .other = own.data()};
    for_each_level([&] {
        for (const knn::Similarity& how : {shrunk, jaccard, tfidf, bm25}) {
            for (const offset_t count : {offset_t{7}, offset_t{x.cols}}) {
                check_bits<std::uint16_t>(x, how, count);
                check_bits<index_t>(x, how, count);
            }
        }
    });
}

TEST_CASE("knn: bits are weighted only where they stay in the cache, and by weights that are finite") {
    for_each_level([] {
        const Pattern x(700, 1400, 5);
        simd::KnnBitSums sums = simd::kernels().knn.weights;
        for (const int registers : {0, 1, 2}) {
            sums.most = x.rows * sums.unit * (registers + 1) - 1;
            const auto layout = knn::LayoutBuilder<index_t>(x.view(), factors_of(x).data(), 1, &sums).build();
            CHECK(layout.bit_stride == registers * sums.unit);
        }
        std::vector<float> infinite = factors_of(x);
        infinite[3] = 1e30f;
        const knn::Similarity how{.score = simd::knn_product, .row_factor = infinite.data()};
        const auto added = knn::NeighbourSearch<index_t>(x.view(), how, 7, 1, simd::knn_dense).run();
        CHECK(knn::NeighbourSearch<index_t>(x.view(), how, 7, 1, std::nullopt).run() == added);
    });
}

TEST_CASE("knn: more rows than the bytes that count them hold") {
    const Pattern x(4400, 780, 2);
    for_each_level([&] { check_bits<std::uint16_t>(x, {}, 20); });
}

TEST_CASE("knn: a bit counts for its column, from the first one asked for") {
    const Pattern x(60, 1300, 3);  // few rows: every column in any of them has bits
    const std::vector<float> weighted = factors_of(x);
    for_each_level([&] {
        for (const float* factors : {static_cast<const float*>(nullptr), weighted.data()}) {
            const auto layout = knn::LayoutBuilder<index_t>(x.view(), factors, 1, bit_sums(factors)).build();
            REQUIRE(layout.columns() - layout.bits_from >= 512);
            const auto width = static_cast<std::size_t>(layout.columns() - layout.bits_from);
            for (const index_t rank : {x.cols - 1, x.cols / 2, index_t{0}}) {
                const auto runs = layout.column(rank);
                std::vector<float> want(width, simd::knn_untouched);
                for (const simd::KnnRun& run : runs) {
                    for (offset_t t = x.indptr[static_cast<std::size_t>(run.row)];
                         t < x.indptr[static_cast<std::size_t>(run.row) + 1]; ++t) {
                        if (layout.ranks[t] >= layout.bits_from) {
                            want[static_cast<std::size_t>(layout.ranks[t] - layout.bits_from)] += run.weight;
                        }
                    }
                }
                for (const std::size_t first : {std::size_t{0}, std::size_t{1}, std::size_t{333}, width - 1, width}) {
                    std::vector<float> sums(width, simd::knn_untouched);
                    layout.bit_sums->sum(layout.bit_rows(), runs.data(), static_cast<offset_t>(runs.size()),
                                         static_cast<offset_t>(first), sums.data());
                    for (std::size_t c = 0; c < width; ++c) {
                        const float sum = c < first ? simd::knn_untouched : want[c];
                        REQUIRE(sums[c] == sum);
                        REQUIRE(std::signbit(sums[c]) == std::signbit(sum));  // untouched is -0.0
                    }
                }
            }
        }
    });
}
