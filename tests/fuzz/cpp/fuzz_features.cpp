// Feature tables: an epoch on checked features and examples stays within them, or is refused.
#include "choices.hpp"
#include "tastemaker/sgd/examples.hpp"
#include "tastemaker/sgd/fold_in.hpp"
#include "tastemaker/sgd/logistic_mf.hpp"
#include "tastemaker/sgd/synchronous.hpp"

namespace {

using namespace fuzz;

// Parameters and features of one side, which may be of the wrong size.
struct Side {
    index_t factors;
    std::vector<float> numbers;
    std::optional<Matrix> features;
    std::optional<CsrView> view;

    Side(Choices& choices, index_t count, index_t factors_, int state) : factors(factors_) {
        index_t rows = count;
        if (choices.below(2)) {
            features.emplace(choices, count, 1 + choices.below(9));
            view = features->checked();
            require(view->values != nullptr, "features have values");  // as the bindings check
            rows = std::min(view->cols, 100);
        }
        const offset_t width = (1 + state) * sgd::row_size(factors);
        rows = choices.likely() ? rows : static_cast<index_t>(choices.below(9));
        numbers.assign(static_cast<std::size_t>(rows * width), 0.1f);
        for (std::size_t at = static_cast<std::size_t>(choices.byte()); at < numbers.size(); at += 97) {
            numbers[at] = choices.number();
        }
        table = {numbers.data(), rows, static_cast<index_t>(sgd::row_size(factors)), width};
    }

    sgd::Side side(const simd::SgdStep& step) const { return {table, view ? &*view : nullptr, step}; }

    MatrixView<float> table;
};

template <class Optimizer, class Loss>
void epochs(Choices& choices, const CsrView& x, const Loss& loss) {
    const auto factors = static_cast<index_t>(1 + choices.below(20));
    const bool folding = choices.below(4) == 3;
    const Side users(choices, x.rows, factors, Optimizer::state);
    const Side items(choices, x.cols, factors, folding ? 0 : Optimizer::state);
    const float growth = choices.below(2) ? 1e-3f : 0.0f;
    const simd::SgdStep step{0.05f, 0.95f, 1e-6f, factors + 1, growth, 0.0f};
    sgd::Model model{users.side(step), items.side(step), factors, choices.below(2) == 1};
    model.items.frozen = folding;
    const sgd::Examples examples(x);
    const sgd::Popularity popularity({x.indices, static_cast<std::size_t>(x.nnz())}, x.cols);
    const sgd::Data data = examples.data(&popularity);
    const sgd::Sampling sampling{7, choices.below(3), choices.below(2) && !popularity.empty(), choices.likely()};
    // As the bindings check.
    require(model.users.count() == x.rows && model.items.count() == x.cols, "a row of parameters for each");
    if (folding) {
        sgd::fold_in<Optimizer>(model, data, sampling, loss, 2, 1);
    } else if (choices.below(2)) {
        expect(sgd::synchronous_epoch<Optimizer>(model, data, sampling, loss, 1) <= x.nnz(), "an example moves once");
    } else {
        expect(sgd::epoch<Optimizer>(model, data, sampling, loss, 1) <= x.nnz(), "an example moves once");
    }
}

void logistic_mf(Choices& choices, const CsrView& x) {
    const auto factors = static_cast<index_t>(1 + choices.below(20));
    const Side rows(choices, x.rows, factors, 1);
    const Side others(choices, x.cols, factors, 1);
    const sgd::Popularity popularity({x.indices, static_cast<std::size_t>(x.nnz())}, x.cols);
    require(x.values != nullptr && !popularity.empty() && !rows.view && !others.view, "rows of parameters, and likes");
    const sgd::LogisticMf settings{{0.1f, 0.0f, 1e-6f, factors + 1, 0.0f, 0.0f},
                                   0.1f,
                                   choices.below(4),
                                   choices.below(9),
                                   &popularity,
                                   5,
                                   choices.below(2) == 1};
    const MatrixView<float> other = others.table;
    sgd::logistic_half_epoch(x, rows.table, {other.data, other.rows, other.cols, other.stride}, factors, settings, 1);
}

void anything(Choices& choices) {
    const int rows = choices.below(7);
    const Matrix made(choices, rows, 1 + choices.below(12));
    const CsrView x = made.checked();
    if (x.cols > 100) {
        return;
    }
    switch (choices.below(7)) {
        case 0:
            return epochs<sgd::Adagrad>(choices, x, sgd::Warp(1 + choices.below(9), std::max(x.cols, 1)));
        case 1:
            return epochs<sgd::Adagrad>(
                choices, x, sgd::WarpKos(1 + choices.below(3), 3 + choices.below(4), 10, std::max(x.cols, 1)));
        case 2:
            return epochs<sgd::Adagrad>(choices, x, sgd::Bpr{});
        case 3:
            return epochs<sgd::Adagrad>(choices, x, sgd::Logistic{});
        case 4:
            return epochs<sgd::Adadelta>(choices, x, sgd::Warp(5, std::max(x.cols, 1)));
        case 5:
            return epochs<sgd::Descent>(choices, x, sgd::Bpr{});
        default:
            return logistic_mf(choices, x);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return refusing({data, size}, anything);
}
