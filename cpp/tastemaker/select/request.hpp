// What every top-N call asks for besides its queries.
#pragma once

#include "tastemaker/base/views.hpp"

namespace tastemaker {

struct TopnRequest {
    index_t n = 0;                          // results per query; results beyond the candidates are padded
    const CsrView* seen = nullptr;          // row r: items that query r must not get; null: none
    const std::uint8_t* allowed = nullptr;  // by item: 0 forbids it to everybody; null: all are allowed
    int threads = 1;
};

// Where results go: rows of n, best first; places without a candidate get index -1 and score NaN.
struct TopnResult {
    index_t* ids = nullptr;
    float* scores = nullptr;
};

// Throws unless `seen` (null: nothing) has a row per query and a column per item.
inline void check_seen(const CsrView* seen, offset_t queries, index_t catalogue) {
    require(seen == nullptr || (seen->rows == queries && seen->cols == catalogue),
            "the seen matrix must have a row per query and a column per item");
}

}  // namespace tastemaker
