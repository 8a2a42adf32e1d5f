// Trains implicit ALS on a CSV of user,item,weight with a header line, and prints what a user may like next.
//   als_from_csv FILE USER [COUNT]
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "tastemaker/als/gram.hpp"
#include "tastemaker/als/half_epoch.hpp"
#include "tastemaker/base/rng.hpp"
#include "tastemaker/base/transpose.hpp"
#include "tastemaker/select/dense_topn.hpp"

namespace {

using namespace tastemaker;

constexpr index_t factors = 16;
constexpr int epochs = 15;
constexpr int threads = 2;

// Names in the order in which they came, and the place of each.
struct Names {
    index_t place(const std::string& name) {
        const auto [it, added] = places.try_emplace(name, static_cast<index_t>(names.size()));
        if (added) {
            names.push_back(name);
        }
        return it->second;
    }

    std::vector<std::string> names;
    std::unordered_map<std::string, index_t> places;
};

// Memory of a CSR matrix; the core works on views of memory that it does not own.
struct Csr {
    CsrView view() const { return {rows, cols, indptr.data(), indices.data(), values.data()}; }

    Csr transposed() const {
        Csr out{cols, rows, std::vector<offset_t>(static_cast<std::size_t>(cols) + 1),
                std::vector<index_t>(indices.size()), std::vector<float>(values.size())};
        transpose(view(), out.indptr.data(), out.indices.data(), out.values.data());
        return out;
    }

    index_t rows = 0, cols = 0;
    std::vector<offset_t> indptr;
    std::vector<index_t> indices;
    std::vector<float> values;
};

// Reads lines of user,item,weight; weights of a pair that comes twice add up.
Csr read_csv(const std::string& path, Names& users, Names& items) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line)) {
        throw std::runtime_error("cannot read " + path);
    }
    std::vector<std::map<index_t, float>> rows;  // by user: weights by item, ascending as a CSR row must be
    while (std::getline(file, line)) {
        const std::size_t first = line.find(','), last = line.rfind(',');
        if (first == std::string::npos || first == last) {
            throw std::runtime_error("expected user,item,weight, got: " + line);
        }
        const auto user = static_cast<std::size_t>(users.place(line.substr(0, first)));
        rows.resize(users.names.size());
        rows[user][items.place(line.substr(first + 1, last - first - 1))] += std::stof(line.substr(last + 1));
    }
    Csr out{static_cast<index_t>(rows.size()), static_cast<index_t>(items.names.size()), {0}, {}, {}};
    for (const auto& row : rows) {
        for (const auto& [item, weight] : row) {
            out.indices.push_back(item);
            out.values.push_back(weight);
        }
        out.indptr.push_back(static_cast<offset_t>(out.indices.size()));
    }
    out.view().validate(static_cast<offset_t>(out.indices.size()));
    return out;
}

// Rows of factors as the kernels want them: aligned, padded to whole vectors.
struct Matrix {
    explicit Matrix(index_t n) : memory(checked_mul(n, stride)), view{memory.data(), n, factors, stride} {}

    // Small numbers that depend on the seed and the place alone.
    void randomise(std::uint64_t seed) {
        Draws draws(seed);
        for (offset_t i = 0; i < view.rows; ++i) {
            for (index_t k = 0; k < factors; ++k) {
                view.row(i)[k] = static_cast<float>(draws.below(2001) - 1000) * 1e-4f;
            }
        }
    }

    als::Factors constant() const { return {view.data, view.rows, view.cols, view.stride}; }

    static constexpr offset_t stride = (factors + simd::als_padding - 1) / simd::als_padding * simd::als_padding;
    AlignedBuffer<float> memory;
    MatrixView<float> view;
};

void train(const Csr& x, Matrix& users, Matrix& items) {
    const Csr xt = x.transposed();
    const als::Problem problem{.reg = 0.1f, .alpha = 1.0f, .unobserved_weight = 0.1f, .nu = 1.0f};
    const als::Solver exact;
    items.randomise(1);
    for (int epoch = 0; epoch < epochs; ++epoch) {
        const AlignedBuffer<double> item_gram = als::gram(items.constant(), threads);
        als::half_epoch(x.view(), items.constant(), item_gram.data(), problem, exact, users.view, threads);
        const AlignedBuffer<double> user_gram = als::gram(users.constant(), threads);
        als::half_epoch(xt.view(), users.constant(), user_gram.data(), problem, exact, items.view, threads);
    }
}

// Prints the user's n best items among those that are new to him.
void recommend(const Csr& x, const Matrix& users, const Matrix& items, index_t user, index_t n, const Names& names) {
    const DenseIndex index(items.constant(), simd::kernels().topn, threads);
    const offset_t row_of_user[] = {0, x.view().length(user)};
    const offset_t begin = x.indptr[static_cast<std::size_t>(user)];
    const CsrView seen{1, x.cols, row_of_user, x.indices.data() + begin, nullptr};
    std::vector<index_t> ids(static_cast<std::size_t>(n));
    std::vector<float> scores(ids.size());
    const MatrixView<const float> query{users.view.row(user), 1, factors, Matrix::stride};
    topn(index, query, {.n = n, .seen = &seen, .allowed = nullptr, .threads = threads}, {ids.data(), scores.data()});
    for (std::size_t k = 0; k < ids.size() && ids[k] >= 0; ++k) {  // -1 where there are no more candidates
        std::cout << k + 1 << ". " << names.names[static_cast<std::size_t>(ids[k])] << "  " << scores[k] << '\n';
    }
}

void run(const std::string& path, const std::string& user, index_t n) {
    Names users, items;
    const Csr x = read_csv(path, users, items);
    const auto found = users.places.find(user);
    if (found == users.places.end()) {
        throw std::runtime_error("no user " + user + " in " + path);
    }
    Matrix user_factors(x.rows), item_factors(x.cols);
    train(x, user_factors, item_factors);
    recommend(x, user_factors, item_factors, found->second, n, items);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: als_from_csv FILE USER [COUNT]\n";
        return 2;
    }
    try {
        run(argv[1], argv[2], argc > 3 ? std::stoi(argv[3]) : 10);
    } catch (const std::exception& error) {
        std::cerr << "als_from_csv: " << error.what() << '\n';
        return 1;
    }
}
