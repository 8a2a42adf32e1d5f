// Lists of the best items.
#include "cuda/tables.cuh"
#include "cuda/topn.cuh"

namespace tastemaker::cuda {

static_assert(most_recommendations == topn_most);

void topn(const Table& queries, const Table& items, const CsrView* seen, index_t n, index_t* ids, float* scores) {
    require(n >= 1 && n <= most_recommendations, "a device lists 1 to 1024 items");
    require(queries.factors() == items.factors() && queries.storage() == items.storage(),
            "queries and items must be alike");
    require(items.rows() <= std::numeric_limits<index_t>::max(), "more than 2^31 - 1 items");
    require(!seen || seen->rows == queries.rows(), "one row of seen items per query");
    const Stream stream;
    const Memory<std::int64_t> indptr(seen ? seen->rows + offset_t{1} : 0);
    const Memory<std::int32_t> indices(seen ? seen->nnz() : 0);
    if (seen) {
        indptr.upload(seen->indptr, indptr.size(), stream);
        indices.upload(seen->indices, indices.size(), stream);
    }
    const Memory<std::int32_t> device_ids(checked_mul(queries.rows(), n));
    const Memory<float> device_scores(device_ids.size());
    with_storage(items.parts(), [&]<class T>(T) {
        const TopnArguments<T> arguments{queries.parts().data<T>(),
                                         items.parts().data<T>(),
                                         static_cast<int>(items.rows()),
                                         indptr.data(),
                                         indices.data(),
                                         n,
                                         device_ids.data(),
                                         device_scores.data()};
        with_width<T>(items.parts().size, [&]<int V>(std::integral_constant<int, V>) {
            launch("best_items", best_items<T, V>, {queries.rows(), topn_threads, topn_shared_bytes}, stream,
                   arguments);
        });
    });
    device_ids.download(ids, device_ids.size(), stream);
    device_scores.download(scores, device_scores.size(), stream);
}

}  // namespace tastemaker::cuda
