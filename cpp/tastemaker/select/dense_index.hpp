// DenseIndex: item vectors packed for the fused top-N kernel; built once, immutable, shared between threads.
#pragma once

#include <cmath>
#include <numeric>
#include <vector>

#include "tastemaker/base/aligned.hpp"
#include "tastemaker/base/parallel.hpp"
#include "tastemaker/base/views.hpp"
#include "tastemaker/simd/kernels.hpp"

namespace tastemaker {

// Items lie in order of descending norm, so that a query may stop as soon as no later item can enter its list
// (|q.y| <= |q| |y|, Cauchy-Schwarz; Teflioudi et al., LEMP, SIGMOD 2015), and in panels of as many items as the
// kernel scores at once: panel p is factors x width floats, item `lane` of it in column `lane`.
// The layout belongs to a SIMD level: an index keeps the kernels of the level at which it was built.
class DenseIndex {
public:
    // Copies `items` (one row per item); requires finite values.
    DenseIndex(MatrixView<const float> items, const simd::TopnKernels& kernels, int threads)
        : DenseIndex(checked_count(items), items.cols, kernels) {
        std::vector<double> norms(static_cast<std::size_t>(items.rows));
        for (index_t i = 0; i < catalogue(); ++i) {
            norms[at(i)] = norm(items.row(i), factors_);
            require(std::isfinite(norms[at(i)]), "item vectors must be finite");
        }
        ids_.resize(norms.size());
        std::iota(ids_.begin(), ids_.end(), index_t{0});
        std::sort(ids_.begin(), ids_.end(), [&](index_t a, index_t b) {
            return norms[at(a)] != norms[at(b)] ? norms[at(a)] > norms[at(b)] : a < b;
        });
        lay_out();
        for (index_t p = 0; p < panels(); ++p) {
            bounds_[at(p)] = norms[at(ids_[at(p) * at(width())])];
        }
        const auto cost = [&](offset_t) { return offset_t{width()} * factors_; };
        parallel_for(panels(), threads, cost, [&](offset_t begin, offset_t end, int) {
            for (index_t i = static_cast<index_t>(begin) * width(); i < std::min(size(), index_t(end) * width()); ++i) {
                write(i, items.row(ids_[at(i)]), 1);
            }
        });
    }

    // An index of the items with allowed[id] != 0 only; ids, scores and their order stay the same.
    DenseIndex subset(const std::uint8_t* allowed) const {
        DenseIndex part(catalogue(), factors_, *kernels_);
        std::vector<index_t> sources;
        for (index_t i = 0; i < size(); ++i) {
            if (allowed[ids_[at(i)]] != 0) {
                sources.push_back(i);
                part.ids_.push_back(ids_[at(i)]);
            }
        }
        part.lay_out();
        for (index_t i = 0; i < part.size(); ++i) {
            const index_t source = sources[at(i)];
            part.write(i, panel(source / width()) + source % width(), width());
            if (i % width() == 0) {
                part.bounds_[at(i / width())] = bounds_[at(source / width())];
            }
        }
        return part;
    }

    const simd::TopnKernels& kernels() const { return *kernels_; }
    index_t width() const { return kernels_->panel_width; }
    index_t factors() const { return factors_; }
    index_t size() const { return static_cast<index_t>(ids_.size()); }
    index_t catalogue() const { return static_cast<index_t>(places_.size()); }  // ids lie in [0, catalogue())
    index_t panels() const { return static_cast<index_t>(bounds_.size()); }
    const float* panel(index_t p) const { return vectors_.data() + offset_t{p} * width() * factors_; }

    // No item of panel p or of a later panel has a greater norm.
    double bound(index_t p) const { return bounds_[at(p)]; }

    // Ids of the items of panel p by lane; fewer than width() in the last panel.
    const index_t* ids(index_t p) const { return ids_.data() + offset_t{p} * width(); }

    // panel << 6 | lane of an item, or -1 when it is not in the index. Shifted, since a division costs ten times more.
    index_t place(index_t id) const { return places_[at(id)]; }

    // By panel, the bits of the lanes that must not be recommended: padding, and items that `allowed` (null: all)
    // forbids.
    std::vector<std::uint64_t> blocked(const std::uint8_t* allowed) const {
        std::vector<std::uint64_t> bits(bounds_.size(), ~std::uint64_t{0});
        for (index_t i = 0; i < size(); ++i) {
            const bool open = allowed == nullptr || allowed[ids_[at(i)]] != 0;
            bits[at(i / width())] &= ~(static_cast<std::uint64_t>(open) << (i % width()));
        }
        return bits;
    }

    static double norm(const float* x, index_t n) {
        double sum = 0;
        for (index_t k = 0; k < n; ++k) {
            sum += static_cast<double>(x[k]) * x[k];
        }
        return std::sqrt(sum);
    }

private:
    DenseIndex(index_t catalogue, index_t factors, const simd::TopnKernels& kernels)
        : kernels_(&kernels), factors_(factors), places_(at(catalogue), -1) {}

    static std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

    static index_t checked_count(MatrixView<const float> items) {
        // So many that panel << 6 | lane fits an index_t even at the narrowest panel, 12 items.
        require(items.rows <= std::numeric_limits<index_t>::max() / 8, "an index holds at most 2^28 items");
        return static_cast<index_t>(items.rows);
    }

    // Sizes everything by ids_.
    void lay_out() {
        const offset_t panels = (size() + width() - 1) / width();
        bounds_.resize(static_cast<std::size_t>(panels));
        vectors_ = AlignedBuffer<float>(checked_mul(panels, checked_mul(width(), factors_)));
        for (index_t i = 0; i < size(); ++i) {
            places_[at(ids_[at(i)])] = i / width() << 6 | i % width();
        }
    }

    void write(index_t position, const float* vector, offset_t stride) {
        float* column = vectors_.data() + offset_t{position / width()} * width() * factors_ + position % width();
        for (index_t k = 0; k < factors_; ++k) {
            column[offset_t{k} * width()] = vector[k * stride];
        }
    }

    const simd::TopnKernels* kernels_;
    index_t factors_;
    std::vector<index_t> ids_;     // by position
    std::vector<index_t> places_;  // by id
    std::vector<double> bounds_;   // by panel: its greatest norm
    AlignedBuffer<float> vectors_;
};

}  // namespace tastemaker
