// Half epochs and the objective.
#include "cuda/cg.cuh"
#include "cuda/cholesky.cuh"
#include "cuda/loss.cuh"
#include "cuda/passes.cuh"

namespace tastemaker::cuda {
namespace {

void require_alike(const Matrix& matrix, const Table& x, const Table& y) {
    require(y.rows() == matrix.cols() && x.rows() == matrix.rows(), "factors and interactions must have the same rows");
    require(x.factors() == y.factors() && x.storage() == y.storage(), "both sides' factors must be alike");
}

Weights weights_of(const Matrix::Parts& matrix) {
    return {matrix.problem.alpha, matrix.problem.unobserved_weight};
}

// Returns w0 times the Gram matrix as the device has it.
std::vector<float> padded_gram(const Table::Parts& y, const double* gram, float w0) {
    std::vector<float> padded(static_cast<std::size_t>(y.size) * static_cast<std::size_t>(y.size));
    for (offset_t i = 0; i < y.factors; ++i) {
        std::transform(gram + i * y.factors, gram + (i + 1) * y.factors, padded.data() + i * y.size,
                       [&](double g) { return static_cast<float>(static_cast<double>(w0) * g); });
    }
    return padded;
}

// Launches a kernel for the rows of a team of `warps`; a light row's warp shares its block with three others.
template <class T, int V, int warps, class Kernel, class Arguments>
void launch_rows(const char* name, Kernel kernel, const Arguments& arguments, offset_t kept_bytes,
                 const Stream& stream) {
    const offset_t shared = Team<V, warps>::shared_bytes + kept_bytes;
    if (warps == 1) {
        launch(name, kernel, {blocks_of(arguments.rows.count, 4, 16), 128, shared}, stream, arguments);
    } else {
        launch(name, kernel, {blocks_of(arguments.rows.count, 1, 8), 32 * warps, shared}, stream, arguments);
    }
}

// Tiles of a row that a warp keeps in shared memory: 12 KB are 24 rows of 128 factors, and leave room for 16 warps on a
// processor of 200 KB.
template <class T, int V, int warps>
int kept_tiles() {
    constexpr offset_t wanted = 12 * 1024;
    constexpr offset_t tile_bytes = Entries<T, V, warps>::tile * 32 * V * sizeof(T);
    const offset_t block_warps = warps == 1 ? 4 : warps;
    const offset_t room = (device_limits().shared_bytes - Team<V, warps>::shared_bytes) / block_warps;
    return static_cast<int>(std::min(wanted, room) / tile_bytes);
}

template <class T>
void conjugate_gradients(const Matrix::Parts& matrix, const Table::Parts& y, const Table::Parts& x,
                         const std::vector<float>& gram, const Solver& solver, Pass& pass) {
    std::vector<float> diagonal(static_cast<std::size_t>(y.size));
    for (std::size_t k = 0; k < diagonal.size(); ++k) {
        diagonal[k] = gram[k * (diagonal.size() + 1)];
    }
    const Stream stream;
    const Memory<float> on_device(y.size);
    on_device.upload(diagonal.data(), y.size, stream);
    stream.wait();
    pass.run([&](const Rows& rows, int* queue, bool heavy, const Stream& of_block) {
        CgArguments<T> arguments{rows,
                                 weights_of(matrix),
                                 y.data<T>(),
                                 on_device.data(),
                                 *std::max_element(diagonal.begin(), diagonal.end()),
                                 x.data<T>(),
                                 solver.cg_steps,
                                 solver.preconditioned,
                                 0,
                                 queue,
                                 pass.flag(0)};
        with_width<T>(y.size, [&]<int V>(std::integral_constant<int, V>) {
            const auto run = [&]<int warps>(std::integral_constant<int, warps>) {
                arguments.kept_tiles = kept_tiles<T, V, warps>();
                const offset_t kept_bytes = offset_t{warps == 1 ? 4 : warps} * arguments.kept_tiles *
                                            Entries<T, V, warps>::tile * 32 * V * sizeof(T);
                launch_rows<T, V, warps>("solve_cg", solve_cg<T, V, warps>, arguments, kept_bytes, of_block);
            };
            heavy ? run(std::integral_constant<int, Pass::heavy_warps>{}) : run(std::integral_constant<int, 1>{});
        });
    });
}

template <class T>
void exact(const Matrix::Parts& matrix, const Table::Parts& y, const Table::Parts& x, const std::vector<float>& gram,
           Pass& pass) {
    const Stream stream;
    const Memory<float> on_device(static_cast<offset_t>(gram.size()));
    on_device.upload(gram.data(), on_device.size(), stream);
    stream.wait();
    const offset_t system = system_floats(y.factors);
    offset_t shared = RowSystem<T>::shared_bytes(y.factors);
    const bool fits = shared + 4 * system <= device_limits().shared_bytes;
    const offset_t blocks = blocks_of(matrix.csr.rows, 1, fits ? 8 : 2);
    const Memory<float> systems(fits ? 0 : checked_mul(2 * blocks, system));  // for both streams
    shared += fits ? 4 * system : 0;
    int launches = 0;
    pass.run([&](const Rows& rows, int* queue, bool, const Stream& of_block) {
        // Heavy and light rows of a block follow each other on a stream; those of the next block run beside them.
        float* own = fits ? nullptr : systems.data() + launches++ / 2 % 2 * blocks * system;
        const CholeskyArguments<T> arguments{
            rows,  weights_of(matrix), y.data<T>(), on_device.data(), x.data<T>(), y.size, y.factors, own,
            queue, pass.flag(1),       pass.flag(0)};
        const Shape shape{std::min<offset_t>(blocks, rows.count), cholesky_threads, shared};
        launch("solve_cholesky", solve_cholesky<T>, shape, of_block, arguments);
    });
}

// Returns the sum of the rows' losses; without y that of their ridges.
double losses(const Matrix& matrix, const Table& x, const Table* y) {
    const Matrix::Parts& parts = matrix.parts();
    const Memory<double> on_device(matrix.rows());
    Pass pass(parts);
    with_storage(x.parts(), [&]<class T>(T) {
        pass.run([&](const Rows& rows, int* queue, bool heavy, const Stream& stream) {
            const LossArguments<T> arguments{
                rows, weights_of(parts), x.parts().data<T>(), y ? y->parts().data<T>() : nullptr, on_device.data(),
                queue};
            with_width<T>(x.parts().size, [&]<int V>(std::integral_constant<int, V>) {
                if (heavy) {
                    launch_rows<T, V, Pass::heavy_warps>("row_losses", row_losses<T, V, Pass::heavy_warps>, arguments,
                                                         0, stream);
                } else {
                    launch_rows<T, V, 1>("row_losses", row_losses<T, V, 1>, arguments, 0, stream);
                }
            });
        });
    });
    std::vector<double> each(static_cast<std::size_t>(matrix.rows()));
    on_device.download(each.data(), matrix.rows(), Stream());
    double sum = 0;
    for (const double loss : each) {
        sum += loss;
    }
    return sum;
}

}  // namespace

void half_epoch(const Matrix& matrix, const Table& y, const double* gram, const Solver& solver, Table& x) {
    require_alike(matrix, x, y);
    const Matrix::Parts& parts = matrix.parts();
    const std::vector<float> weighted = padded_gram(y.parts(), gram, parts.problem.unobserved_weight);
    Pass pass(parts);
    with_storage(y.parts(), [&]<class T>(T) {
        if (solver.cg_steps > 0) {
            conjugate_gradients<T>(parts, y.parts(), x.parts(), weighted, solver, pass);
        } else {
            exact<T>(parts, y.parts(), x.parts(), weighted, pass);
        }
    });
    if (pass.raised(1)) {
        throw NumericalError("a row's system of equations is not positive definite");
    }
    if (pass.raised(0)) {
        throw NumericalError("factors became infinite or NaN");
    }
}

double objective(const Matrix& matrix, const Matrix& transposed, const Table& x, const Table& y) {
    require_alike(matrix, x, y);
    require(transposed.rows() == matrix.cols() && transposed.cols() == matrix.rows(),
            "an objective needs the transpose of its matrix");
    const auto factors = static_cast<std::size_t>(x.factors());
    std::vector<double> gram_x(factors * factors), gram_y(factors * factors);
    gram(x, gram_x.data());
    gram(y, gram_y.data());
    double all = 0;
    for (std::size_t k = 0; k < gram_x.size(); ++k) {
        all += gram_x[k] * gram_y[k];
    }
    return losses(matrix, x, &y) + losses(transposed, y, nullptr) +
           static_cast<double>(matrix.parts().problem.unobserved_weight) * all;
}

}  // namespace tastemaker::cuda
