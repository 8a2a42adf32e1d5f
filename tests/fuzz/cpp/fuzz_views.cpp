// CSR views: what CsrView::validate lets through may be given to every kernel that takes one.
#include "choices.hpp"
#include "tastemaker/base/transpose.hpp"
#include "tastemaker/eval/diversity.hpp"
#include "tastemaker/eval/ranking.hpp"
#include "tastemaker/knn/neighbours.hpp"
#include "tastemaker/select/dense_pairs.hpp"
#include "tastemaker/select/dense_topn.hpp"
#include "tastemaker/select/sparse_pairs.hpp"
#include "tastemaker/select/sparse_topn.hpp"
#include "tastemaker/select/table_pairs.hpp"
#include "tastemaker/select/table_topn.hpp"
#include "tastemaker/simd/level.hpp"
#include "tastemaker/svd/product.hpp"

namespace {

using namespace fuzz;

Matrix matrix(Choices& choices) {
    const int rows = choices.below(7);
    return {choices, rows, choices.below(20)};
}

// A table of numbers and the view of it.
struct Dense {
    std::vector<float> numbers;
    MatrixView<const float> view;

    Dense(Choices& choices, int rows, int cols) : numbers(choices.numbers(rows * cols)) {
        view = {numbers.data(), rows, cols, cols};
    }
};

Dense dense(Choices& choices) {
    const int rows = choices.below(9);
    return {choices, rows, choices.below(20)};
}

int threads(Choices& choices) {
    return choices.byte() == 255 ? 3 : 1;  // starting threads takes longer than all else
}

// A view that may be used. Those of billions of columns are sound, and what is made of them takes gigabytes.
CsrView usable(const Matrix& made) {
    const CsrView view = made.checked();
    require(view.cols <= 1000, "too large for a fuzzer");
    return view;
}

void transposed(Choices& choices) {
    const Matrix made = matrix(choices);
    const CsrView x = usable(made);
    std::vector<offset_t> indptr(static_cast<std::size_t>(x.cols) + 1);
    std::vector<index_t> indices(static_cast<std::size_t>(x.nnz()));
    std::vector<float> values(indices.size());
    transpose(x, indptr.data(), indices.data(), values.data());
    const CsrView back{x.cols, x.rows, indptr.data(), indices.data(), values.data()};
    back.validate(x.nnz());
    expect(back.nnz() == x.nnz(), "a transpose has the same entries");
}

void neighbours(Choices& choices) {
    const bool wide = choices.byte() == 255;  // enough columns for bits, which take milliseconds
    const int width = choices.below(20);
    const Matrix made(choices, choices.below(wide ? 3 : 7), wide ? 256 + width : width);
    const CsrView x = usable(made);
    const bool centred = choices.below(4) == 3;
    const std::vector<float> rows = choices.numbers(x.rows);
    const std::vector<float> own = choices.numbers(x.cols);
    const std::vector<float> other = choices.numbers(x.cols);
    const auto optional = [&](const std::vector<float>& given) { return choices.below(2) ? given.data() : nullptr; };
    const knn::Similarity similarity{
        .score = choices.pick(std::array{simd::knn_cosine, simd::knn_jaccard, simd::knn_product}),
        .shrinkage = std::abs(choices.number()),
        .centred = centred,
        .row_factor = centred ? nullptr : optional(rows),
        .own = optional(own),
        .other = optional(other),
    };
    const auto mode =
        choices.pick(std::array<std::optional<simd::KnnMode>, 3>{std::nullopt, simd::knn_dense, simd::knn_list});
    const offset_t count = 1 + choices.below(9);
    const knn::NeighbourTable table = knn::neighbours(x, similarity, count, threads(choices), mode);
    const CsrView found{x.cols, x.cols, table.indptr.data(), table.indices.data(), table.scores.data()};
    expect(found.nnz() == static_cast<offset_t>(table.indices.size()), "a table ends where its entries end");
    expect(std::ranges::all_of(table.indices, [&](index_t j) { return j >= 0 && j < x.cols; }),
           "neighbours are columns");
    if (wide && !x.values && !similarity.row_factor) {
        const knn::NeighbourTable added = knn::neighbours(x, similarity, count, 1, simd::knn_dense);
        expect(table == added, "counts are sums");
    }
}

void products(Choices& choices) {
    const Matrix made = matrix(choices);
    const CsrView x = usable(made);
    const int width = choices.below(5);
    const int rows = choices.likely() ? x.cols : choices.below(9);
    const std::vector<double> y(static_cast<std::size_t>(rows * width), 0.5);
    std::vector<double> out(static_cast<std::size_t>(x.rows * width));
    product(x, {y.data(), rows, width, width}, {out.data(), x.rows, width, width}, threads(choices));
}

void metrics(Choices& choices) {
    const Matrix made = matrix(choices);
    const CsrView x = usable(made);
    const int width = choices.below(6);
    const offset_t rows = choices.likely() ? x.rows : choices.below(9);
    const std::vector<index_t> ids = choices.ids(rows * width);
    const std::vector<index_t> cutoffs = choices.ids(choices.below(4));
    const MatrixView<const index_t> lists{ids.data(), rows, width, width};
    if (choices.below(2)) {
        std::vector<double> out(static_cast<std::size_t>(rows) * cutoffs.size());
        eval::list_diversity(lists, x, cutoffs, threads(choices), out.data());
        return;
    }
    const std::vector<index_t> candidates = choices.ids(choices.likely() ? rows : choices.below(9));
    std::vector<double> out(static_cast<std::size_t>(rows) * cutoffs.size() * eval::ranking_metrics.size());
    eval::rank_users(lists, x, candidates, cutoffs, threads(choices), out.data());
}

// Lists, scores and ranks by an index, each function given what comes before its own arguments.
template <class Topn, class Score, class Rank>
void lists(Choices& choices, offset_t queries, index_t catalogue, Topn topn, Score score, Rank rank) {
    const bool masked = choices.below(2);
    const Matrix seen(choices, static_cast<int>(queries), catalogue);
    const CsrView seen_view = usable(seen);
    const CsrView* exclude = masked ? &seen_view : nullptr;
    if (choices.below(2)) {
        const auto n = static_cast<index_t>(choices.below(41) - 1);
        const std::vector<std::uint8_t> allowed(static_cast<std::size_t>(catalogue), choices.likely());
        std::vector<index_t> ids(static_cast<std::size_t>(queries * std::max(n, 0)));
        std::vector<float> scores(ids.size());
        topn(TopnRequest{n, exclude, choices.below(2) ? allowed.data() : nullptr, threads(choices)},
             TopnResult{ids.data(), scores.data()});
        for (std::size_t i = 0; i < ids.size(); ++i) {
            expect(ids[i] >= -1 && ids[i] < catalogue, "ids are items");
            expect((ids[i] == -1) == std::isnan(scores[i]), "a place without an item has no score");
        }
        return;
    }
    const int count = choices.below(5);
    const std::vector<index_t> rows = choices.ids(count);
    const std::vector<index_t> items = choices.ids(count);
    const PairsView pairs{rows.data(), items.data(), count};
    std::vector<float> scores(rows.size());
    score(pairs, threads(choices), scores.data());
    std::vector<std::int64_t> ranks(rows.size());
    const Ties ties = choices.pick(std::array{Ties::by_index, Ties::shared, Ties::last});
    rank(pairs, exclude, threads(choices), ranks.data(), ties);
    expect(std::ranges::all_of(ranks, [](std::int64_t r) { return r >= 1; }), "ranks count from 1");
}

void dense_lists(Choices& choices) {
    const Dense items = dense(choices);
    const Dense queries(choices, choices.below(9), choices.likely() ? items.view.cols : choices.below(20));
    const DenseIndex index(items.view, simd::kernels().topn, 1);
    lists(
        choices, queries.view.rows, index.catalogue(), [&](auto... asked) { topn(index, queries.view, asked...); },
        [&](auto... asked) { score_pairs(index, queries.view, asked...); },
        [&](auto... asked) { rank_pairs(index, queries.view, asked...); });
}

void sparse_lists(Choices& choices) {
    const Matrix table = matrix(choices);
    const CsrView view = usable(table);
    const Matrix asking(choices, choices.below(7), choices.likely() ? view.rows : choices.below(9));
    const CsrView queries = usable(asking);
    const SparseIndex index(view);
    const simd::TopnKernels& kernels = simd::kernels().topn;
    lists(
        choices, queries.rows, index.catalogue(), [&](auto... asked) { topn(index, kernels, queries, asked...); },
        [&](auto... asked) { score_pairs(index, kernels, queries, asked...); },
        [&](auto... asked) { rank_pairs(index, kernels, queries, asked...); });
}

void table_lists(Choices& choices) {
    const Dense table = dense(choices);
    const int cols = choices.likely() ? static_cast<int>(table.view.rows) : choices.below(9);
    const Matrix asking(choices, choices.below(7), cols);
    const CsrView queries = usable(asking);
    const TableIndex index(table.view, simd::kernels().topn);
    lists(
        choices, queries.rows, index.catalogue(), [&](auto... asked) { topn(index, queries, asked...); },
        [&](auto... asked) { score_pairs(index, queries, asked...); },
        [&](auto... asked) { rank_pairs(index, queries, asked...); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return refusing({data, size}, [](Choices& choices) {
        choices.pick(std::array{transposed, neighbours, products, metrics, dense_lists, sparse_lists, table_lists})(
            choices);
    });
}
