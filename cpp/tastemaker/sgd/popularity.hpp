// Popularity: draws items as often as they occur, from a table as long as there are items.
//
// A list of all interactions would do too, but each draw of it waits for memory. In the table of Walker's alias method
// (Vose: A Linear Algorithm for Generating Random Numbers with a Given Distribution. IEEE TSE 1991) every item has one
// place, which it shares with at most one other.
#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "tastemaker/base/prefetch.hpp"
#include "tastemaker/base/rng.hpp"

namespace tastemaker::sgd {

class Popularity {
public:
    // `occurring`: the item of each interaction, below `items`.
    Popularity(std::span<const index_t> occurring, index_t items) : empty_(occurring.empty()) {
        std::vector<std::uint64_t> left(static_cast<std::size_t>(items));  // of each item's chance; `whole`: one place
        for (const index_t item : occurring) {
            ++left[static_cast<std::size_t>(item)];
        }
        const auto best = static_cast<index_t>(std::ranges::max_element(left) - left.begin());
        std::vector<index_t> less, more;
        for (index_t item = 0; item < items; ++item) {
            std::uint64_t& share = left[static_cast<std::size_t>(item)];
            const double places = static_cast<double>(share) * items / static_cast<double>(occurring.size());
            share = empty_ ? whole : static_cast<std::uint64_t>(std::ceil(places * static_cast<double>(whole)));
            (share < whole ? less : more).push_back(item);
            places_.push_back({all, share == 0 ? best : item});  // until it meets another
        }
        while (!less.empty() && !more.empty()) {
            const auto small = static_cast<std::size_t>(less.back());
            const auto large = static_cast<std::size_t>(more.back());
            less.pop_back();
            places_[small] = {static_cast<std::uint32_t>(left[small]), more.back()};
            left[large] -= whole - left[small];
            if (left[large] < whole) {
                less.push_back(more.back());
                more.pop_back();
            }
        }
        for (const index_t item : less) {  // what rounding left, unless it never occurs
            const bool never = left[static_cast<std::size_t>(item)] == 0;
            places_[static_cast<std::size_t>(item)] = {never ? 0 : all, never ? best : item};
        }
    }

    // Whether there is nothing to draw.
    bool empty() const { return empty_; }

    index_t items() const { return static_cast<index_t>(places_.size()); }

    index_t draw(Draws& draws) const {
        const std::uint64_t bits = draws.bits();
        const Place& place = places_[at(bits)];
        return static_cast<std::uint32_t>(bits) < place.own ? static_cast<index_t>(at(bits)) : place.other;
    }

    // Starts fetching what the next draw will read.
    void fetch(Draws draws) const { prefetch(&places_[at(draws.bits())], 1); }

private:
    static constexpr std::uint64_t whole = std::uint64_t{1} << 32;
    static constexpr std::uint32_t all = ~std::uint32_t{0};

    struct Place {
        std::uint32_t own;  // of 2^32 draws of this place, how many are its item's
        index_t other;
    };

    // The upper bits choose the place, the lower its item.
    std::size_t at(std::uint64_t bits) const { return (bits >> 32) * places_.size() >> 32; }

    bool empty_;
    std::vector<Place> places_;
};

}  // namespace tastemaker::sgd
