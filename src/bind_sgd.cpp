// Stochastic gradient descent: one epoch of any loss and optimiser on tables as simd/sgd_kernels.hpp wants them.
#include <pybind11/stl.h>

#include <memory>

#include "arrays.hpp"
#include "bindings.hpp"
#include "tastemaker/sgd/examples.hpp"
#include "tastemaker/sgd/fold_in.hpp"
#include "tastemaker/sgd/logistic_mf.hpp"
#include "tastemaker/sgd/synchronous.hpp"

namespace tastemaker::python {
namespace {

// Checked once for many epochs. Nobody may change the arrays afterwards.
struct SgdMatrix {
    explicit SgdMatrix(const py::tuple& parts) : arrays(CsrArrays::from_tuple(parts)), view(arrays.view()) {
        require(view.values != nullptr, "a matrix of weights needs values");
    }

    CsrArrays arrays;
    CsrView view;
};

sgd::Popularity popularity_of(const array<index_t>& occurring, index_t items) {
    require(occurring.ndim() == 1 && items >= 0, "the items that occur must be 1-d");
    const std::span<const index_t> span(occurring.data(), static_cast<std::size_t>(occurring.size()));
    require(std::ranges::all_of(span, [&](index_t item) { return item >= 0 && item < items; }),
            "the items that occur must be columns");
    return {span, items};
}

struct SgdExamples {
    SgdExamples(const py::tuple& parts, std::shared_ptr<sgd::Popularity> popularity_)
        : arrays(CsrArrays::from_tuple(parts)),
          view(arrays.view()),
          examples(view),
          popularity(std::move(popularity_)) {
        require(!popularity || popularity->items() == view.cols, "what is drawn must be columns");
    }
    sgd::Data data() const { return examples.data(popularity.get()); }

    CsrArrays arrays;
    CsrView view;
    sgd::Examples examples;
    std::shared_ptr<sgd::Popularity> popularity;  // none where nothing is drawn by it
};

struct SgdSettings {
    std::string loss;
    std::string optimizer;
    float learning_rate = 0;
    float rho = 0;
    float epsilon = 0;
    float reg_user = 0;
    float reg_item = 0;
    int max_sampled = 0;
    int k = 0;
    int n = 0;
    bool popularity = false;
    bool verify = true;
    bool user_bias = true;

    simd::SgdStep step(float reg, index_t factors) const {
        const bool decays = optimizer == "descent";
        return {learning_rate, rho, epsilon, factors + 1, decays ? 0.0f : reg, decays ? reg : 0.0f};
    }
};

sgd::Side side(array<float>& table, const SgdMatrix* features, index_t factors, const simd::SgdStep& step) {
    MatrixView<float> view = mutable_matrix_view(table);
    view.cols = static_cast<index_t>(sgd::row_size(factors));
    return {view, features ? &features->view : nullptr, step};
}

// Calls fn<Optimizer>(loss) with the policies that the settings name.
template <class Fn>
auto with_policies(const SgdSettings& settings, index_t items, Fn fn) {
    require(settings.max_sampled >= 1 && settings.k >= 1 && settings.n >= settings.k, "counts must be positive");
    const auto with_loss = [&]<class Loss>(const Loss& loss) {
        if (settings.optimizer == "adagrad") {
            return fn(sgd::Adagrad{}, loss);
        }
        if (settings.optimizer == "adadelta") {
            return fn(sgd::Adadelta{}, loss);
        }
        require(settings.optimizer == "descent", "an unknown optimiser");
        return fn(sgd::Descent{}, loss);
    };
    if (settings.loss == "logistic") {
        return with_loss(sgd::Logistic{});
    }
    if (settings.loss == "bpr") {
        return with_loss(sgd::Bpr{});
    }
    if (settings.loss == "warp") {
        return with_loss(sgd::Warp(settings.max_sampled, items));
    }
    require(settings.loss == "warp_kos", "an unknown loss");
    return with_loss(sgd::WarpKos(settings.k, settings.n, settings.max_sampled, items));
}

void check(const sgd::Model& model, const sgd::Data& data, const SgdSettings& settings) {
    require(model.users.count() == data.examples.rows && model.items.count() == data.examples.cols,
            "an epoch needs parameters for every row and column");
    require(!settings.popularity || (data.popularity && !data.popularity->empty()), "there is no item to draw");
}

offset_t epoch(const SgdExamples& examples, array<float> users, array<float> items, const SgdMatrix* user_features,
               const SgdMatrix* item_features, index_t factors, const SgdSettings& settings, std::uint64_t seed,
               offset_t number, bool deterministic, int threads) {
    const sgd::Model model{side(users, user_features, factors, settings.step(settings.reg_user, factors)),
                           side(items, item_features, factors, settings.step(settings.reg_item, factors)), factors,
                           settings.user_bias};
    const sgd::Data data = examples.data();
    const sgd::Sampling sampling{seed, number, settings.popularity, settings.verify};
    check(model, data, settings);
    const py::gil_scoped_release release;  // pure arithmetic on memory that the arguments keep alive
    return with_policies(settings, model.items.count(), [&]<class Optimizer>(Optimizer, const auto& loss) {
        return deterministic ? sgd::synchronous_epoch<Optimizer>(model, data, sampling, loss, threads)
                             : sgd::epoch<Optimizer>(model, data, sampling, loss, threads);
    });
}

void fold_in(const SgdExamples& examples, array<float> users, array<float> items, index_t factors,
             const SgdSettings& settings, std::uint64_t seed, int epochs, int threads) {
    sgd::Model model{side(users, nullptr, factors, settings.step(settings.reg_user, factors)),
                     side(items, nullptr, factors, settings.step(settings.reg_item, factors)), factors,
                     settings.user_bias};
    model.items.frozen = true;
    const sgd::Data data = examples.data();
    const sgd::Sampling sampling{seed, 0, settings.popularity, settings.verify};
    check(model, data, settings);
    const py::gil_scoped_release release;  // as above
    with_policies(settings, model.items.count(), [&]<class Optimizer>(Optimizer, const auto& loss) {
        sgd::fold_in<Optimizer>(model, data, sampling, loss, epochs, threads);
    });
}

// The rows that move are users or items; negatives are columns.
void logistic_half_epoch(const SgdMatrix& likes, array<float> table, const array<float>& others,
                         const sgd::Popularity& popularity, index_t factors, float learning_rate, float reg,
                         int negatives_per_positive, offset_t max_negatives, std::uint64_t key, bool by_row,
                         int threads) {
    constexpr float epsilon = 1e-6f;  // a first step of the whole learning rate, whatever the gradient
    MatrixView<const float> other_view = matrix_view(others);
    other_view.cols = static_cast<index_t>(sgd::row_size(factors));
    require(!popularity.empty() || negatives_per_positive == 0, "there is no column to draw");
    require(popularity.items() == likes.view.cols, "what is drawn must be columns");
    const MatrixView<float> view = mutable_matrix_view(table);
    const sgd::LogisticMf settings{{learning_rate, 0.0f, epsilon, factors + 1, 0.0f, 0.0f},
                                   reg,
                                   negatives_per_positive,
                                   max_negatives,
                                   &popularity,
                                   key,
                                   by_row};
    const py::gil_scoped_release release;  // as above
    sgd::logistic_half_epoch(likes.view, view, other_view, factors, settings, threads);
}

// Writes sources[i] over targets[i]. All in one call, since between two Ctrl-C could part what belongs together.
void overwrite(std::vector<array<float>> targets, const std::vector<py::array_t<float>>& sources) {
    struct Copy {
        float* to;
        const float* from;
        offset_t rows, cols, stride;
    };
    require(targets.size() == sources.size(), "each array needs a source");
    std::vector<Copy> copies;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        array<float>& to = targets[i];
        const py::array_t<float>& from = sources[i];
        const bool same = to.ndim() == from.ndim() && std::equal(to.shape(), to.shape() + to.ndim(), from.shape());
        const bool rows =
            from.ndim() == 1 || from.size() == 0 || (from.ndim() == 2 && from.strides(1) == sizeof(float));
        require(same && rows, "an array and its source must have the same shape, and rows of the source no gaps");
        copies.push_back({to.mutable_data(), from.data(), from.shape(0), from.ndim() == 1 ? 1 : from.shape(1),
                          from.strides(0) / static_cast<offset_t>(sizeof(float))});
    }
    const py::gil_scoped_release release;  // as above
    for (const Copy& copy : copies) {
        for (offset_t row = 0; row < copy.rows; ++row) {
            std::copy_n(copy.from + row * copy.stride, copy.cols, copy.to + row * copy.cols);
        }
    }
}

}  // namespace

void bind_sgd(py::module_& m) {
    m.def("sgd_row_size", &sgd::row_size, py::arg("factors"));
    py::class_<sgd::Popularity, std::shared_ptr<sgd::Popularity>>(m, "SgdPopularity")
        .def(py::init(&popularity_of), py::arg("occurring").noconvert(), py::arg("items"));
    py::class_<SgdMatrix>(m, "SgdMatrix").def(py::init<const py::tuple&>(), py::arg("csr"));
    py::class_<SgdExamples>(m, "SgdExamples")
        .def(py::init<const py::tuple&, std::shared_ptr<sgd::Popularity>>(), py::arg("csr"),
             py::arg("popularity").none(true));
    py::class_<SgdSettings>(m, "SgdSettings")
        .def(py::init([](std::string loss, std::string optimizer, float learning_rate, float rho, float epsilon,
                         float reg_user, float reg_item, int max_sampled, int k, int n, bool popularity, bool verify,
                         bool user_bias) {
                 return SgdSettings{std::move(loss),
                                    std::move(optimizer),
                                    learning_rate,
                                    rho,
                                    epsilon,
                                    reg_user,
                                    reg_item,
                                    max_sampled,
                                    k,
                                    n,
                                    popularity,
                                    verify,
                                    user_bias};
             }),
             py::kw_only(), py::arg("loss"), py::arg("optimizer"), py::arg("learning_rate"), py::arg("rho") = 0.0f,
             py::arg("epsilon") = 0.0f, py::arg("reg_user") = 0.0f, py::arg("reg_item") = 0.0f,
             py::arg("max_sampled") = 1, py::arg("k") = 1, py::arg("n") = 1, py::arg("popularity") = false,
             py::arg("verify") = true, py::arg("user_bias") = true);
    m.def("sgd_epoch", &epoch, py::arg("examples"), py::arg("users").noconvert(), py::arg("items").noconvert(),
          py::arg("user_features").none(true), py::arg("item_features").none(true), py::arg("factors"),
          py::arg("settings"), py::kw_only(), py::arg("seed"), py::arg("epoch"), py::arg("deterministic"),
          py::arg("threads"));
    m.def("sgd_fold_in", &fold_in, py::arg("examples"), py::arg("users").noconvert(), py::arg("items").noconvert(),
          py::arg("factors"), py::arg("settings"), py::kw_only(), py::arg("seed"), py::arg("epochs"),
          py::arg("threads"));
    m.def("overwrite", &overwrite, py::arg("targets").noconvert(), py::arg("sources").noconvert());
    m.def("logistic_half_epoch", &logistic_half_epoch, py::arg("likes"), py::arg("table").noconvert(),
          py::arg("others").noconvert(), py::arg("popularity"), py::arg("factors"), py::kw_only(),
          py::arg("learning_rate"), py::arg("reg"), py::arg("negatives_per_positive"), py::arg("max_negatives"),
          py::arg("key"), py::arg("by_row"), py::arg("threads"));
}

}  // namespace tastemaker::python
