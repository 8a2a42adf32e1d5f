// ALS on a CUDA device, as the host sees it: tables of factors and interactions that live there, and one call per step
// of an epoch. Everything blocks until it is done. No CUDA type shows, so a caller needs no CUDA compiler.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "tastemaker/als/problem.hpp"
#include "tastemaker/base/views.hpp"

namespace tastemaker::cuda {

// A call of CUDA's runtime failed.
class DeviceError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class OutOfMemory : public DeviceError {
public:
    OutOfMemory(offset_t wanted, offset_t left, offset_t all)
        : DeviceError("out of device memory: " + std::to_string(wanted) + " bytes wanted, " + std::to_string(left) +
                      " of " + std::to_string(all) + " free") {}
};

// What stands between this build and a device. `problem` is empty where there is a usable one.
struct Report {
    std::string problem, device;
    int driver = 0, runtime = 0;  // versions as CUDA counts them: 13000 is 13.0
    int capability = 0;           // 90 for 9.0
    offset_t free_memory = 0, memory = 0;
    offset_t bandwidth = 0;  // of its memory, in bytes per second, as the driver has it
};
Report probe();

// What the kernels have done since the start, as the simulator counts it: bytes read from and written to the device's
// memory, and floating point operations. A device counts nothing.
struct Work {
    offset_t bytes = 0, flops = 0;
};
Work counted();

enum class Storage { float32, float16, bfloat16 };

inline constexpr index_t most_factors = 1024;

struct Limits {
    int processors = 1;                 // of the device; how many blocks are worth launching
    offset_t shared_bytes = 48 * 1024;  // that one block may have
};
Limits device_limits();

// Rows of factors on the device, padded with zeros to 32, 64, ... 1024.
class Table {
public:
    Table(offset_t rows, index_t factors, Storage storage);
    ~Table();
    Table(Table&&) noexcept;

    offset_t rows() const;
    index_t factors() const;
    Storage storage() const;
    void upload(const MatrixView<const float>& from);
    void download(const MatrixView<float>& to) const;

    struct Parts;
    const Parts& parts() const { return *parts_; }

private:
    std::unique_ptr<Parts> parts_;
};

// A CSR matrix, whose arrays the caller keeps and does not change. Its entries stay on the device when they take at
// most `budget` bytes; otherwise they pass through two buffers of half that size during each call.
class Matrix {
public:
    Matrix(const CsrView& csr, const als::Problem& problem, offset_t budget);
    ~Matrix();
    Matrix(Matrix&&) noexcept;

    index_t rows() const;
    index_t cols() const;
    offset_t blocks() const;  // 1 when the entries stay on the device

    struct Parts;
    const Parts& parts() const { return *parts_; }

private:
    std::unique_ptr<Parts> parts_;
};

// Sets `out` (factors x factors) to Y^T Y.
void gram(const Table& y, double* out);

// Sets `out` to y times `axes` (factors x factors); `out` may be y.
void rotate(const Table& y, const float* axes, Table& out);

// How to solve a row: by steps of conjugate gradients, or, with 0 of them, exactly.
struct Solver {
    int cg_steps = 0;
    bool preconditioned = true;
};

// Sets row u of x to the factors of row u of the matrix given Y and its Gram matrix (factors x factors). Conjugate
// gradients start from x and want Y in the axes of its Gram matrix, of which they read the diagonal. Throws
// NumericalError on systems without a solution and on factors that are not finite; x is then incomplete.
void half_epoch(const Matrix& matrix, const Table& y, const double* gram, const Solver& solver, Table& x);

// Returns the objective of als/problem.hpp; `transposed` holds the same pairs by column.
double objective(const Matrix& matrix, const Matrix& transposed, const Table& x, const Table& y);

// Sets ids and scores (queries x n) to the best items of each query without those it has in `seen` (rows like queries;
// null: none), by descending score, then ascending index; -1 and NaN where there are fewer.
void topn(const Table& queries, const Table& items, const CsrView* seen, index_t n, index_t* ids, float* scores);
inline constexpr index_t most_recommendations = 1024;

}  // namespace tastemaker::cuda
