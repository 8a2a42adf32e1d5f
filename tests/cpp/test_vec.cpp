// Every operation of vec-inl.hpp against scalar arithmetic, at every level that this build holds and this CPU runs.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tastemaker/simd/level.hpp"
#include "vec_probe.hpp"

namespace {

using namespace tastemaker::simd;

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

std::vector<const VecProbe*> usable_probes() {
    const std::vector<const VecProbe*> compiled{
        &probe_baseline,
#ifdef TASTEMAKER_X86
        &probe_avx2,
        &probe_avx512,
#endif
#ifdef TASTEMAKER_NEON
        &probe_neon,
#endif
    };
    const std::vector<std::string> levels = available_levels();
    std::vector<const VecProbe*> usable;
    std::ranges::copy_if(compiled, std::back_inserter(usable),
                         [&](const VecProbe* p) { return std::ranges::find(levels, p->name) != levels.end(); });
    return usable;
}

// One register of floats that lies off every alignment but that of float.
struct Lanes {
    std::array<float, 17> storage{};
    float* data() { return storage.data() + 1; }
    const float* data() const { return storage.data() + 1; }
    float operator[](int i) const { return data()[i]; }
};

Lanes random_lanes(std::mt19937& random) {
    std::normal_distribution<float> normal;
    Lanes lanes;
    std::ranges::generate(lanes.storage, [&] { return normal(random); });
    return lanes;
}

// Calls check(probe) for each level, which the messages of its failures name.
template <class Check>
void for_each_level(Check check) {
    for (const VecProbe* probe : usable_probes()) {
        CAPTURE(probe->name);
        check(*probe);
    }
}

}  // namespace

TEST_CASE("vec: every available level has a probe") {
    CHECK(usable_probes().size() == available_levels().size());
}

TEST_CASE("vec: load, store and broadcast move exact bits to unaligned places") {
    for_each_level([](const VecProbe& p) {
        std::mt19937 random(1);
        const Lanes a = random_lanes(random);
        Lanes copied;
        Lanes filled;
        p.copy(a.data(), copied.data());
        p.broadcast(-1.5f, filled.data());
        for (int i = 0; i < p.width; ++i) {
            CHECK(copied[i] == a[i]);
            CHECK(filled[i] == -1.5f);
        }
        if (p.width < 16) {
            CHECK(copied[p.width] == 0.0f);  // nothing beyond the register is written
        }
    });
}

TEST_CASE("vec: add, sub, mul and div round like scalars") {
    for_each_level([](const VecProbe& p) {
        std::mt19937 random(2);
        const Lanes a = random_lanes(random);
        const Lanes b = random_lanes(random);
        Lanes sum;
        Lanes difference;
        Lanes product;
        Lanes quotient;
        p.add(a.data(), b.data(), sum.data());
        p.sub(a.data(), b.data(), difference.data());
        p.mul(a.data(), b.data(), product.data());
        p.div(a.data(), b.data(), quotient.data());
        for (int i = 0; i < p.width; ++i) {
            CHECK(sum[i] == a[i] + b[i]);
            CHECK(difference[i] == a[i] - b[i]);
            CHECK(product[i] == a[i] * b[i]);
            CHECK(quotient[i] == a[i] / b[i]);
        }
    });
}

TEST_CASE("vec: fma is a * b + c within one rounding of each step") {
    for_each_level([](const VecProbe& p) {
        std::mt19937 random(3);
        const Lanes a = random_lanes(random);
        const Lanes b = random_lanes(random);
        const Lanes c = random_lanes(random);
        Lanes r;
        p.fma(a.data(), b.data(), c.data(), r.data());
        for (int i = 0; i < p.width; ++i) {
            const double product = static_cast<double>(a[i]) * static_cast<double>(b[i]);
            const double exact = product + static_cast<double>(c[i]);
            // A level without FMA rounds the product and the sum: half an ulp of each.
            const double bound = 0x1p-24 * (std::abs(product) + std::abs(exact)) * 1.01;
            CHECK(std::abs(static_cast<double>(r[i]) - exact) <= bound);
        }
    });
}

TEST_CASE("vec: comparisons set bit i for lane i and are false for NaN") {
    for_each_level([](const VecProbe& p) {
        std::mt19937 random(4);
        Lanes a = random_lanes(random);
        Lanes b = random_lanes(random);
        a.data()[0] = b.data()[0] = 0.25f;
        a.data()[1] = not_a_number;
        b.data()[2] = not_a_number;
        a.data()[3] = infinity;
        b.data()[3] = -infinity;
        for (int rotation = 0; rotation < p.width; ++rotation) {
            std::uint32_t greater = 0;
            std::uint32_t greater_equal = 0;
            for (int i = 0; i < p.width; ++i) {
                greater |= static_cast<std::uint32_t>(a[i] > b[i]) << i;
                greater_equal |= static_cast<std::uint32_t>(a[i] >= b[i]) << i;
            }
            CHECK(p.greater(a.data(), b.data()) == greater);
            CHECK(p.greater_equal(a.data(), b.data()) == greater_equal);
            std::rotate(a.data(), a.data() + 1, a.data() + p.width);
            std::rotate(b.data(), b.data() + 1, b.data() + p.width);
        }
    });
}

TEST_CASE("vec: same_bits tells -0 from +0 and takes NaN as itself") {
    for_each_level([](const VecProbe& p) {
        std::mt19937 random(5);
        const Lanes a = random_lanes(random);
        Lanes b = a;
        CHECK(p.same_bits(a.data(), b.data()) == (1u << p.width) - 1);
        for (int lane = 0; lane < p.width; ++lane) {
            Lanes zero;
            Lanes negative_zero;
            negative_zero.data()[lane] = -0.0f;
            CHECK(p.same_bits(zero.data(), negative_zero.data()) == ((1u << p.width) - 1) - (1u << lane));
            b.data()[lane] = not_a_number;
            CHECK(p.same_bits(b.data(), b.data()) == (1u << p.width) - 1);
        }
    });
}

TEST_CASE("vec: sum takes every lane once") {
    for_each_level([](const VecProbe& p) {
        for (int lane = 0; lane < p.width; ++lane) {
            Lanes one;
            one.data()[lane] = 3.0f;
            CHECK(p.sum(one.data()) == 3.0f);
        }
        Lanes powers;
        for (int i = 0; i < p.width; ++i) {
            powers.data()[i] = static_cast<float>(1 << i);
        }
        CHECK(p.sum(powers.data()) == static_cast<float>((1 << p.width) - 1));  // exact: below 2^24
    });
}

TEST_CASE("vec: store_sums takes every lane of every register once and writes four floats") {
    for_each_level([](const VecProbe& p) {
        for (int lane = 0; lane < 4 * p.width; ++lane) {
            std::array<float, 64> registers{};
            registers[static_cast<std::size_t>(lane)] = 3.0f;
            std::array<float, 5> sums{};
            p.store_sums(registers.data(), sums.data());
            for (int r = 0; r < 4; ++r) {
                CHECK(sums[static_cast<std::size_t>(r)] == (lane / p.width == r ? 3.0f : 0.0f));
            }
            CHECK(sums[4] == 0.0f);
        }
    });
}
