// Data of the tests and the fp64 answers, written from the formulas of als/problem.hpp.
#pragma once

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "cuda/engine.hpp"

namespace tastemaker::cuda::test {

constexpr double eps = std::numeric_limits<float>::epsilon();

// Under AddressSanitizer the simulator takes ten times as long; there, each kind of row and each width comes once.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool brief = true;
#else
constexpr bool brief = false;
#endif

struct Factors {
    Factors(offset_t rows_, index_t factors_, unsigned seed, float size = 1)
        : rows(rows_), factors(factors_), data(static_cast<std::size_t>(rows_ * factors_)) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal(0.0f, size);
        for (float& x : data) {
            x = normal(random);
        }
    }
    MatrixView<const float> view() const { return {data.data(), rows, factors, factors}; }
    MatrixView<float> mutable_view() { return {data.data(), rows, factors, factors}; }
    double at(offset_t i, offset_t k) const {
        return static_cast<double>(data[static_cast<std::size_t>(i * factors + k)]);
    }

    Table on_device(Storage storage = Storage::float32) const {
        Table table(rows, factors, storage);
        table.upload(view());
        return table;
    }

    offset_t rows;
    index_t factors;
    std::vector<float> data;
};

inline Factors from_device(const Table& table) {
    Factors out(table.rows(), table.factors(), 0);
    table.download(out.mutable_view());
    return out;
}

// Rows of the given lengths, spread over `cols` columns; each fifth entry is a dislike, each seventh has no weight.
struct Csr {
    Csr(const std::vector<index_t>& lengths, index_t cols_, unsigned seed, bool weighted = true) : cols(cols_) {
        std::mt19937 random(seed);
        std::uniform_real_distribution<float> weight(0.5f, 4.0f);
        for (const index_t length : lengths) {
            for (index_t t = 0; t < length; ++t) {
                indices.push_back(static_cast<index_t>(static_cast<offset_t>(t) * cols / length));
                if (weighted) {
                    values.push_back(t % 7 == 6 ? 0.0f : t % 5 == 4 ? -weight(random) : weight(random));
                }
            }
            indptr.push_back(static_cast<offset_t>(indices.size()));
        }
    }
    CsrView view() const {
        return {static_cast<index_t>(indptr.size() - 1), cols, indptr.data(), indices.data(),
                values.empty() ? nullptr : values.data()};
    }
    Csr transposed() const {
        Csr out({}, view().rows, 0);
        std::vector<std::vector<std::pair<index_t, float>>> columns(static_cast<std::size_t>(cols));
        for (index_t u = 0; u < view().rows; ++u) {
            const SparseRow row = view().row(u);
            for (offset_t t = 0; t < row.size(); ++t) {
                columns[static_cast<std::size_t>(row.indices[static_cast<std::size_t>(t)])].emplace_back(u,
                                                                                                         row.value(t));
            }
        }
        for (const auto& column : columns) {
            for (const auto& [u, value] : column) {
                out.indices.push_back(u);
                if (!values.empty()) {
                    out.values.push_back(value);
                }
            }
            out.indptr.push_back(static_cast<offset_t>(out.indices.size()));
        }
        return out;
    }

    index_t cols;
    std::vector<offset_t> indptr{0};
    std::vector<index_t> indices;
    std::vector<float> values;
};

inline std::vector<double> exact_gram(const Factors& y) {
    const auto f = static_cast<std::size_t>(y.factors);
    std::vector<double> gram(f * f);
    for (offset_t i = 0; i < y.rows; ++i) {
        for (index_t a = 0; a < y.factors; ++a) {
            for (index_t b = 0; b < y.factors; ++b) {
                gram[static_cast<std::size_t>(a) * f + static_cast<std::size_t>(b)] += y.at(i, a) * y.at(i, b);
            }
        }
    }
    return gram;
}

// Its diagonal alone: what is left of it in its axes, as conjugate gradients read it.
inline std::vector<double> exact_diagonal(const Factors& y) {
    const auto f = static_cast<std::size_t>(y.factors);
    std::vector<double> gram(f * f);
    for (offset_t i = 0; i < y.rows; ++i) {
        for (index_t k = 0; k < y.factors; ++k) {
            gram[static_cast<std::size_t>(k) * (f + 1)] += y.at(i, k) * y.at(i, k);
        }
    }
    return gram;
}

// One row's system A x = b, applied entry by entry.
class System {
public:
    System(const SparseRow& row, const Factors& y, const std::vector<double>& gram, const als::Problem& problem)
        : row_(row), y_(y), gram_(gram), problem_(problem), ridge_(problem.ridge(row.size(), y.rows)) {}

    std::size_t size() const { return static_cast<std::size_t>(y_.factors); }
    double ridge() const { return ridge_; }

    std::vector<double> apply(const std::vector<double>& x) const {
        std::vector<double> out(size());
        for (std::size_t i = 0; i < size(); ++i) {
            out[i] = ridge_ * x[i];
            for (std::size_t k = 0; k < size(); ++k) {
                out[i] += w0() * gram_[i * size() + k] * x[k];
            }
        }
        for_entries(
            [&](offset_t item, double confidence, double) { add((confidence - w0()) * product(item, x), item, out); });
        return out;
    }
    std::vector<double> right_side() const {
        std::vector<double> b(size());
        for_entries([&](offset_t item, double confidence, double liked) { add(confidence * liked, item, b); });
        return b;
    }
    double preconditioner(std::size_t k) const { return 1 / (w0() * gram_[k * (size() + 1)] + ridge_); }

    // Sum over entries of c (p - s)^2 - w0 s^2, plus the ridge.
    double loss(const std::vector<double>& x) const {
        double sum = 0;
        for (const double v : x) {
            sum += ridge_ * v * v;
        }
        for_entries([&](offset_t item, double confidence, double liked) {
            const double s = product(item, x);
            sum += confidence * (liked - s) * (liked - s) - w0() * s * s;
        });
        return sum;
    }

private:
    double w0() const { return static_cast<double>(problem_.unobserved_weight); }
    double product(offset_t item, const std::vector<double>& x) const {
        double sum = 0;
        for (std::size_t k = 0; k < size(); ++k) {
            sum += y_.at(item, static_cast<offset_t>(k)) * x[k];
        }
        return sum;
    }
    void add(double a, offset_t item, std::vector<double>& out) const {
        for (std::size_t k = 0; k < size(); ++k) {
            out[k] += a * y_.at(item, static_cast<offset_t>(k));
        }
    }
    template <class Fn>
    void for_entries(Fn fn) const {
        for (offset_t t = 0; t < row_.size(); ++t) {
            const float v = row_.value(t);
            fn(row_.indices[static_cast<std::size_t>(t)], static_cast<double>(problem_.confidence(v)),
               v > 0 ? 1.0 : 0.0);
        }
    }

    SparseRow row_;
    const Factors& y_;
    const std::vector<double>& gram_;
    als::Problem problem_;
    double ridge_;
};

inline double inner(const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Steps of conjugate gradients from x (Hestenes and Stiefel, 1952) with the diagonal preconditioner, or the plain ones.
inline std::vector<double> conjugate_gradients(const System& system, std::vector<double> x, int steps, bool plain) {
    std::vector<double> r = system.right_side(), z(r.size());
    const std::vector<double> ax = system.apply(x);
    const auto precondition = [&] {
        for (std::size_t k = 0; k < r.size(); ++k) {
            z[k] = (plain ? 1.0 : system.preconditioner(k)) * r[k];
        }
    };
    std::transform(r.begin(), r.end(), ax.begin(), r.begin(), std::minus<>());
    precondition();
    std::vector<double> p = z;
    double square = inner(r, z);
    for (int step = 0; step < steps && square > 1e-30; ++step) {
        const std::vector<double> q = system.apply(p);
        const double length = square / inner(p, q);
        for (std::size_t k = 0; k < r.size(); ++k) {
            x[k] += length * p[k];
            r[k] -= length * q[k];
        }
        precondition();
        const double next = inner(r, z);
        for (std::size_t k = 0; k < r.size(); ++k) {
            p[k] = z[k] + next / square * p[k];
        }
        square = next;
    }
    return x;
}

inline std::vector<double> row_of(const Factors& x, offset_t u) {
    std::vector<double> row(static_cast<std::size_t>(x.factors));
    for (index_t k = 0; k < x.factors; ++k) {
        row[static_cast<std::size_t>(k)] = x.at(u, k);
    }
    return row;
}

// The largest difference between a row and what it should be, relative to the row's size.
inline double relative_error(const Factors& x, offset_t u, const std::vector<double>& exact) {
    double worst = 0, size = 1e-30;
    for (std::size_t k = 0; k < exact.size(); ++k) {
        worst = std::max(worst, std::abs(x.at(u, static_cast<offset_t>(k)) - exact[k]));
        size = std::max(size, std::abs(exact[k]));
    }
    return worst / size;
}

}  // namespace tastemaker::cuda::test
