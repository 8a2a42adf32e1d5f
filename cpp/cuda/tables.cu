// Tables and matrices on the device.
#include <algorithm>
#include <numeric>

#include "cuda/convert.cuh"
#include "cuda/gram.cuh"
#include "cuda/rotate.cuh"
#include "cuda/tables.cuh"

namespace tastemaker::cuda {
namespace {

constexpr offset_t slab_floats = 4 * 1024 * 1024;  // on the way between host and device
constexpr index_t heavy_entries = 512;

int padded_size(index_t factors) {
    require(factors >= 1 && factors <= most_factors, "a table on the device has 1 to 1024 factors");
    int size = 32;
    while (size < factors) {
        size *= 2;
    }
    return size;
}

Table::Parts make_table(offset_t rows, index_t factors, Storage storage) {
    const int size = padded_size(factors);
    const offset_t n = checked_mul(rows, size);
    Table::Parts parts{rows, factors, size, {}};
    switch (storage) {
        case Storage::float32:
            parts.memory = Memory<float>(n);
            break;
        case Storage::float16:
            parts.memory = Memory<Float16>(n);
            break;
        case Storage::bfloat16:
            parts.memory = Memory<Bfloat16>(n);
            break;
    }
    return parts;
}

// Calls fn(first row, rows) for slabs of the table.
template <class Fn>
void for_slabs(const Table::Parts& table, Fn fn) {
    const offset_t most = std::max<offset_t>(slab_floats / table.factors, 1);
    for (offset_t first = 0; first < table.rows; first += most) {
        fn(first, std::min(most, table.rows - first));
    }
}

// Cuts rows into blocks of at most `most` entries; a longer row is a block of its own.
std::vector<RowBlock> cut(const CsrView& csr, offset_t most) {
    std::vector<RowBlock> blocks;
    for (index_t begin = 0; begin < csr.rows;) {
        index_t end = begin + 1;
        while (end < csr.rows && csr.indptr[end + 1] - csr.indptr[begin] <= most) {
            ++end;
        }
        blocks.push_back({csr.indptr[begin], csr.indptr[end] - csr.indptr[begin], begin, end - begin, 0});
        begin = end;
    }
    return blocks;
}

std::vector<std::int32_t> longest_first(const CsrView& csr, std::vector<RowBlock>& blocks) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(csr.rows));
    std::iota(order.begin(), order.end(), 0);
    for (RowBlock& block : blocks) {
        const auto begin = order.begin() + block.begin, end = begin + block.count;
        std::stable_sort(begin, end, [&](index_t a, index_t b) { return csr.length(a) > csr.length(b); });
        block.heavy = static_cast<index_t>(
            std::find_if(begin, end, [&](index_t u) { return csr.length(u) <= heavy_entries; }) - begin);
    }
    return order;
}

}  // namespace

Table::Table(offset_t rows, index_t factors, Storage storage)
    : parts_(std::make_unique<Parts>(make_table(rows, factors, storage))) {}
Table::~Table() = default;
Table::Table(Table&&) noexcept = default;

offset_t Table::rows() const {
    return parts_->rows;
}
index_t Table::factors() const {
    return parts_->factors;
}
Storage Table::storage() const {
    return static_cast<Storage>(parts_->memory.index());
}

void Table::upload(const MatrixView<const float>& from) {
    require(from.rows == rows() && from.cols == factors(), "a table and its upload must have the same shape");
    const Stream stream;
    const Memory<float> slab(std::min(slab_floats, checked_mul(rows(), factors())) + factors());
    std::vector<float> dense;
    for_slabs(*parts_, [&](offset_t first, offset_t n) {
        dense.resize(static_cast<std::size_t>(n * factors()));
        for (offset_t i = 0; i < n; ++i) {
            std::copy_n(from.row(first + i), factors(), dense.data() + i * factors());
        }
        slab.upload(dense.data(), n * factors(), stream);
        with_storage(*parts_, [&]<class T>(T) {
            launch("pack", pack<T>, {blocks_for(n * parts_->size, 256), 256}, stream, slab.data(), n, factors(),
                   parts_->size, parts_->data<T>() + first * parts_->size);
        });
        stream.wait();
    });
}

void Table::download(const MatrixView<float>& to) const {
    require(to.rows == rows() && to.cols == factors(), "a table and its download must have the same shape");
    const Stream stream;
    const Memory<float> slab(std::min(slab_floats, checked_mul(rows(), factors())) + factors());
    std::vector<float> dense;
    for_slabs(*parts_, [&](offset_t first, offset_t n) {
        with_storage(*parts_, [&]<class T>(T) {
            launch("unpack", unpack<T>, {blocks_for(n * factors(), 256), 256}, stream,
                   static_cast<const T*>(parts_->data<T>() + first * parts_->size), n, factors(), parts_->size,
                   slab.data());
        });
        dense.resize(static_cast<std::size_t>(n * factors()));
        slab.download(dense.data(), n * factors(), stream);
        for (offset_t i = 0; i < n; ++i) {
            std::copy_n(dense.data() + i * factors(), factors(), to.row(first + i));
        }
    });
}

Matrix::Matrix(const CsrView& csr, const als::Problem& problem, offset_t budget)
    : parts_(std::make_unique<Parts>(Parts{csr, problem, {}, {}, {}, {}, {}, {}})) {
    const offset_t entry_bytes = csr.values ? 8 : 4;
    const bool resident = csr.nnz() <= budget / entry_bytes;
    parts_->blocks = cut(csr, resident ? csr.nnz() : std::max<offset_t>(budget / 2 / entry_bytes, 1));
    const std::vector<std::int32_t> order = longest_first(csr, parts_->blocks);
    std::vector<float> ridges(static_cast<std::size_t>(csr.rows));
    for (index_t u = 0; u < csr.rows; ++u) {
        ridges[static_cast<std::size_t>(u)] = problem.ridge(csr.length(u), csr.cols);
    }
    const Stream stream;
    const auto put = [&]<class T>(Memory<T>& memory, const T* from, offset_t n) {
        memory = Memory<T>(n);
        memory.upload(from, n, stream);
    };
    put(parts_->indptr, csr.indptr, csr.rows + offset_t{1});
    put(parts_->order, order.data(), csr.rows);
    put(parts_->ridges, ridges.data(), csr.rows);
    if (parts_->blocks.size() <= 1) {
        put(parts_->indices, csr.indices, csr.nnz());
        if (csr.values) {
            put(parts_->values, csr.values, csr.nnz());
        }
    }
    stream.wait();
}
Matrix::~Matrix() = default;
Matrix::Matrix(Matrix&&) noexcept = default;

index_t Matrix::rows() const {
    return parts_->csr.rows;
}
index_t Matrix::cols() const {
    return parts_->csr.cols;
}
offset_t Matrix::blocks() const {
    return static_cast<offset_t>(parts_->blocks.size());
}

void gram(const Table& y, double* out) {
    constexpr offset_t parts_memory = 64 * 1024 * 1024;
    const Table::Parts& table = y.parts();
    const offset_t area = checked_mul(table.size, table.size);
    const offset_t chunks = std::clamp<offset_t>(parts_memory / (8 * area), 1,
                                                 std::clamp<offset_t>(blocks_for(y.rows(), gram_exact), 1, 256));
    const Stream stream;
    const Memory<double> parts(chunks * area);
    const Memory<double> sum(area);
    with_storage(table, [&]<class T>(T) {
        const GramArguments<T> arguments{table.data<T>(), y.rows(), table.size, static_cast<int>(chunks), parts.data()};
        const auto run = [&]<int edge>(std::integral_constant<int, edge>) {
            const offset_t tiles = table.size / edge;
            launch("gram", gram_parts<T, edge>,
                   {tiles * (tiles + 1) / 2 * chunks, GramTile<T, edge>::threads, GramTile<T, edge>::shared_bytes},
                   stream, arguments);
            launch("gram_sum", gram_sum<edge>, {blocks_for(area, 256), 256}, stream,
                   static_cast<const double*>(parts.data()), static_cast<int>(chunks), table.size, sum.data());
        };
        if (table.size == 32) {
            run(std::integral_constant<int, 32>{});
        } else {
            run(std::integral_constant<int, 64>{});
        }
    });
    std::vector<double> padded(static_cast<std::size_t>(area));
    sum.download(padded.data(), area, stream);
    for (offset_t i = 0; i < y.factors(); ++i) {
        std::copy_n(padded.data() + i * table.size, y.factors(), out + i * y.factors());
    }
}

void rotate(const Table& y, const float* axes, Table& out) {
    const Table::Parts& table = y.parts();
    require(out.rows() == y.rows() && out.factors() == y.factors() && out.storage() == y.storage(),
            "factors and their rotation must be alike");
    const Stream stream;
    std::vector<float> padded(static_cast<std::size_t>(table.size) * static_cast<std::size_t>(table.size));
    for (offset_t i = 0; i < y.factors(); ++i) {
        std::copy_n(axes + i * y.factors(), y.factors(), padded.data() + i * table.size);
    }
    const Memory<float> device_axes(static_cast<offset_t>(padded.size()));
    device_axes.upload(padded.data(), device_axes.size(), stream);
    with_storage(table, [&]<class T>(T) {
        const int rows = rotate_rows(table.size);
        launch("rotate", rotate<T>, {blocks_for(y.rows(), rows), 256, offset_t{rows} * table.size * 4}, stream,
               static_cast<const T*>(table.data<T>()), y.rows(), table.size,
               static_cast<const float*>(device_axes.data()), out.parts().data<T>());
    });
    stream.wait();
}

}  // namespace tastemaker::cuda
