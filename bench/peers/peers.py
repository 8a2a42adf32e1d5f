"""Who is measured: one row per peer, with the environment it needs and the setting that is best for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

OURS = "tastemaker"


@dataclass(frozen=True)
class Peer:
    """One library: its pinned requirements, how it is installed, and the tasks (patterns of names) that it can do.

    ``env`` is set in its worker; ``{threads}`` stands for the number of threads of the run. ``remarks`` go beside
    the tasks that they match. ``threads``: always so many, whatever the run's.
    """

    name: str
    adapter: str
    tasks: tuple[str, ...]
    requirements: tuple[str, ...] = ()
    build_requirements: tuple[str, ...] = ()
    install_options: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    threads: int | None = None

    @property
    def label(self) -> str:
        """Name for files of this participant."""
        return self.name.replace(" ", "-")

    def does(self, task: str) -> bool:
        """Tell whether the peer can do a task."""
        return any(fnmatchcase(task, pattern) for pattern in self.tasks)

    def remark(self, task: str) -> str:
        """Return what a reader of the task's row has to know about this peer."""
        return "; ".join(text for pattern, text in self.remarks.items() if fnmatchcase(task, pattern))


_blas_threads = {"OPENBLAS_NUM_THREADS": "{threads}", "OMP_NUM_THREADS": "{threads}"}
_self_counts = "asked for K + 1: it counts the item itself"

PEERS = (
    Peer(
        OURS,
        "tastemaker",
        (
            "knn-fit/*",
            "knn-recommend/*",
            "als/*",
            "reach/*",
            "topn/*",
            "svd/*",
            "sgd/*",
            "sgd-large/*",
            "hybrid/*",
            "ranks/*",
            "predict/*",
            "bpr/*",
            "logistic-mf/*",
            "deterministic/*",
        ),
        env={"OPENBLAS_NUM_THREADS": "{threads}"},
        remarks={
            "als/cg-*": "2 preconditioned steps; the peers take 3 plain ones",
            "als/cholesky-*": "exact to float32; rows by conjugate gradients to rounding where that is cheaper",
        },
    ),
    Peer(
        "implicit",
        "implicit",
        (
            "knn-fit/*",
            "knn-recommend/*",
            "als/cg-*",
            "als/cholesky-*",
            "reach/als-*",
            "reach/plain-bpr-*",
            "topn/*",
            "bpr/*",
            "logistic-mf/*",
        ),
        ("implicit==0.7.3",),
        # its documentation's own advice: BLAS threads inside its OpenMP threads make it far slower
        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "{threads}"},
        remarks={"knn-*": _self_counts},
    ),
    Peer(
        "irspack",
        "irspack",
        ("knn-fit/cosine-*", "knn-recommend/cosine-*", "als/*", "reach/als-*"),
        ("irspack==0.5.2",),
        env=_blas_threads,
        remarks={"knn-*": _self_counts},
    ),
    Peer(
        "cmfrec",
        "cmfrec",
        ("als/cg-*", "als/cholesky-*"),
        ("cmfrec==3.5.1.post14", "threadpoolctl"),
        # its own threads call BLAS, so one thread each
        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "{threads}"},
        remarks={
            "als/*": "an epoch is a longer fit less one of one epoch",
            # found by regression on its factors after 25 epochs, where nothing moves any more
            "als/cg-*": "its CG solves other equations than its Cholesky, v + 1 and v exchanged, so another objective",
        },
    ),
    Peer(
        "buffalo",
        "buffalo",
        ("als/ials++-*", "bpr/*", "reach/plain-bpr-*"),
        ("buffalo==2.0.6",),
        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "{threads}"},
        remarks={"bpr/*": "with biases", "als/*": "its target scaled to ours; holds where every weight is 1"},
    ),
    Peer(
        "sparse_dot_topn",
        "sparse_dot_topn",
        ("knn-fit/*",),
        ("sparse_dot_topn==1.2.0",),
        env=_blas_threads,
        remarks={"knn-*": _self_counts},
    ),
    Peer(
        "faiss",
        "faiss",
        ("topn/*",),
        ("faiss-cpu==1.15.1", "scipy"),
        env=_blas_threads,
        remarks={"topn/*": "cannot remove seen items"},
    ),
    # Both: products with a sparse matrix by one thread, between them small dense ones, for which threads only wait.
    Peer("scipy svds", "scipy_svd", ("svd/*",), ("scipy", "numpy"), env={"OPENBLAS_NUM_THREADS": "1"}),
    Peer("scikit-learn", "sklearn_svd", ("svd/*",), ("scikit-learn",), env={"OPENBLAS_NUM_THREADS": "1"}),
    Peer(
        "LightFM",
        "lightfm",
        ("sgd/*", "sgd-large/*", "hybrid/*", "ranks/*", "predict/*", "reach/warp-*", "reach/bpr-*"),
        ("lightfm==1.17",),
        # An sdist whose generated C needs an old numpy and whose setup.py needs pip and setuptools of its time.
        build_requirements=("pip<25.3", "setuptools<81", "wheel", "numpy<2", "scipy<1.14"),
        install_options=("--no-use-pep517", "--no-build-isolation"),
        env=_blas_threads,
        remarks={
            "sgd/*": "Hogwild: not the same result twice",
            "predict/*": "a loop over predict, as its users write it; timed on a sample of the users, scaled up",
        },
    ),
)

# Ours beside itself, for what the threads of a run gain (`--scaling`).
ONE_THREAD = replace(PEERS[0], name="1 thread", threads=1)
