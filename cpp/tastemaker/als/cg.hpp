// Preconditioned conjugate gradients for a block of rows, matrix-free, in the axes of the Gram matrix.
//
// A = D + Y_u^T W Y_u, and D = w0 Y^T Y + ridge I is diagonal because Y was turned beforehand (axes.hpp): D p costs
// `size` multiplications instead of size^2. The inverse of D is the preconditioner; what it leaves to the iteration has
// the rank of the row's own entries, so two steps come further than three plain ones.
#pragma once

#include <algorithm>
#include <limits>

#include "tastemaker/als/block.hpp"

namespace tastemaker::als {

// Where to start and when to stop.
struct Iteration {
    int steps = 0;
    bool preconditioned = true;
    // Where positive: start from zero, and stop once the residual is this part of b, both in the norm of D^-1.
    double tolerance = 0;

    bool from_zero() const { return tolerance > 0; }
};

// Scratch of one worker: the entries of a block, and solutions x, preconditioners m, residuals r, directions p and
// products q = A p of its rows.
struct CgScratch {
    static constexpr offset_t rows = BlockEntries::most_rows;

    explicit CgScratch(offset_t size)
        : x(checked_mul(rows, size)),
          m(checked_mul(rows, size)),
          r(checked_mul(rows, size)),
          p(checked_mul(rows, size)),
          q(checked_mul(rows, size)),
          squares(rows),
          targets(rows),
          curvatures(rows) {}

    BlockEntries entries;
    AlignedBuffer<float> x, m, r, p, q;
    AlignedBuffer<double> squares;     // r . m r; 0 when the row needs no more steps
    AlignedBuffer<double> targets;     // what they are to fall to
    AlignedBuffer<double> curvatures;  // sum_t w_t (y_t . p)^2
};

// Calls fn(panel) for the entries of the rows that need more steps, in panels that belong to one row and fit half of
// L1, so that a second pass over the rows of Y finds them there.
template <class Fn>
inline void for_panels(const CgScratch& scratch, offset_t size, Fn fn) {
    const offset_t rows = panel_entries(size);
    for (const Segment& segment : scratch.entries.segments) {
        if (scratch.squares[segment.row] == 0) {
            continue;
        }
        for (offset_t begin = segment.begin; begin < segment.end; begin += rows) {
            fn(Segment{segment.row, begin, std::min(begin + rows, segment.end)});
        }
    }
}

// Sets d[t] = y_t . v.
inline void panel_dots(const simd::AlsKernels& kernels, const Shared& shared, const BlockEntries& entries,
                       const Segment& panel, const float* v, float* d) {
    kernels.dots(shared.y.data, shared.size(), shared.size(), entries.columns.data() + panel.begin, panel.size(), v, d,
                 entries.size() - panel.begin);
}

// Adds sum_t d_t y_t to q.
inline void add_panel(const simd::AlsKernels& kernels, const Shared& shared, const BlockEntries& entries,
                      const Segment& panel, const float* d, float* q) {
    kernels.axpys(shared.y.data, shared.size(), shared.size(), entries.columns.data() + panel.begin, panel.size(), d,
                  q);
}

// Sets q = A x - b.
inline void write_residuals(const simd::AlsKernels& kernels, const Shared& shared, bool x_is_zero, CgScratch& s) {
    const BlockEntries& entries = s.entries;
    const offset_t size = shared.size();
    for (offset_t u = 0; u < entries.rows(); ++u) {
        kernels.diagonal(shared.diagonal, entries.ridges[static_cast<std::size_t>(u)], s.x.data() + u * size,
                         s.q.data() + u * size, size);
    }
    for_panels(s, size, [&](const Segment& panel) {
        alignas(64) float d[panel_most];
        if (x_is_zero) {
            std::fill_n(d, panel.size(), 0.0f);
        } else {
            panel_dots(kernels, shared, entries, panel, s.x.data() + panel.row * size, d);
        }
        const float* w = entries.w.data() + panel.begin;
        const float* c = entries.c.data() + panel.begin;
        for (offset_t t = 0; t < panel.size(); ++t) {
            d[t] = w[t] * d[t] - c[t];
        }
        add_panel(kernels, shared, entries, panel, d, s.q.data() + panel.row * size);
    });
}

// Adds Y_u^T W Y_u p to the q of each row. Dots and axpys by panel read each y_t from memory once.
inline void add_observed(const simd::AlsKernels& kernels, const Shared& shared, CgScratch& s) {
    const offset_t size = shared.size();
    for_panels(s, size, [&](const Segment& panel) {
        alignas(64) float d[panel_most];
        panel_dots(kernels, shared, s.entries, panel, s.p.data() + panel.row * size, d);
        const float* w = s.entries.w.data() + panel.begin;
        for (offset_t t = 0; t < panel.size(); ++t) {
            d[t] *= w[t];
        }
        add_panel(kernels, shared, s.entries, panel, d, s.q.data() + panel.row * size);
    });
}

// Sets curvatures[u] = sum_t w_t (y_t . p)^2 for each row.
inline void observed_curvatures(const simd::AlsKernels& kernels, const Shared& shared, CgScratch& s) {
    const offset_t size = shared.size();
    std::fill(s.curvatures.begin(), s.curvatures.end(), 0.0);
    for_panels(s, size, [&](const Segment& panel) {
        alignas(64) float d[panel_most];
        alignas(64) float wd[panel_most] = {};
        panel_dots(kernels, shared, s.entries, panel, s.p.data() + panel.row * size, d);
        const float* w = s.entries.w.data() + panel.begin;
        for (offset_t t = 0; t < panel.size(); ++t) {
            wd[t] = w[t] * d[t];
        }
        const offset_t padded = round_up(panel.size(), simd::als_padding);
        std::fill(d + panel.size(), d + padded, 0.0f);
        s.curvatures[panel.row] += kernels.dot(wd, d, padded);
    });
}

// Sets p and r of each row from its x, and how far `squares` is to fall.
inline void start_cg(const simd::AlsKernels& kernels, const Shared& shared, const Iteration& iteration, CgScratch& s) {
    const offset_t size = shared.size();
    for (offset_t u = 0; u < s.entries.rows(); ++u) {
        float* m = s.m.data() + u * size;
        if (iteration.preconditioned) {
            write_inverse(shared, s.entries.ridges[static_cast<std::size_t>(u)], m);
        } else {
            std::fill_n(m, size, 1.0f);
        }
    }
    std::fill(s.squares.begin(), s.squares.end(), 1.0);
    write_residuals(kernels, shared, iteration.from_zero(), s);
    for (offset_t u = 0; u < s.entries.rows(); ++u) {
        const offset_t at = u * size;
        s.squares[u] = kernels.cg_start(s.m.data() + at, s.q.data() + at, s.r.data() + at, s.p.data() + at, size);
        s.targets[u] = std::max(iteration.tolerance * iteration.tolerance * s.squares[u],
                                static_cast<double>(std::numeric_limits<float>::min()));
        if (s.squares[u] < s.targets[u]) {
            s.squares[u] = 0;  // it starts where it should end, or the row is empty
        }
    }
}

// Moves x along p, given q = A p but for the curvatures where they are kept apart, and turns p.
inline void step_cg(const simd::AlsKernels& kernels, offset_t size, offset_t u, bool last, CgScratch& s) {
    const float* m = s.m.data() + u * size;
    const float* q = s.q.data() + u * size;
    float* p = s.p.data() + u * size;
    float* r = s.r.data() + u * size;
    float* x = s.x.data() + u * size;
    double& square = s.squares[u];
    const double curvature = kernels.dot(p, q, size) + (last ? s.curvatures[u] : 0.0);  // p . A p
    if (curvature <= 0) {  // NaN goes on and is caught in x
        square = 0;        // A is singular along p up to rounding: nothing more to gain there
        return;
    }
    const auto length = static_cast<float>(square / curvature);
    if (last) {
        kernels.axpy(length, p, x, size);
        return;
    }
    const double next = kernels.cg_step(m, p, q, length, x, r, size);
    kernels.cg_turn(m, r, static_cast<float>(next / square), p, size);
    square = next < s.targets[u] ? 0 : next;
}

// Improves each x of the block by conjugate gradients on A x = b. A row's result does not depend on its block; where
// its square is not 0 in the end, it has taken all steps. Without the preconditioner these are the steps of the plain
// method: axes do not change them. The last step needs only p . A p and no new residual, so it skips the axpys:
// 2 s + 1 passes over the entries instead of 2 s + 2.
inline void solve_cg(const simd::AlsKernels& kernels, const Shared& shared, const Iteration& iteration, CgScratch& s) {
    const offset_t size = shared.size();
    start_cg(kernels, shared, iteration, s);
    const auto unfinished = [](double square) { return square != 0; };
    for (int step = 0; step < iteration.steps && std::any_of(s.squares.begin(), s.squares.end(), unfinished); ++step) {
        const bool last = step + 1 == iteration.steps && iteration.tolerance == 0;
        for (offset_t u = 0; u < s.entries.rows(); ++u) {
            if (s.squares[u] != 0) {
                kernels.diagonal(shared.diagonal, s.entries.ridges[static_cast<std::size_t>(u)], s.p.data() + u * size,
                                 s.q.data() + u * size, size);
            }
        }
        if (last) {
            observed_curvatures(kernels, shared, s);
        } else {
            add_observed(kernels, shared, s);
        }
        for (offset_t u = 0; u < s.entries.rows(); ++u) {
            if (s.squares[u] != 0) {
                step_cg(kernels, size, u, last, s);
            }
        }
    }
}

}  // namespace tastemaker::als
