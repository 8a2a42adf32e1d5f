// Every kernel with every barrier, on little data.
#pragma once

#include <algorithm>

#include "problems.hpp"

namespace tastemaker::cuda::test {

// Returns everything that was computed; `items` are listed, of which beyond 2048 are sorted in parts; >= 40.
inline std::vector<double> tour(index_t items) {
    const als::Problem problem{0.05f, 1.5f, 0.5f, 0.6f}, no_ridge{0.0f, 1.0f, 0.0f, 1.0f};
    const Csr csr({600, 20, 0, 0}, 600, 1), nearly_singular({18, 20}, 600, 2);
    const Csr transposed = csr.transposed();
    const Factors y(600, 20, 3), start(4, 20, 4);
    const std::vector<double> diagonal = exact_diagonal(y);
    const Matrix matrix(csr.view(), problem, 1 << 20);
    std::vector<double> all(400);

    Table device_y = y.on_device(), x = start.on_device();
    gram(device_y, all.data());
    half_epoch(matrix, device_y, diagonal.data(), {2}, x);
    all.push_back(objective(matrix, Matrix(transposed.view(), problem, 1 << 20), x, device_y));
    const auto note = [&](const Table& table) {
        for (const float v : from_device(table).data) {
            all.push_back(static_cast<double>(v));
        }
    };
    note(x);
    half_epoch(matrix, device_y, exact_gram(y).data(), {}, x);
    note(x);
    Table two(2, 20, Storage::float32);
    half_epoch(Matrix(nearly_singular.view(), no_ridge, 1 << 20), device_y, diagonal.data(), {}, two);
    note(two);
    rotate(x, y.data.data(), x);
    note(x);

    std::vector<index_t> ids(12);
    std::vector<float> scores(12);
    Factors many(items, 20, 5);  // the last ones are the best
    std::transform(many.data.end() - 800, many.data.end(), many.data.end() - 800, [](float v) { return 10 * v; });
    const index_t known = std::min(items, 1024);
    const Csr little_or_much({known * 9 / 10, known / 10, known * 9 / 10, known / 10}, known, 6);
    const CsrView seen = little_or_much.view();
    topn(start.on_device(), many.on_device(), &seen, 3, ids.data(), scores.data());
    all.insert(all.end(), ids.begin(), ids.end());
    return all;
}

}  // namespace tastemaker::cuda::test
